"""Anyone's households: read from a CSV file, and checked to the last line before anything is fitted."""

import hashlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.breeds import Breed
from model.home_size import MAX_SQFT, MIN_SQFT, SQFT_PER_M2
from model.problems import Problems
from model.progress import Progress, unheard
from model.simulation import simulated_csv
from model.table import CsvFile, DatasetError

MIN_HOUSEHOLDS = 30
"""The fewest households of a breed that can be split, fitted and judged."""

_SIZE_COLUMNS = {"home_size_sqft": 1.0, "home_size_m2": SQFT_PER_M2}
"""The columns that a size may stand in, and what makes square feet of it."""

_LINES_A_REPORT = 20_000


@dataclass(frozen=True, slots=True)
class Homes:
    """Checked households and the file they came from.

    Attributes:
        sizes: Home sizes in square feet, within the limits, shape ``(n,)``.
        labels: Index of each household's breed in ``breeds``, shape ``(n,)``.
        breeds: The breeds that occur, the lightest first.
        file: The file's name, without its folder.
        sha256: Of the file's bytes, in hexadecimal.
        simulated: Whether the file is the one that we simulate, whose densities are known.
        warnings: What looks wrong with the data and need not be; a sentence each.
    """

    sizes: NDArray[np.float64]
    labels: NDArray[np.int64]
    breeds: tuple[Breed, ...]
    file: str
    sha256: str
    simulated: bool
    warnings: tuple[str, ...]


def read_homes(path: Path, breeds: Mapping[str, Breed], progress: Progress = unheard) -> Homes:
    """Read households from a CSV file and check every one.

    Args:
        path: A CSV file in UTF-8, plain or gzip, separated by commas, semicolons or tabs, with a header:
            ``home_size_sqft`` or ``home_size_m2``, and ``breed``. Other columns and blank lines are passed
            over.
        breeds: The catalogue, by key.
        progress: Is told of the stage "Reading".

    Returns:
        The households in the order of the file.

    Raises:
        DatasetError: The file cannot be read as such a table; a column is missing or doubled; a size is not a
            number between ``MIN_SQFT`` and ``MAX_SQFT``; a breed is not in the catalogue; there are fewer
            than two breeds, or fewer than ``MIN_HOUSEHOLDS`` households of one.
    """
    file = CsvFile(path)
    problems = Problems(path)
    sizes, keys, lines = _households(file, breeds, problems, progress)
    if not problems:  # or a breed might be called rare whose lines are only wrong
        problems.check_breeds(MIN_HOUSEHOLDS)
    if problems:
        raise DatasetError("\n".join(problems.sentences()))

    order = list(breeds.values())
    found = sorted(set(keys), key=lambda at: (order[at].weight_kg.middle, order[at].key))
    label_of = np.zeros(len(order), dtype=np.int64)
    label_of[found] = np.arange(len(found))
    labels = label_of[np.array(keys)]
    return Homes(
        sizes=np.array(sizes),
        labels=labels,
        breeds=tuple(order[at] for at in found),
        file=path.name,
        sha256=file.sha256,
        simulated=file.sha256 == hashlib.sha256(simulated_csv()).hexdigest(),
        warnings=_copies(path, np.array(sizes), labels, np.array(lines)),
    )


def new_breeds(path: Path, breeds: Mapping[str, Breed]) -> list[str]:
    """The breeds of a CSV file that are not in the catalogue, in the order in which they first occur.

    Raises:
        DatasetError: The file cannot be read as a table, or has no or several columns ``breed``.
    """
    file = CsvFile(path)
    at = file.column("breed")
    found = dict.fromkeys(cells[at].strip() for _, cells in file.rows())
    return [key for key in found if key and key not in breeds]


def _households(
    file: CsvFile, breeds: Mapping[str, Breed], problems: Problems, progress: Progress
) -> "tuple[array[float], array[int], array[int]]":
    """Each household's size in square feet, its breed's position in the catalogue, and its line."""
    size_at, breed_at = file.column(*_SIZE_COLUMNS), file.column("breed")
    factor = _SIZE_COLUMNS[file.header[size_at]]
    positions = {key: position for position, key in enumerate(breeds)}
    sizes: array[float] = array("d")
    keys: array[int] = array("q")
    lines: array[int] = array("q")
    for done, (line, cells) in enumerate(file.rows()):
        if done % _LINES_A_REPORT == 0:
            progress("Reading", file.position)
        if len(cells) > len(file.header):
            problems.note_cells(line, len(cells), len(file.header))
            continue
        key = cells[breed_at].strip()
        position = positions.get(key)
        if position is None:
            problems.note_breed(line, key, breeds)
        size = _number(cells[size_at]) * factor
        if not MIN_SQFT <= size <= MAX_SQFT:
            problems.note_size(line, cells[size_at], size, factor)
        if position is not None:
            problems.remember(key, line)
            sizes.append(size)
            keys.append(position)
            lines.append(line)
    progress("Reading", 1.0)
    return sizes, keys, lines


def _number(text: str) -> float:
    """The number that a text is, or NaN; ``1_000``, a number to Python, is none to others."""
    try:
        return float("nan" if "_" in text else text)
    except ValueError:
        return float("nan")


def _copies(
    path: Path, sizes: NDArray[np.float64], labels: NDArray[np.int64], lines: NDArray[np.int64]
) -> tuple[str, ...]:
    """Warn of households that are copies of one another.

    If homes are independent, the number of times that one size and breed occurs is a Poisson variable,
    whatever its mean. For no mean are k occurrences likelier than k - 1 and k + 1 together (that would take
    a root of m² - (k + 1) m + k (k + 1), which has none), so for no mixture of means either: rounded sizes
    and very large files included. Files that were joined twice do show it.
    """
    # Pairs as complex numbers: ten times faster than as columns.
    _, first, which, occurrences = np.unique(
        sizes + 1j * labels, return_index=True, return_inverse=True, return_counts=True
    )

    def example(copies: int) -> str:
        groups = np.flatnonzero(occurrences == copies)
        group = groups[first[groups].argmin()]
        return ", ".join(map(str, lines[which == group][:3]))

    times = np.bincount(occurrences, minlength=6).astype(float)
    for copies in (2, 3, 4):
        neighbours = times[copies - 1] + times[copies + 1]
        # Three standard deviations beyond chance.
        if times[copies] - neighbours > 3 * (times[copies] + neighbours) ** 0.5:
            warning = (
                f"In {path}, {times[copies]:,.0f} households occur exactly {copies} times each (one in "
                f"lines {example(copies)}), more than chance makes of independent homes; was the same file "
                "joined more than once?"
            )
            return (warning,)
    if occurrences.max() > max(MIN_HOUSEHOLDS, len(sizes) / 5):
        warning = (
            f"In {path}, one household occurs {occurrences.max():,} times with the same size and breed "
            f"(lines {example(occurrences.max())}, ...); was it copied?"
        )
        return (warning,)
    return ()
