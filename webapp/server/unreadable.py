"""The response to a request that can't be read as HTTP, or takes too long, made without Flask."""

from http import HTTPStatus

import msgspec
from gunicorn.http.errors import (  # type: ignore[attr-defined]  # two are newer than the stubs
    ChunkMissingTerminator,
    ExpectationFailed,
    InvalidChunkExtension,
    InvalidChunkSize,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)

from webapp.http.problem_details import ProblemDetails
from webapp.http.problem_kinds import BY_STATUS
from webapp.http.responses import EXPOSE_HEADERS, NOSNIFF

UNREADABLE = (ParseException, ChunkMissingTerminator, InvalidChunkExtension, InvalidChunkSize)
"""Raised by Gunicorn for a request that it can't read."""

UNSENDABLE = (InvalidResponseHeader, InvalidResponseHeaderName)
"""Raised by Gunicorn for a response that it can't send, although subclasses of those in `UNREADABLE`."""

STATUSES: dict[type[BaseException], int] = {
    ExpectationFailed: 417,
    LimitRequestHeaders: 431,
    LimitRequestLine: 414,
}


def status_of(error: type[BaseException]) -> int:
    """Return the status for an error.

    It is never in the 500s, which Gunicorn uses for some, because a client must not trigger an alarm.
    """
    return STATUSES.get(error, 400)


def answer(status: int, detail: str, request_id: str, *, for_anyone: bool) -> bytes:
    """Return the whole response, head and body, of a request that Flask has not answered.

    Args:
        status: its kind of problem explains each status but 400.
        detail: what is wrong, for a 400.
        request_id: as in the log.
        for_anyone: whether pages of any site may read the response.
    """
    kind = BY_STATUS[status]
    body = msgspec.json.encode(
        ProblemDetails(
            type=f"/problems#{kind.slug}",
            title=kind.title,
            status=status,
            detail=f"{detail.rstrip('.')}." if status == 400 else kind.meanings[status],
            request_id=request_id,
        )
    )
    headers = [
        ("Connection", "close"),
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Request-ID", request_id),
        NOSNIFF,
        *((("Access-Control-Allow-Origin", "*"), EXPOSE_HEADERS) if for_anyone else ()),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode() + body
