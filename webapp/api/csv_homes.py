"""Read the homes of a batch in CSV, one by one."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import cast

from model.home_size import Unit
from webapp.api.reading import read_text
from webapp.api.schemas import MAX_HOME_BYTES, PredictRequest
from webapp.home import HomeSizeError, to_checked_sqft
from webapp.http.problem_details import FieldError
from webapp.http.problems import Problem, shown
from webapp.http.turns import in_turns

HEADER = "home_size,unit"
_COLUMNS = PredictRequest.__struct_fields__
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?([eE][+-]?\d+)?", re.ASCII)


def read_csv(body: bytes) -> Iterator[float | FieldError]:
    """Yield the size of each home in square feet, or its error.

    A blank line, or a line of spaces, is a home whose size is missing, so that each answer stands in the row
    of its home. Blank lines before the header and empty lines at the end are skipped; editors leave them.

    Raises:
        Problem: the body is not CSV in UTF-8, or has other columns than `home_size` and `unit`.
    """
    text = read_text(body, "malformed-csv").rstrip("\r\n")
    rows = csv.reader(_lines(text), strict=True)
    try:
        header = _read_header(next((cells for cells in rows if not _is_blank(cells)), []))
        for number, cells in enumerate(rows, start=1):
            yield _read_row(header, cells, number)
    except csv.Error as error:
        raise _malformed(rows.line_num, f"is not CSV ({error}). Check its quotes.") from error


def _lines(text: str) -> Iterator[str]:
    """Yield the lines, and let other requests run meanwhile: one cell in quotes may span all the lines.

    Raises:
        Problem: a line is too long.
    """
    for chunk in in_turns(enumerate(io.StringIO(text, newline=""), start=1)):
        for number, line in chunk:
            if len(line) > MAX_HOME_BYTES:
                raise _malformed(number, f"is too long: a home takes at most {MAX_HOME_BYTES:,} characters.")
            yield line


def _malformed(line: int, wrong: str) -> Problem:
    return Problem("malformed-csv", f"Line {line} {wrong}")


def _is_blank(cells: Sequence[str]) -> bool:
    """Return whether a line is empty or has only spaces."""
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _read_header(cells: Sequence[str]) -> list[str]:
    if not cells:
        raise Problem("malformed-csv", f"The body is empty. Send the line {HEADER}, then one for each home.")
    names = [cell.strip() for cell in cells]
    for name in names:
        if name not in _COLUMNS:
            hint = " Separate columns by commas." if ";" in name or "\t" in name else ""
            known = f"Begin with a line such as {HEADER}."
            raise _header_problem(name, f"The column {shown(name)} is not known. {known}{hint}")
        if names.count(name) > 1:
            raise _header_problem(
                name, f"The column {name} is there {names.count(name)} times; give it once."
            )
    if "home_size" not in names:
        raise _header_problem("home_size", f"The column home_size is missing. Begin with the line {HEADER}.")
    return names


def _header_problem(column: str, detail: str) -> Problem:
    return Problem("invalid-request", detail, FieldError(detail, row=0, column=shown(column)))


def _read_row(header: Sequence[str], cells: Sequence[str], number: int) -> float | FieldError:
    if _is_blank(cells):
        cells = [""] * len(header)
    if len(cells) != len(header):
        hint = ' A number with a comma needs quotes: "1,200".' if len(cells) > len(header) else ""
        counted = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
        return FieldError(f"The row has {counted}, and the header {len(header)}.{hint}", row=number)
    row = dict(zip(header, cells, strict=True))
    unit = row.get("unit", "").strip() or "sqft"
    if unit not in {"sqft", "m2"}:
        return FieldError(f"unit must be sqft or m2; got {shown(unit)}.", row=number, column="unit")
    size = row["home_size"].strip()
    detail = "home_size is missing. Give it as a number."
    if _NUMBER.fullmatch(size):
        try:
            return to_checked_sqft(float(size.replace(",", "")), cast(Unit, unit))
        except HomeSizeError as error:
            detail = f"home_size must be {error}; got {shown(size)}."
    elif size:
        detail = f"home_size must be a number in plain figures, such as 1200 or 92.5; got {shown(size)}."
    return FieldError(detail, row=number, column="home_size")
