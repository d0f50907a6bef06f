"""Write the answers to a batch in CSV."""

import csv
import io
from collections.abc import Mapping, Sequence

from webapp.http.problem_details import FieldError
from webapp.http.turns import in_turns

UNREPORTED = "?"
"""The cell `error` of a bad row beyond those whose errors are reported. It is one byte,
because bad rows can be blank lines, of one byte each."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(
    target: str,
    answers: Sequence[tuple[str, float, bool] | None],
    reported: Mapping[int, Sequence[FieldError]] | None,
) -> bytes:
    """Return the answers as CSV (RFC 4180).

    Args:
        target: the name of the column with the keys of the classes.
        answers: a class, its probability, and whether the row is outside the training range; None for a bad
            row.
        reported: the errors of bad rows by their positions; None leaves out the column `error`.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(
        [target, "probability", "outside_training_range", *(() if reported is None else ("error",))]
    )
    no_error = () if reported is None else ("",)
    lines = (
        ("", "", "", _cell(reported or {}, row))
        if answer is None
        else (_as_cell(answer[0]), answer[1], "true" if answer[2] else "false", *no_error)
        for row, answer in enumerate(answers)
    )
    for chunk in in_turns(lines):
        writer.writerows(chunk)
    return text.getvalue().encode()


def _cell(reported: Mapping[int, Sequence[FieldError]], row: int) -> str:
    if row not in reported:
        return UNREPORTED
    return _as_cell(" ".join(error.detail for error in reported[row]))


def _as_cell(text: str) -> str:
    """Return a text with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
