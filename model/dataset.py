"""The households a model is trained on: simulating ours, reading and checking anyone's.

**The households we ship in ``model/homes.csv`` are simulated. They are not a survey**: nobody was asked, and
no real home or dog is in them. Each household keeps one of two breeds with equal chance, and the logarithm of
its home's size is normal, with a median of its breed's and one spread for both. The figures are ours, chosen
so that the sizes overlap (some large homes have Dachshunds). As the densities are known, so is the best
possible answer at every size, and a model can be judged against it.

``python -m model.dataset`` writes the file again, byte for byte.
"""

import hashlib
import io
import math
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.atomic import write_atomically
from model.breeds import Breed
from model.home_size import MAX_SQFT, MIN_SQFT, Unit, to_sqft

HOMES_FILE = Path(__file__).with_name("homes.csv")
HOUSEHOLDS = 6_000
SEED = 1901

MEDIAN_SQFT = {"dachshund": 1_250.0, "german_shepherd": 2_500.0}
"""The median home of each simulated breed, in square feet; both breeds are equally common."""

LOG_SPREAD = 0.4
"""Standard deviation of the natural logarithm of the home size, the same for both breeds.

With one spread, the best possible probability rises steadily with home size, and is one half at
their geometric mean, 1,768 sq ft.
"""

MIN_HOUSEHOLDS = 30
"""The fewest households of a breed that can be split, fitted and judged."""

_SIZE_COLUMNS: dict[str, Unit] = {"home_size_sqft": "sqft", "home_size_m2": "m2"}


class DatasetError(Exception):
    """The data cannot be trained on; the message is one sentence that says what to mend."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Checked households and the file they came from.

    Attributes:
        table: Columns ``home_size_sqft`` (float64, within the limits) and ``breed`` (catalogue keys).
        file: The file's name, without its folder.
        sha256: Of the file's bytes, in hexadecimal.
        simulated: Whether the file is the one that we simulate, whose densities are known.
    """

    table: pd.DataFrame
    file: str
    sha256: str
    simulated: bool


def simulate_homes(households: int = HOUSEHOLDS, seed: int = SEED) -> pd.DataFrame:
    """Simulate households; see the module's text for how, and why they are no survey.

    Only ``random.Random.random`` draws, because Python promises its sequence for a seed in every version.

    Args:
        households: How many.
        seed: The same seed gives the same households.

    Returns:
        Columns ``home_size_sqft`` (whole square feet, within the limits) and ``breed``.
    """
    draw = random.Random(seed).random  # noqa: S311 - a simulation, not a secret
    breeds = list(MEDIAN_SQFT)
    rows: list[tuple[int, str]] = []
    while len(rows) < households:
        breed = breeds[int(draw() * len(breeds))]
        size = round(math.exp(NormalDist(math.log(MEDIAN_SQFT[breed]), LOG_SPREAD).inv_cdf(draw())))
        if MIN_SQFT <= size <= MAX_SQFT:
            rows.append((size, breed))
    return pd.DataFrame(rows, columns=["home_size_sqft", "breed"])


def best_probabilities(home_sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Bayes-optimal probabilities of the simulated breeds, from their known densities.

    Args:
        home_sizes: Sizes in square feet, shape ``(n,)``.

    Returns:
        Shape ``(n, 2)``, one column a breed in the order of ``MEDIAN_SQFT``; rows sum to 1.
    """
    medians = np.log(list(MEDIAN_SQFT.values()))
    distances = (np.log(home_sizes)[:, np.newaxis] - medians) / LOG_SPREAD
    densities = np.exp(-(distances**2) / 2)
    return np.asarray(densities / densities.sum(axis=1, keepdims=True))


def simulated_csv() -> bytes:
    """The content of ``model/homes.csv``."""
    return simulate_homes().to_csv(index=False, lineterminator="\n").encode()


def read_homes(path: Path, breeds: Mapping[str, Breed]) -> Homes:
    """Read households from a CSV file and check every one.

    Args:
        path: A CSV file in UTF-8 with a header: ``home_size_sqft`` or ``home_size_m2``, and ``breed``. Other
            columns and blank lines are passed over.
        breeds: The catalogue, by key.

    Returns:
        The households in the order of the file, sizes in square feet.

    Raises:
        DatasetError: The file cannot be read as such a table; a column is missing or doubled; a size is not a
            number between ``MIN_SQFT`` and ``MAX_SQFT``; a breed is not in the catalogue; there are fewer
            than two breeds, or fewer than ``MIN_HOUSEHOLDS`` households of one.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"Cannot read {path}: {error.strerror}.") from error
    rows = _rows(path, raw)
    size_column = _only(path, rows, list(_SIZE_COLUMNS))
    breed_column = _only(path, rows, ["breed"])
    table = pd.DataFrame(
        {
            "home_size_sqft": _sizes(path, rows[size_column], _SIZE_COLUMNS[size_column]),
            "breed": _known_breeds(path, rows[breed_column], breeds),
        }
    ).reset_index(drop=True)
    _check_counts(path, table["breed"])
    return Homes(
        table=table,
        file=path.name,
        sha256=hashlib.sha256(raw).hexdigest(),
        simulated=raw == simulated_csv(),
    )


def _rows(path: Path, raw: bytes) -> pd.DataFrame:
    """The file's cells as text, under its header's names; the index is the line number."""
    try:
        # The header is read as a row like the others, because pandas would rename doubled columns.
        cells = pd.read_csv(
            io.BytesIO(raw),
            header=None,
            dtype=str,
            encoding="utf-8-sig",
            keep_default_na=False,
            skip_blank_lines=False,
        ).fillna("")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text; save it as CSV in UTF-8.") from error
    except pd.errors.EmptyDataError as error:
        raise DatasetError(
            f"{path} is empty or begins with an empty line; it must begin with a header."
        ) from error
    except pd.errors.ParserError as error:
        raise DatasetError(
            f"{path} is not a table: {str(error).rpartition('error: ')[2].strip()}."
        ) from error
    cells.index += 1
    cells.columns = pd.Index(cells.iloc[0].str.strip())
    cells = cells.iloc[1:]
    return cells[(cells != "").any(axis=1)]


def _only(path: Path, rows: pd.DataFrame, names: list[str]) -> str:
    """The one column of ``rows`` that has one of ``names``."""
    found = [name for name in rows.columns if name in names]
    wanted = " or ".join(names)
    if not found:
        raise DatasetError(f"{path} has no column {wanted}; its first line must name its columns.")
    if len(found) > 1:
        raise DatasetError(f"{path} has {len(found)} columns {' and '.join(found)}; keep one.")
    return str(found[0])


def _sizes(path: Path, column: "pd.Series[str]", unit: Unit) -> "pd.Series[float]":
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    sizes = numbers.map(lambda number: to_sqft(number, unit))
    _refuse(
        path,
        column[~sizes.between(MIN_SQFT, MAX_SQFT)],
        f"a home size must be a number between {MIN_SQFT:g} and {MAX_SQFT:,.0f} sq ft",
    )
    return sizes


def _known_breeds(path: Path, column: "pd.Series[str]", breeds: Mapping[str, Breed]) -> "pd.Series[str]":
    keys = column.str.strip()
    _refuse(
        path,
        column[~keys.isin(list(breeds))],
        f"a breed must be one of the catalogue ({', '.join(breeds)}); add others to model/breeds.toml",
    )
    return keys


def _refuse(path: Path, offenders: "pd.Series[str]", rule: str) -> None:
    """Raise a sentence that names the first offenders' lines and what they hold, if there are any."""
    if offenders.empty:
        return
    shown = ", ".join(f"line {line} has {value[:40]!r}" for line, value in offenders.head(3).items())
    more = f" and {len(offenders) - 3:,} more lines do likewise" if len(offenders) > 3 else ""
    raise DatasetError(f"In {path}, {shown}{more}: {rule}.")


def _check_counts(path: Path, breeds: "pd.Series[str]") -> None:
    counts = breeds.value_counts()
    if len(counts) < 2:
        raise DatasetError(f"{path} has households of {len(counts)} breed(s); a model needs two or more.")
    few = counts[counts < MIN_HOUSEHOLDS]
    if not few.empty:
        raise DatasetError(
            f"{path} has only {few.iloc[-1]} household(s) of {few.index[-1]}; "
            f"each breed needs {MIN_HOUSEHOLDS} or more."
        )


if __name__ == "__main__":
    write_atomically(HOMES_FILE, simulated_csv())
    sys.stdout.write(f"Wrote {HOUSEHOLDS:,} simulated households to {HOMES_FILE}.\n")
