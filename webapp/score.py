"""Answer the rows of a CSV without a server: ``python -m webapp.score FILE``, or an https address for FILE.

The answers are those of ``/api/predict/batch?errors=report``, printed as a CSV in the order of the rows,
however many they are.
"""

import csv
import io
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.request import urlopen

from flask import Flask

from model.artifact import ArtifactError
from model.check import EXIT_BAD_MODEL
from model.problem.table import separator_of
from webapp import create_app
from webapp.api.batch import PATH
from webapp.config import SettingError
from webapp.http.negotiation import CSV
from webapp.http.problem_kinds import MAX_ROWS
from webapp.http.warm_up import answer_inside

EXIT_NO_INPUT = 66
"""The exit status EX_NOINPUT of sysexits.h."""
TIMEOUT_SECONDS = 60


def main(arguments: list[str]) -> int:
    """Print the answers to the rows of a CSV.

    Args:
        arguments: The file's path or address.

    Returns:
        The exit status: 0; ``EXIT_BAD_MODEL`` if the model can't be used or the file is not such a table;
        ``EXIT_NO_INPUT`` if the file can't be read.
    """
    source = " ".join(arguments)
    if source in {"-h", "--help"}:
        sys.stdout.write(__doc__)
        return 0
    try:
        text = _read(source)
    except (OSError, ValueError) as error:
        sys.stderr.write(
            f"{source or 'No file'} can't be read: {error}. Name a CSV file or its https address.\n"
        )
        return EXIT_NO_INPUT
    try:
        for part in answers(create_app(), text):
            sys.stdout.write(part)
    except (ArtifactError, SettingError, _RefusedError, csv.Error) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_MODEL
    return 0


def answers(app: Flask, text: str) -> Iterator[str]:
    """Yield the answers to a CSV, the header first, in parts of as many rows as a batch may have."""
    text = text.strip("\r\n")
    separator = separator_of(text.partition("\n")[0])
    rows = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    header, first = next(rows, []), True
    while (part := list(islice(rows, MAX_ROWS))) or first:
        body = io.StringIO()
        # A blank line is a row without values, but at the end of a batch it would count as the file's end.
        csv.writer(body, delimiter=separator).writerows([header, *(row or [" "] for row in part)])
        response = answer_inside(
            app, PATH, body.getvalue().encode(), method="POST", query_string="errors=report", content_type=CSV
        )
        if response.status_code != 200:
            raise _RefusedError((response.get_json() or {}).get("detail"))
        answered = response.get_data(as_text=True)
        yield answered if first else answered.partition("\n")[2]
        first = False


class _RefusedError(Exception):
    """The file is not a table that the model can answer."""


def _read(source: str) -> str:
    if source.startswith("https://"):
        with urlopen(source, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - the scheme is checked
            content: bytes = answer.read()
    else:
        content = Path(source).read_bytes()
    return content.decode("utf-8-sig")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
