"""Reading households from a CSV file, and checking every line before anything is fitted."""

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model.breeds import Breed
from model.home_size import SQFT_PER_M2
from model.training.data_faults import DataFaults
from model.training.simulation import simulated_csv

MIN_HOUSEHOLDS = 30
"""The fewest households of a breed that can be split, fitted and judged."""

_SIZE_COLUMNS = {"home_size_sqft": 1.0, "home_size_m2": SQFT_PER_M2}
"""The columns that a size may be in, and the factor from its unit to square feet."""

_SEPARATORS = ",;\t"
_GZIP = b"\x1f\x8b"
_ROWS_AT_ONCE = 20_000


class DatasetError(Exception):
    """The data cannot be trained on; each line of the message is a sentence that says what to correct."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Checked households and the file that they were read from.

    Attributes:
        sizes: Home sizes in square feet, within the limits, shape ``(n,)``.
        labels: Index of each household's breed in ``breeds``, shape ``(n,)``.
        breeds: The breeds that occur, the lightest first.
        file: The file's name, without its folder.
        sha256: The sha256 of the file's bytes, in hexadecimal.
        simulated: Whether the file is ``model/homes.csv`` as ``simulation`` writes it, so that the densities
            are known.
        warnings: Likely mistakes in the data that do not prevent training, one sentence each.
    """

    sizes: NDArray[np.float64]
    labels: NDArray[np.int64]
    breeds: tuple[Breed, ...]
    file: str
    sha256: str
    simulated: bool
    warnings: tuple[str, ...]


def read_homes(path: Path, breeds: Mapping[str, Breed]) -> Homes:
    """Read households from a CSV file and check every one.

    Args:
        path: A CSV file in UTF-8, plain or gzip, separated by commas, semicolons or tabs, with a header:
            ``home_size_sqft`` or ``home_size_m2``, and ``breed``. Other columns and blank lines are
            ignored.
        breeds: The catalogue, by key.

    Returns:
        The households in the order of the file.

    Raises:
        DatasetError: The file cannot be read as such a table; a column is missing or repeated; a size is not
            a number between ``MIN_SQFT`` and ``MAX_SQFT``; a breed is not in the catalogue; there are fewer
            than two breeds, or fewer than ``MIN_HOUSEHOLDS`` households of one.
    """
    table = _Table(path)
    size_at, breed_at = table.column(*_SIZE_COLUMNS), table.column("breed")
    factor = _SIZE_COLUMNS[table.header[size_at]]
    faults = DataFaults(path)
    parts = []
    for rows in table.rows():
        keys = rows[breed_at].str.strip()
        sizes = pd.to_numeric(rows[size_at], errors="coerce") * factor
        faults.check_keys(keys, breeds)
        faults.check_sizes(rows[size_at], sizes, factor)
        parts.append(pd.DataFrame({"size": sizes, "breed": keys}))
    households = pd.concat(parts)
    if not faults:  # lines with faults could make a breed look rare
        faults.check_households(households["breed"], MIN_HOUSEHOLDS)
    if faults:
        raise DatasetError("\n".join(faults.sentences()))

    found = sorted(
        (breeds[key] for key in households["breed"].unique()),
        key=lambda breed: (breed.weight_kg.middle, breed.key),
    )
    labels = pd.Categorical(households["breed"], categories=[breed.key for breed in found]).codes
    return Homes(
        sizes=households["size"].to_numpy(np.float64, copy=True),
        labels=labels.astype(np.int64),
        breeds=tuple(found),
        file=path.name,
        sha256=table.sha256,
        simulated=table.sha256 == hashlib.sha256(simulated_csv()).hexdigest(),
        warnings=tuple(f"In {path}, {warning}" for warning in _warnings(households, table.multiline)),
    )


def new_breeds(path: Path, breeds: Mapping[str, Breed]) -> list[str]:
    """Return the breeds of a CSV file that the catalogue lacks, in the order in which they first occur.

    Raises:
        DatasetError: The file cannot be read as a table, or does not have exactly one column ``breed``.
    """
    table = _Table(path)
    at = table.column("breed")
    found = pd.concat([rows[at].str.strip() for rows in table.rows()]).unique()
    return [key for key in found if key and key not in breeds]


class _Table:
    """A CSV file in UTF-8, plain or gzip, separated by commas, semicolons or tabs, with a header.

    Attributes:
        sha256: The sha256 of the file's bytes, in hexadecimal.
        header: The columns' names.
        multiline: The line on which each row that spans several lines begins, of the rows read so far.

    Raises:
        DatasetError: The file cannot be read, is not UTF-8, is damaged gzip, or begins with an empty line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            raw = path.read_bytes()
            self._content = gzip.decompress(raw) if raw.startswith(_GZIP) else raw
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DatasetError(f"{path} is a damaged gzip file; compress it again.") from error
        except OSError as error:
            raise DatasetError(f"Cannot read {path}: {error.strerror}.") from error
        self.sha256 = hashlib.sha256(raw).hexdigest()
        first = self._content.removeprefix(codecs.BOM_UTF8).partition(b"\n")[0]
        if not first.strip():
            raise DatasetError(f"{path} is empty or begins with an empty line; it must begin with a header.")
        self._separator = max(_SEPARATORS, key=lambda separator: first.count(separator.encode()))
        self.multiline: list[int] = []
        self.header = [name.strip() for name in next(self._read(None, 1)).iloc[0]]

    def column(self, *names: str) -> int:
        """Return the position of the only column whose name is among ``names``.

        Raises:
            DatasetError: There is no such column, or several.
        """
        found = [name for name in self.header if name in names]
        if not found:
            raise DatasetError(
                f"{self._path} has no column {' or '.join(names)}; its first line must name its columns, and "
                f"has {', '.join(self.header)[:80]!r}."
            )
        if len(found) > 1:
            raise DatasetError(
                f"{self._path} has {len(found)} columns {' and '.join(found)} in line 1; keep one."
            )
        return self.header.index(found[0])

    def rows(self) -> Iterator[pd.DataFrame]:
        """Yield the rows below the header, without blank ones, in tables of ``_ROWS_AT_ONCE`` rows or fewer.

        Cells are text, empty where a row is too short. Columns are named by their positions, and the index is
        the line on which each row begins.

        Raises:
            DatasetError: The file is not UTF-8, a row has more cells than the header, or a quotation mark
                is missing. The line in the message counts each row before it as one line, even if it spans
                several.
        """
        breaks_before = 0
        for rows in self._read(range(len(self.header)), _ROWS_AT_ONCE):
            rows.index += 1 + breaks_before
            if b'"' in self._content:  # a quoted cell may span lines
                breaks = rows.apply(lambda cells: cells.str.count(r"\r\n?|\n")).sum(axis=1).to_numpy()
                rows.index += breaks.cumsum() - breaks
                breaks_before += int(breaks.sum())
                self.multiline += rows.index[breaks > 0].tolist()
            yield rows[(rows.index > 1) & (rows != "").any(axis=1)]

    def _read(self, columns: range | None, at_once: int) -> Iterator[pd.DataFrame]:
        try:
            with pd.read_csv(
                io.BytesIO(self._content),
                sep=self._separator,
                encoding="utf-8-sig",
                header=None,  # read the header as a row, because pandas would rename repeated columns
                names=columns,
                index_col=False,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
                chunksize=at_once,
            ) as chunks:
                yield from chunks
        except UnicodeDecodeError as error:
            raise DatasetError(f"{self._path} is not UTF-8 text; save it as CSV in UTF-8.") from error
        except pd.errors.ParserError as error:
            if found := re.search(r"in line (\d+), saw (\d+)", str(error)):
                problem = f"line {found[1]} has {found[2]} cells: the header has {len(self.header)} columns."
                raise DatasetError(f"In {self._path}, {problem}") from error
            found = re.search(r"at row (\d+)", str(error))  # "EOF inside string starting at row 61"
            problem = f" from line {int(found[1]) + 1} on: unexpected end of data." if found else "."
            raise DatasetError(f"{self._path} is not a table{problem}") from error


def _warnings(households: pd.DataFrame, multiline: Sequence[int]) -> Iterator[str]:
    """Yield a sentence about rows that span several lines, and one about copied households.

    Rounded sizes make some households equal, but as often an odd number of times as an even one. If more than
    nine in ten occur a multiple of two or three times, the same file was probably joined so many times.
    """
    if multiline:
        yield (
            f"{len(multiline):,} row(s) span several lines, the first from line {multiline[0]} on; is a "
            "quotation mark missing?"
        )
    times = households.value_counts()
    for copies in (2, 3):
        multiples = (times % copies == 0).sum()
        if len(times) >= MIN_HOUSEHOLDS and multiples > 0.9 * len(times):
            again = households.index[households.duplicated()][0]
            yield (
                f"{multiples:,} of {len(times):,} different households occur a multiple of {copies} times "
                f"(line {again} repeats an earlier one); was the same file joined {copies} times?"
            )
            return
    if times.iloc[0] > max(MIN_HOUSEHOLDS, len(households) / 4):
        size, breed = times.index[0]
        lines = households.index[(households["size"] == size) & (households["breed"] == breed)]
        yield (
            f"one household occurs {len(lines):,} times with the same size and breed (lines "
            f"{', '.join(map(str, lines[:3]))}, ...); was it copied?"
        )
