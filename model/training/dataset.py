"""Anyone's households: read from a CSV file, and checked to the last line before anything is fitted."""

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
from model.training.data_faults import Problems
from model.training.progress import Progress, unheard
from model.training.simulation import simulated_csv

MIN_HOUSEHOLDS = 30
"""The fewest households of a breed that can be split, fitted and judged."""

_SIZE_COLUMNS = {"home_size_sqft": 1.0, "home_size_m2": SQFT_PER_M2}
"""The columns that a size may stand in, and what makes square feet of it."""

_SEPARATORS = ",;\t"
_GZIP = b"\x1f\x8b"
_ROWS_AT_ONCE = 20_000


class DatasetError(Exception):
    """The data cannot be trained on; each line of the message is a sentence that says what to mend."""


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
    table = _Table(path)
    size_at, breed_at = table.column(*_SIZE_COLUMNS), table.column("breed")
    factor = _SIZE_COLUMNS[table.header[size_at]]
    problems = Problems(path)
    parts = []
    for rows, share in table.rows():
        keys = rows[breed_at].str.strip()
        sizes = pd.to_numeric(rows[size_at], errors="coerce") * factor
        problems.check_keys(keys, breeds)
        problems.check_sizes(rows[size_at], sizes, factor)
        parts.append(pd.DataFrame({"size": sizes, "breed": keys}))
        progress("Reading", share)
    households = pd.concat(parts)
    if not problems:  # or a breed might be called rare whose lines are only wrong
        problems.check_households(households["breed"], MIN_HOUSEHOLDS)
    if problems:
        raise DatasetError("\n".join(problems.sentences()))

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
        warnings=tuple(f"In {path}, {warning}" for warning in _warnings(households, table.spanned)),
    )


def new_breeds(path: Path, breeds: Mapping[str, Breed]) -> list[str]:
    """The breeds of a CSV file that are not in the catalogue, in the order in which they first occur.

    Raises:
        DatasetError: The file cannot be read as a table, or has no or several columns ``breed``.
    """
    table = _Table(path)
    at = table.column("breed")
    found = pd.concat([rows[at].str.strip() for rows, _ in table.rows()]).unique()
    return [key for key in found if key and key not in breeds]


class _Table:
    """A CSV file in UTF-8, plain or gzip, separated by commas, semicolons or tabs, with a header.

    Attributes:
        sha256: Of the file's bytes, in hexadecimal.
        header: The columns' names.
        spanned: The lines on which the rows that span several begin, so far as rows have been read.

    Raises:
        DatasetError: It cannot be read, is not UTF-8, a damaged gzip file, or empty.
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
        self.spanned: list[int] = []
        header, _ = next(self._read(None, 1))
        self.header = [name.strip() for name in header.iloc[0]]

    def column(self, *names: str) -> int:
        """The position of the one column that has one of ``names``.

        Raises:
            DatasetError: None has, or several have.
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

    def rows(self) -> Iterator[tuple[pd.DataFrame, float]]:
        """The rows below the header without blank ones, some at a time, and the share of the file read.

        Cells are text; those that a short row lacks are empty. Columns are positions, and the index is the
        line that a row begins on.

        Raises:
            DatasetError: The file is not UTF-8, a row has more cells than the header, or a quotation mark
                is missing. The line it names counts a row before it as one, though it span several.
        """
        breaks = 0
        for rows, share in self._read(range(len(self.header)), _ROWS_AT_ONCE):
            rows.index += 1 + breaks
            if b'"' in self._content:  # a quoted cell may span lines
                within = rows.apply(lambda cells: cells.str.count(r"\r\n?|\n")).sum(axis=1).to_numpy()
                rows.index += within.cumsum() - within
                breaks += int(within.sum())
                self.spanned += rows.index[within > 0].tolist()
            yield rows[(rows.index > 1) & (rows != "").any(axis=1)], share

    def _read(self, columns: range | None, at_once: int) -> Iterator[tuple[pd.DataFrame, float]]:
        buffer = io.BytesIO(self._content)
        try:
            with pd.read_csv(
                buffer,
                sep=self._separator,
                encoding="utf-8-sig",
                header=None,  # the header is a row like the others: pandas would rename doubled columns
                names=columns,
                index_col=False,
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
                chunksize=at_once,
            ) as chunks:
                for chunk in chunks:
                    yield chunk, buffer.tell() / len(self._content)
        except UnicodeDecodeError as error:
            raise DatasetError(f"{self._path} is not UTF-8 text; save it as CSV in UTF-8.") from error
        except pd.errors.ParserError as error:
            if found := re.search(r"in line (\d+), saw (\d+)", str(error)):
                problem = f"line {found[1]} has {found[2]} cells: the header has {len(self.header)} columns."
                raise DatasetError(f"In {self._path}, {problem}") from error
            found = re.search(r"at row (\d+)", str(error))  # "EOF inside string starting at row 61"
            problem = f" from line {int(found[1]) + 1} on: unexpected end of data." if found else "."
            raise DatasetError(f"{self._path} is not a table{problem}") from error


def _warnings(households: pd.DataFrame, spanned: Sequence[int]) -> Iterator[str]:
    """Warn of rows that swallowed others, and of households that are copies of one another.

    Rounded sizes make equal households, but numbers of them that are odd as often as even. Where more than
    nine in ten of those numbers are even, or multiples of three, the file was joined twice, or three times.
    """
    if spanned:
        yield (
            f"{len(spanned):,} row(s) span several lines, the first from line {spanned[0]} on; is a "
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
