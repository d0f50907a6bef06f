"""Read the rows of a batch in CSV, in slices."""

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np

from model.problem.description import Problem as Description
from model.problem.features import Number
from model.problem.table import Columns, HeaderError, separator_of
from model.problem.wording import shown
from webapp.api.reading import read_text
from webapp.api.rows import Rows, row_errors
from webapp.api.schemas import MAX_ROW_BYTES
from webapp.http.problem_details import FieldError
from webapp.http.problems import Problem
from webapp.http.state import State
from webapp.http.turns import in_turns


def read_csv(body: bytes, state: State) -> Rows:
    """Read a batch, separated by commas, semicolons or tabs.

    A blank line, or a line of spaces, is a row whose values are missing, so that each answer stands in the
    row of its question. Blank lines before the header and empty lines at the end are skipped; editors leave
    them.

    Raises:
        Problem: the body is not CSV in UTF-8, lacks a column, or has too many rows.
    """
    text = read_text(body, "malformed-csv").rstrip("\r\n")
    separator = separator_of(text.lstrip().splitlines()[0] if text.strip() else "")
    table = csv.reader(_lines(text, state), strict=True, delimiter=separator)
    rows = Rows(state)
    try:
        header = next((cells for cells in table if not _is_blank(cells)), [])
        columns = _columns(header, state.problem)
        rows.ignored = [shown(name) for name in columns.others]
        for cells in in_turns(table):
            _read_slice(columns, cells, rows, len(header))
    except csv.Error as error:
        raise _malformed(table.line_num, f"is not CSV ({error}). Check its quotes.") from error
    return rows


def header_of(problem: Description) -> str:
    """Return the header of a CSV with all columns of a problem, such as "home_size,unit"."""
    names = [
        name
        for feature in problem.features
        for name in (
            feature.column_name if isinstance(feature, Number) and len(feature.units) == 1 else feature.name,
            problem.unit_members.get(feature.name, ""),
        )
        if name
    ]
    return ",".join(dict.fromkeys(names))


def _lines(text: str, state: State) -> Iterator[str]:
    """Yield the lines, and let other requests run meanwhile: one cell in quotes may span all the lines.

    Raises:
        Problem: a line is too long.
    """
    row = state.problem.row.name
    for chunk in in_turns(enumerate(io.StringIO(text, newline=""), start=1)):
        for number, line in chunk:
            if len(line) > MAX_ROW_BYTES:
                raise _malformed(number, f"is too long: a {row} takes at most {MAX_ROW_BYTES:,} characters.")
            yield line


def _malformed(line: int, wrong: str) -> Problem:
    return Problem("malformed-csv", f"Line {line} {wrong}")


def _is_blank(cells: Sequence[str]) -> bool:
    """Return whether a line is empty or has only spaces."""
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _columns(header: Sequence[str], problem: Description) -> Columns:
    known = header_of(problem)
    if not header:
        raise Problem(
            "malformed-csv",
            f"The body is empty. Send the line {known}, then one for each {problem.row.name}.",
        )
    try:
        return Columns(problem, header)
    except HeaderError as error:
        detail = f"{error} Begin with a line such as {known}."
        raise Problem(
            "invalid-request", detail, FieldError(detail, row=0, column=shown(error.column))
        ) from error


def _read_slice(columns: Columns, cells: list[list[str]], rows: Rows, width: int) -> None:
    errors: dict[int, Sequence[FieldError]] = {}
    first = len(rows) + 1
    for row, each in enumerate(cells):
        if len(each) != width:
            if not _is_blank(each):
                hint = ' A number with a comma needs quotes: "1,200".' if len(each) > width else ""
                counted = f"{len(each)} cell{'s' * (len(each) != 1)}"
                detail = f"The row has {counted}, and the header {width}.{hint}"
                errors[row] = [FieldError(detail, row=first + row)]
            cells[row] = [""] * width
    matrix, faults = columns.read(list(zip(*cells, strict=True)))
    found = {row: row_errors(wrong, first + row, "column") for row, wrong in faults.items()}
    rows.add(matrix if width else np.empty((len(cells), 0)), dict(sorted({**found, **errors}.items())))
