"""The media type of a request's body, and the one that the client prefers in return."""

import re

from flask import request
from werkzeug.datastructures import Accept, MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from model.problem.wording import shown
from webapp.http.problems import Problem

JSON = "application/json"
CSV = "text/csv"
LONGEST_ACCEPT = 1000
"""How many characters of an Accept header are read, so that parsing takes a bounded time."""

LONGEST_CONTENT_TYPE = 200
"""How many characters of a Content-Type header are read, for the same reason."""

_CHARSETS = {"utf-8", "utf8", "us-ascii", "ascii"}
_NO_LEADING_ZERO = re.compile(r"(;\s*q\s*=\s*)\.", re.IGNORECASE)


def preferred_type(*offered: str) -> str:
    """Return the offered media type that the client prefers; of equally preferred ones the first.

    Where `Accept` allows none of them, or can't be read, the first is returned too: RFC 9110, section 12.5.1,
    lets a server answer in another type.
    """
    accept = request.environ.get("HTTP_ACCEPT", "")[:LONGEST_ACCEPT]
    accept = _NO_LEADING_ZERO.sub(r"\g<1>0.", accept)
    ranges = ((name.partition(";")[0], quality) for name, quality in parse_accept_header(accept, Accept))
    # Java sends a bare "*", and means all types.
    wanted = MIMEAccept([("*/*" if name == "*" else name, quality) for name, quality in ranges])
    return wanted.best_match(offered, offered[0])


def sent_type(*taken: str) -> str:
    """Return the media type of the request's body.

    Raises:
        Problem: the type is none of `taken`, the charset is not UTF-8, or the body is compressed.
    """
    environ = request.environ
    sent, charset = _content_type(environ.get("CONTENT_TYPE", "")[:LONGEST_CONTENT_TYPE])
    if sent not in taken:
        names = " or ".join(f"Content-Type: {name}" for name in taken)
        came = f"as {shown(sent)}" if sent else "without a Content-Type"
        raise Problem("unsupported-media-type", f"The body came {came}. Send it with the header {names}.")
    if charset not in _CHARSETS:
        raise Problem(
            "unsupported-media-type",
            f"Send the body in UTF-8; Content-Type names the charset {shown(charset)}.",
        )
    codings = environ.get("HTTP_CONTENT_ENCODING")
    if codings and {coding.strip().lower() for coding in codings.split(",")} - {"", "identity"}:
        raise Problem("unsupported-media-type", "Send the body as it is, without a Content-Encoding.")
    return sent


def _content_type(header: str) -> tuple[str, str]:
    name, parameters = parse_options_header(header)
    return name.lower(), parameters.get("charset", "utf-8").lower()
