"""Write the answers to a batch in CSV."""

import csv
import io
from collections.abc import Sequence
from itertools import chain, repeat

from webapp.api.schemas import BatchResult
from webapp.http.problem_details import FieldError
from webapp.http.turns import in_turns

UNREPORTED = "?"
"""The cell `error` of a bad home beyond those whose errors are reported. It is one byte,
because bad homes can be blank lines, of one byte each."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(answers: Sequence[BatchResult | FieldError], reported: Sequence[FieldError] | None) -> bytes:
    """Return the answers as CSV (RFC 4180), with a column `error` unless `reported` is None."""
    header = BatchResult.__struct_fields__ + (() if reported is None else ("error",))
    no_error = () if reported is None else ("",)
    errors = chain((_as_cell(error.detail) for error in reported or ()), repeat(UNREPORTED))
    lines = (
        ("", "", "", next(errors))
        if isinstance(answer, FieldError)
        else (
            _as_cell(answer.breed),
            answer.probability,
            "true" if answer.outside_training_range else "false",
            *no_error,
        )
        for answer in answers
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    for chunk in in_turns(lines):
        writer.writerows(chunk)
    return text.getvalue().encode()


def _as_cell(text: str) -> str:
    """Return a text with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
