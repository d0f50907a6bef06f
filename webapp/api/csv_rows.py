"""Read the rows of a batch in CSV, in slices, and write examples of them."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model.problem.description import Problem as Description
from model.problem.features import Fault, Number
from model.problem.rows import as_text
from model.problem.table import Columns, HeaderError, separator_of
from model.problem.wording import shown
from webapp.api.reading import read_text
from webapp.api.rows import Rows
from webapp.api.schemas import MAX_ROW_BYTES
from webapp.http.problem_details import FieldError
from webapp.http.problems import Problem
from webapp.http.turns import SLICE_ITEMS, give_turn, in_turns

_SLICE_CELLS = 50_000
_SLICE_CHARACTERS = 32 * 1024
_FIRST_LINE = re.compile(rf"\S[^\r\n]{{0,{MAX_ROW_BYTES}}}")


def read_csv(body: bytes, problem: Description) -> Rows:
    """Read a batch, separated by commas, semicolons or tabs.

    A blank line, or a line of spaces, is a row whose values are missing, so that each answer stands in the
    row of its question. Blank lines before the header and empty lines at the end are skipped; editors leave
    them.

    Raises:
        Problem: the body is not CSV in UTF-8, lacks a column, or has too many rows.
    """
    text = read_text(body.rstrip(b"\r\n"), "malformed-csv")
    first = _FIRST_LINE.search(text)
    separator = separator_of(first[0] if first else "")
    table = csv.reader(_lines(text, problem.row.name), strict=True, delimiter=separator)
    rows = Rows(problem)
    try:
        header = next((cells for cells in table if not _is_blank(cells)), [])
        columns = _columns(header, separator, problem)
        rows.ignored = [shown(name) for name in columns.others]
        for cells in in_turns(table, max(1, min(SLICE_ITEMS, _SLICE_CELLS // len(header)))):
            _read_slice(columns, cells, rows, len(header))
    except csv.Error as error:
        raise _malformed(table.line_num, f"is not CSV ({error}). Check its quotes.") from error
    return rows


def as_csv(problem: Description, *rows: Mapping[str, Any]) -> str:
    """Return rows, whose numbers are in their first units, as CSV with all columns."""
    columns = []
    for feature in problem.features:
        unit_member = problem.unit_members.get(feature.name, "")
        name = feature.name if unit_member else feature.column_name
        columns.append([name, *(as_text(row[feature.name]) for row in rows)])
        if unit_member and isinstance(feature, Number):
            columns.append([unit_member, *[feature.unit] * len(rows)])
    text = io.StringIO(newline="")
    csv.writer(text).writerows(zip(*columns, strict=True))
    return text.getvalue()


def _lines(text: str, row: str) -> Iterator[str]:
    """Yield the lines, and let other requests run meanwhile: one cell in quotes may span all the lines.

    Raises:
        Problem: a line is too long.
    """
    stream, number = io.StringIO(text, newline=""), 0
    while lines := stream.readlines(_SLICE_CHARACTERS):
        for line in lines:
            number += 1
            if len(line) > MAX_ROW_BYTES:
                raise _malformed(number, f"is too long: a {row} takes at most {MAX_ROW_BYTES:,} characters.")
            yield line
        give_turn()


def _malformed(line: int, wrong: str) -> Problem:
    return Problem("malformed-csv", f"Line {line} {wrong}")


def _is_blank(cells: Sequence[str]) -> bool:
    """Return whether a line is empty or has only spaces."""
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _columns(header: Sequence[str], separator: str, problem: Description) -> Columns:
    known = as_csv(problem).rstrip()
    if not header:
        raise Problem(
            "malformed-csv",
            f"The body is empty. Send the line {known}, then one for each {problem.row.name}.",
        )
    try:
        return Columns(problem, header, separator)
    except HeaderError as error:
        detail = f"{error} Begin with a line such as {known}."
        raise Problem(
            "invalid-request", detail, FieldError(detail, row=0, column=shown(error.column))
        ) from error


def _read_slice(columns: Columns, cells: list[list[str]], rows: Rows, width: int) -> None:
    ragged = {}
    for row, each in enumerate(cells):
        if len(each) != width:
            if not _is_blank(each):
                hint = '. A number with a comma needs quotes: "1,200"' if len(each) > width else ""
                counted = f"{len(each)} cell{'s' * (len(each) != 1)}"
                ragged[row] = [Fault("", f"The row has {counted}, and the header {width}{hint}")]
            cells[row] = [""] * width
    matrix, faults = columns.read(list(zip(*cells, strict=True)), give_turn)
    rows.add(matrix, {**faults, **ragged})
