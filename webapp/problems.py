"""Every error, from one place: RFC 9457 problem details under /api, a page elsewhere."""

from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from flask import Blueprint, Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from webapp.exchange import current_exchange
from webapp.schemas import FieldError, ProblemDetails

blueprint = Blueprint("problems", __name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its slug is the stable end of the `type` URL."""

    slug: str
    status: int
    title: str
    meaning: str


KINDS = {
    kind.slug: kind
    for kind in (
        Kind("malformed-json", 400, "Malformed JSON", "The body is not JSON in UTF-8. Send one JSON object."),
        Kind(
            "malformed-csv",
            400,
            "Malformed CSV",
            "The body is not CSV in UTF-8. Send a header line, then a line for each home.",
        ),
        Kind("bad-request", 400, "Bad request", "The request can't be read. Check its form against the API."),
        Kind(
            "not-found",
            404,
            "Not found",
            "Nothing lives at this address. Check its spelling; /api/docs lists those that there are.",
        ),
        Kind(
            "method-not-allowed",
            405,
            "Method not allowed",
            "The address exists, the method does not. Allow lists those that do.",
        ),
        Kind(
            "not-acceptable",
            406,
            "Not acceptable",
            "We answer in application/json, a batch also in text/csv; let Accept include it.",
        ),
        Kind(
            "request-timeout",
            408,
            "Request timeout",
            "The request did not arrive in its time. Send it again.",
        ),
        Kind("content-too-large", 413, "Content too large", "The body is larger than this route reads."),
        Kind(
            "unsupported-media-type",
            415,
            "Unsupported media type",
            "Send Content-Type: application/json, for a batch also text/csv, in UTF-8.",
        ),
        Kind(
            "invalid-home-size",
            422,
            "Invalid home size",
            "home_size is missing, not a number, or outside 50 to 100,000 sq ft.",
        ),
        Kind("invalid-unit", 422, "Invalid unit", "unit is neither sqft nor m2."),
        Kind(
            "invalid-request",
            422,
            "Invalid request",
            "The body or query has the wrong shape or an unknown member.",
        ),
        Kind(
            "invalid-homes",
            422,
            "Invalid homes",
            "Homes of a batch can't be answered; errors lists them. With ?errors=report the others are.",
        ),
        Kind("too-many-homes", 422, "Too many homes", "A batch has at most 20,000 homes. Send it in parts."),
        Kind("too-many-requests", 429, "Too many requests", "Slow down; Retry-After says how long to wait."),
        Kind(
            "internal-error",
            500,
            "Internal server error",
            "A fault of ours. Quote the request id to whoever runs this.",
        ),
        Kind(
            "unavailable",
            503,
            "Service unavailable",
            "Busy or stopping. Try again after Retry-After seconds.",
        ),
    )
}
_BY_STATUS = {kind.status: kind for kind in KINDS.values()} | {
    400: KINDS["bad-request"],
    422: KINDS["invalid-request"],
}

_UNREADABLE = {
    408: "The request did not arrive, or was not answered, in its time. Send it again.",
    414: "The address is too long to be read. Send what it holds in the body of a POST.",
    417: "The Expect header asks for what this server can't do. Leave it out.",
    431: "The headers are too large to be read. Send fewer, or shorter ones.",
}


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """Ends a request with the problem of this kind; `detail` says what is wrong and what to do."""

    def __init__(self, slug: str, detail: str, *errors: FieldError) -> None:
        super().__init__(detail)
        self.kind = KINDS[slug]
        self.detail = detail
        self.errors = errors


def _as_json(kind: Kind, status: int, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    details = ProblemDetails(
        type=f"{request.host_url}problems#{kind.slug}",
        title=kind.title,
        status=status,
        detail=detail,
        instance=request.path,
        request_id=current_exchange().request_id,
        errors=errors,
    )
    response = Response(msgspec.json.encode(details), status, mimetype="application/problem+json")
    response.headers["Cache-Control"] = "no-store"  # by itself a 404 may be kept
    return response


def _problem(problem: Problem) -> Response:
    response = _answer(problem.kind, problem.kind.status, problem.detail, problem.errors)
    if problem.kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "1"
    return response


def _answer(kind: Kind, status: int, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    if f"{request.path}/".startswith("/api/"):
        return _as_json(kind, status, detail, errors)
    request_id = current_exchange().request_id
    page = render_template("error.html", kind=kind, status=status, request_id=request_id)
    return Response(page, status)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    """Dress an error of Flask's or Werkzeug's as a problem or a page, keeping its status and headers."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    kind = _BY_STATUS.get(error.code)
    if kind is None:
        phrase = HTTPStatus(error.code).phrase
        kind = Kind("bad-request", error.code, phrase, f"{phrase}.")
    response = _answer(kind, error.code, _detail(error, kind))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _detail(error: HTTPException, kind: Kind) -> str:
    if isinstance(error, RequestEntityTooLarge):
        limit = current_exchange().body_limit // 1024
        size = f"{limit // 1024} MB" if limit >= 1024 else f"{limit} KB"
        return f"The body is larger than the {size} that this route reads."
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        *others, last = sorted(error.valid_methods)
        return f"{request.method} can't be used here; {', '.join(others)} and {last} can."
    return kind.meaning


def unreadable(status: int, detail: str, request_id: str) -> bytes:
    """Make the body for a request that could not be read, and so has no address."""
    kind = _BY_STATUS.get(status, KINDS["bad-request"])
    details = ProblemDetails(
        type=f"/problems#{kind.slug}",
        title=kind.title if kind.status == status else HTTPStatus(status).phrase,
        status=status,
        detail=_UNREADABLE.get(status, f"{detail.rstrip('.')}."),
        request_id=request_id,
    )
    return msgspec.json.encode(details)


@blueprint.get("/problems")
def kinds() -> str:
    """Explain each kind of problem, where its `type` URL leads."""
    return render_template("problems.html", kinds=KINDS.values())


def init_app(app: Flask) -> None:
    """Send every error of the app through this module."""
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http_error)
    app.register_blueprint(blueprint)
