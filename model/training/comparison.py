"""Two models side by side, on the rows that each was judged by, which its artifact keeps."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from model.arrays import Floats, Labels, Matrix
from model.artifact import read_artifact
from model.manifest import JUDGED_NAME
from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import Choice
from model.problem.rows import as_json, as_text
from model.problem.table import Columns
from model.training.evaluation import losses, mean_interval

MAX_ROWS = 2_000
"""The most rows that are kept; as many as a bootstrap resample has, so more would not narrow an interval."""


class Loss(msgspec.Struct, frozen=True):
    """A mean log loss, or a difference of two, in nats, with the ends of its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, losses: Floats) -> "Loss":
        """Estimate the mean of one loss for each row."""
        return cls(float(losses.mean()), *mean_interval(losses))


class Compared(msgspec.Struct, frozen=True):
    """Two models on the rows that the model ``judged`` was judged by.

    The interval of the difference, new less old, is the narrowest, because both answer the same rows.
    """

    judged: str
    rows: int
    new: Loss
    old: Loss
    difference: Loss


class Comparison(msgspec.Struct, frozen=True):
    """Two models, how many rows each is from, and how they do on the rows that each was judged by."""

    new_version: str
    new_rows: int
    old_version: str
    old_rows: int
    sets: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A model, and the rows that it was judged by."""

    predictor: Predictor
    matrix: Matrix
    labels: Labels


def judged_csv(problem: Problem, matrix: Matrix, labels: Labels) -> bytes:
    """Write rows as a CSV like one to train with; evenly spaced ones if there are more than ``MAX_ROWS``."""
    taken = np.unique(np.linspace(0, len(labels) - 1, MAX_ROWS).astype(int))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*(feature.column_name for feature in problem.features), problem.target.name])
    for numbers, label in zip(matrix[taken], labels[taken].tolist(), strict=True):
        row = as_json(problem.features, numbers.tolist()).values()
        texts = ["" if value is None else as_text(value) for value in row]
        table.writerow([*texts, problem.classes[label].key])
    return text.getvalue().encode()


def read_judged_model(folder: Path) -> Judged:
    """Read a model and the rows that ``judged_csv`` has written for it; none where that file is left out.

    Raises:
        ArtifactError: Another file is missing, one is damaged, or the model can't be served.
    """
    artifact = read_artifact(folder)
    predictor = Predictor.of(artifact.manifest, artifact.model, folder)
    if JUDGED_NAME not in artifact.documents:
        return Judged(predictor, np.empty((0, len(predictor.problem.features))), np.empty(0, dtype=np.int64))
    header, *rows = csv.reader(io.StringIO(artifact.documents[JUDGED_NAME].decode()))
    matrix, _ = Columns(predictor.problem, header).read(list(zip(*rows, strict=True)))
    index = {key: index for index, key in enumerate(predictor.problem.by_key)}
    return Judged(predictor, matrix, np.array([index[row[-1]] for row in rows], dtype=np.int64))


def compare(new: Judged, old: Judged) -> Comparison | None:
    """Compare two models on the rows there are; return None if they have other features or classes.

    A model that was trained on the other's file, or when that was shorter, was fitted to almost none of the
    rows that the other one was judged by (see ``shuffled_ranks``).
    """
    if _compared(new.predictor.problem) != _compared(old.predictor.problem):
        return None
    sets = []
    for judged in filter(lambda model: len(model.labels), (new, old)):
        ours, theirs = (
            losses(judged.labels, model.predictor.predict_many(judged.matrix).probabilities)
            for model in (new, old)
        )
        version, rows = judged.predictor.model_version, len(ours)
        sets.append(Compared(version, rows, Loss.of(ours), Loss.of(theirs), Loss.of(ours - theirs)))
    new_rows, old_rows = (sum(model.predictor.manifest.data.rows.values()) for model in (new, old))
    return Comparison(
        new.predictor.model_version, new_rows, old.predictor.model_version, old_rows, tuple(sets)
    )


def _compared(problem: Problem) -> list[object]:
    """Return what must be equal for two models to answer the same rows in the same columns."""
    codes = [list(feature.choices) if isinstance(feature, Choice) else [] for feature in problem.features]
    return [*problem.by_key, *(feature.column_name for feature in problem.features), *codes]
