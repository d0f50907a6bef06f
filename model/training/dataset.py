"""Reading rows from a CSV file, and checking every one before anything is fitted."""

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from model.arrays import Integers, Labels, Matrix
from model.problem.description import Problem
from model.problem.features import Choice, FeatureError
from model.problem.table import Columns, HeaderError, separator_of
from model.problem.wording import shown
from model.training.data_faults import DataFaults
from model.training.simulation import is_simulated

MIN_ROWS = 30
"""The fewest rows of a class that can be split, fitted and judged."""

MOST_JOINED = 10
"""More rows of several lines have long texts; of more than 1,000 rows, one in a hundred."""

MAX_COLUMNS = 1_000
MAX_BYTES = 500_000_000
"""The most bytes of a file, after it is unpacked: 25 million home sizes."""

_GZIP = b"\x1f\x8b"
_OTHER_KINDS = {
    rb"PK\x03\x04.*xl/workbook": "an Excel workbook",
    rb"PK\x03\x04": "a ZIP file",
    rb"\xd0\xcf\x11\xe0": "an Excel workbook",
    rb"PAR1": "a Parquet file",
}
"""What a file is whose bytes begin so."""

_ROWS_AT_ONCE = 20_000


class DatasetError(Exception):
    """The data cannot be trained on; each line of the message is a sentence that says what to correct."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Checked rows and the file that they were read from.

    Attributes:
        problem: What is asked and answered, with the classes that occur.
        lines: The line of the file on which each row begins.
        file: The file's name, without its folder.
        sha256: The sha256 of the file's bytes, in hexadecimal.
        simulated: Whether the file is ``model/homes.csv`` as ``simulation`` writes it, so that the densities
            are known.
        warnings: Likely mistakes in the data that do not prevent training, one sentence each.
    """

    problem: Problem
    matrix: Matrix
    labels: Labels
    lines: Integers
    file: str
    sha256: str
    simulated: bool
    warnings: tuple[str, ...]


def read_dataset(path: Path, problem: Problem) -> Dataset:
    """Read rows from a CSV file and check every one.

    Args:
        path: A CSV file in UTF-8, plain or gzip, separated by commas, semicolons or tabs, with a header that
            has the problem's features and its target. Other columns and blank lines are ignored.
        problem: What is asked and answered.

    Returns:
        The rows in the order of the file.

    Raises:
        DatasetError: The file cannot be read as such a table; a column is missing or repeated; a value is not
            one that its feature takes; a class is not in the catalogue; a feature has one value only; there
            are fewer than two classes, or fewer than ``MIN_ROWS`` rows of one.
    """
    table = _Table(path)
    target = Choice(
        name=problem.target.name,
        question=problem.question,
        short=problem.target.name,
        yours=problem.target.name,
        axis=problem.target.name,
        choices={entry.key: entry.name for entry in problem.classes},
    )
    there = f"The file has {', '.join(map(shown, table.header[:20]))}."
    try:
        columns = Columns(problem, table.header, table.separator)
    except HeaderError as error:
        raise DatasetError(f"In line 1 of {path}: {error} {there}") from error
    if columns.target is None:
        raise DatasetError(f"In line 1 of {path}: The column {target.name}, the target, is missing. {there}")
    faults = DataFaults(path, problem)
    parts = [_read_rows(columns, target, rows, faults) for rows in table.rows()]
    matrix, labels, lines = map(np.concatenate, zip(*parts, strict=True))
    if not faults:  # rows with faults could make a class look rare
        faults.check_classes(labels, list(problem.by_key), lines, MIN_ROWS)
    if not faults:
        faults.check_values(matrix, [feature.name for feature in problem.features], MIN_ROWS)
    if faults:
        raise DatasetError("\n".join(faults.sentences()))
    warnings = _warnings(np.column_stack((matrix, labels)), lines, table.multiline)
    present, labels = np.unique(labels, return_inverse=True)
    return Dataset(
        problem=msgspec.structs.replace(problem, classes=tuple(problem.classes[k] for k in present)),
        matrix=matrix,
        labels=labels,
        lines=lines,
        file=path.name,
        sha256=table.sha256,
        simulated=is_simulated(problem, table.sha256),
        warnings=tuple(f"In {path}, {warning}" for warning in warnings),
    )


def _read_rows(
    columns: Columns, target: Choice, rows: pd.DataFrame, faults: DataFaults
) -> tuple[Matrix, Labels, Integers]:
    """Read some rows, and record what is wrong; return their features, their classes and their lines."""
    cells = [rows[at].tolist() for at in rows.columns]
    lines = rows.index.to_numpy()
    matrix, wrong = columns.read(cells)
    for row, found in wrong.items():
        faults.add(lines[row], found)
    keys = cells[columns.target or 0]
    labels = target.column(keys)
    if labels is None:
        labels = np.zeros(len(rows))
        for row, text in enumerate(keys):
            try:
                labels[row] = target.read(text).number
            except FeatureError as error:
                faults.add(lines[row], [error.fault])
    return matrix, labels.astype(np.int64), lines


def read_table(path: Path) -> tuple[pd.DataFrame, str]:
    """Read a CSV file as texts, by the names of its columns, and what separates its cells.

    Raises:
        DatasetError: The file cannot be read as a table.
    """
    table = _Table(path)
    return pd.concat(table.rows()).set_axis(table.header, axis="columns"), table.separator


class _Table:
    """A CSV file in UTF-8, plain or gzip, separated by commas, semicolons or tabs, with a header.

    Attributes:
        sha256: The sha256 of the file's bytes, in hexadecimal.
        header: The columns' names.
        separator: What stands between the cells of a line.
        multiline: The line on which each row that spans several lines begins, of the rows read so far.

    Raises:
        DatasetError: The file cannot be read, is too large, is of another kind, is damaged gzip, or begins
            with what is no header.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            raw = path.read_bytes()
            self._content = raw
            if raw.startswith(_GZIP):
                with gzip.open(io.BytesIO(raw)) as file:
                    self._content = file.read(MAX_BYTES + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DatasetError(f"{path} is a damaged gzip file; compress it again.") from error
        except OSError as error:
            raise DatasetError(f"Cannot read {path}: {error.strerror}.") from error
        if len(self._content) > MAX_BYTES:
            raise DatasetError(f"{path} has more than {MAX_BYTES // 10**6} MB of text; take a sample of it.")
        for start, kind in _OTHER_KINDS.items():
            if re.match(start, self._content, re.DOTALL):
                raise DatasetError(f"{path} is {kind}; save the table in it as CSV in UTF-8.")
        self.sha256 = hashlib.sha256(raw).hexdigest()
        first = self._content.removeprefix(codecs.BOM_UTF8).partition(b"\n")[0]
        if not first.strip():
            raise DatasetError(f"{path} is empty or begins with an empty line; it must begin with a header.")
        if first.lower().startswith(b"sep="):
            line = shown(first.decode(errors="replace").strip())
            raise DatasetError(f"{path} begins with Excel's line {line}; take that line out.")
        self.separator = separator_of(first.decode(errors="replace"))
        if (columns := first.count(self.separator.encode()) + 1) > MAX_COLUMNS:
            raise DatasetError(
                f"{path} has {columns:,} columns, and at most {MAX_COLUMNS:,} are read; take out those that "
                "the problem does not name."
            )
        self.multiline: list[int] = []
        self.header = [name.strip() for name in next(self._read(None, 1)).iloc[0]]

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
                sep=self.separator,
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


def _warnings(table: Matrix, lines: Integers, multiline: Sequence[int]) -> Iterator[str]:
    """Yield a sentence about a few rows that span several lines, and one about copied rows.

    Where many rows span several lines, texts are as long. A missing quotation mark joins few.

    Rounded values make some rows equal, but as often an odd number of times as an even one. If more than nine
    in ten occur a multiple of two or three times, the same file was probably joined so many times.
    """
    if 0 < len(multiline) <= max(MOST_JOINED, len(lines) / 100):
        yield (
            f"{len(multiline):,} {'row spans' if len(multiline) == 1 else 'rows span'} several lines, the "
            f"first from line {multiline[0]} on; is a quotation mark missing?"
        )
    rows = pd.DataFrame(table, index=lines)
    times = rows.value_counts(dropna=False)
    for copies in (2, 3):
        multiples = (times % copies == 0).sum()
        if len(times) >= MIN_ROWS and multiples > 0.9 * len(times):
            again = rows.index[rows.duplicated()][0]
            yield (
                f"{multiples:,} of {len(times):,} different rows occur a multiple of {copies} times "
                f"(line {again} repeats an earlier one); was the same file joined {copies} times?"
            )
            return
    if times.iloc[0] > max(MIN_ROWS, len(rows) / 4):
        most = np.array(times.index[0])
        same = lines[((table == most) | (np.isnan(table) & np.isnan(most))).all(axis=1)]
        yield (
            f"one row occurs {len(same):,} times with the same values (lines "
            f"{', '.join(map(str, same[:3]))}, ...); was it copied?"
        )
