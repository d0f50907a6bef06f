"""Which media type a body is in, and which one the client wants back."""

from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from webapp.exchange import current_exchange
from webapp.problems import Problem

JSON = "application/json"
CSV = "text/csv"


def negotiate(*offered: str) -> str:
    """Choose the media type to answer in: the client's favourite, of equals the first.

    Raises:
        Problem: the client takes none of those offered.
    """
    chosen = _favourite(current_exchange().environ.get("HTTP_ACCEPT", ""), offered)
    if chosen is None:
        raise Problem(
            "not-acceptable", f"This route answers in {' or '.join(offered)}; let Accept include it."
        )
    return chosen


@lru_cache(maxsize=256)
def _favourite(accept: str, offered: tuple[str, ...]) -> str | None:
    if not accept.strip():
        return offered[0]
    return parse_accept_header(accept, MIMEAccept).best_match(offered)


def sent_type(*taken: str) -> str:
    """Give the media type of the body.

    Raises:
        Problem: it is none of those taken, or in another encoding than UTF-8, or compressed.
    """
    environ = current_exchange().environ
    sent, charset = _content_type(environ.get("CONTENT_TYPE", ""))
    if sent not in taken:
        names = " or ".join(f"Content-Type: {name}" for name in taken)
        raise Problem("unsupported-media-type", f"Send the body with the header {names}.")
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise Problem(
            "unsupported-media-type",
            f"Send the body in UTF-8; Content-Type names the charset {charset[:40]!r}.",
        )
    if environ.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
        raise Problem("unsupported-media-type", "Send the body as it is, without a Content-Encoding.")
    return sent


@lru_cache(maxsize=256)
def _content_type(header: str) -> tuple[str, str]:
    name, parameters = parse_options_header(header)
    return name.lower(), parameters.get("charset", "utf-8").lower()
