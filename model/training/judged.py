"""The rows that a model was judged by, which its artifact keeps, so that the next is judged by them too."""

import csv
import io
from collections.abc import Sequence

import numpy as np

from model.arrays import Floats, Labels, Matrix
from model.problem.description import Problem
from model.problem.features import AnyFeature, Choice, YesNo
from model.problem.rows import as_text
from model.problem.table import Columns

MAX_ROWS = 2_000
"""The most rows that are kept; as many as a bootstrap resample has, so more would not narrow an interval."""


def judged_csv(problem: Problem, matrix: Matrix, labels: Labels) -> bytes:
    """Write rows as a CSV like one to train with; evenly spaced ones if there are more than ``MAX_ROWS``."""
    taken = np.unique(np.linspace(0, len(labels) - 1, MAX_ROWS).astype(int))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*(feature.column_name for feature in problem.features), problem.target.name])
    for numbers, label in zip(matrix[taken], labels[taken].tolist(), strict=True):
        row = as_json(problem.features, numbers).values()
        table.writerow(
            ["" if value is None else as_text(value) for value in row] + [problem.classes[label].key]
        )
    return text.getvalue().encode()


def read_judged(content: bytes, problem: Problem) -> tuple[Matrix, Labels]:
    """Read what ``judged_csv`` has written for the same problem."""
    header, *rows = csv.reader(io.StringIO(content.decode()))
    matrix, _ = Columns(problem, header).read(list(zip(*rows, strict=True)))
    keys = {key: index for index, key in enumerate(problem.by_key)}
    return matrix, np.array([keys[row[-1]] for row in rows], dtype=np.int64)


def as_json(features: Sequence[AnyFeature], numbers: Floats) -> dict[str, str | bool | int | float | None]:
    """Return the members of a row as the API takes them, in first units."""
    row: dict[str, str | bool | int | float | None] = {}
    for feature, number in zip(features, numbers.tolist(), strict=True):
        if np.isnan(number):
            row[feature.name] = None
        elif isinstance(feature, Choice):
            row[feature.name] = list(feature.choices)[int(number)]
        else:
            row[feature.name] = bool(number) if isinstance(feature, YesNo) else number
    return row
