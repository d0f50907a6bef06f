"""The response to every error: RFC 9457 problem details under /api, a page elsewhere."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec
from flask import Blueprint, Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from webapp.http.caching import stored
from webapp.http.problem_details import FieldError, ProblemDetails
from webapp.http.problem_kinds import BY_STATUS, Kind
from webapp.http.request_context import current_context, origin
from webapp.http.state import current_state

blueprint = Blueprint("problems", __name__)


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """Raised to end a request with a problem; `detail` says what is wrong and what to do."""

    def __init__(self, slug: str, detail: str, *errors: FieldError) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.errors = errors


def _as_json(kind: Kind, status: int, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    details = ProblemDetails(
        type=f"{origin()}/problems#{kind.slug}",
        title=kind.title,
        status=status,
        detail=detail,
        instance=request.path,
        request_id=current_context().request_id,
        errors=errors,
    )
    return Response(msgspec.json.encode(details), status, mimetype="application/problem+json")


Refuse = Callable[[WSGIEnvironment, StartResponse, Problem], Iterable[bytes]]
"""Answers a request with a problem, from inside a middleware."""


def refuse(
    app: Flask, environ: WSGIEnvironment, start_response: StartResponse, problem: Problem
) -> Iterable[bytes]:
    """Answer a request to an app with a problem, in place of the app."""
    with app.request_context(environ):
        return _problem(problem)(environ, start_response)


@blueprint.app_errorhandler(Problem)
def _problem(problem: Problem) -> Response:
    kind = current_state().kinds[problem.slug]
    response = _answer(kind, kind.status, problem.detail, problem.errors)
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "1"
    return response


def _answer(kind: Kind, status: int, detail: str, errors: tuple[FieldError, ...] = ()) -> Response:
    if f"{request.path}/".startswith("/api/"):
        response = _as_json(kind, status, detail, errors)
    else:
        request_id = current_context().request_id
        more = "" if detail == kind.meanings.get(status) else detail
        page = render_template("error.html", kind=kind, status=status, request_id=request_id, detail=more)
        response = Response(page, status)
    response.headers["Cache-Control"] = "no-store"  # otherwise a cache may keep a 404
    return response


@blueprint.app_errorhandler(HTTPException)
def _http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer an error that Flask or Werkzeug raises, with the error's status and headers."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    kind = BY_STATUS.get(error.code)
    if kind is None:
        phrase = HTTPStatus(error.code).phrase
        kind = Kind("bad-request", error.code, f"{phrase}.", phrase)
    response = _answer(kind, error.code, _detail(error, kind.meanings[error.code]))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _detail(error: HTTPException, meaning: str) -> str:
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        *others, last = sorted(error.valid_methods)
        return f"{request.method} can't be used here; {', '.join(others)} and {last} can."
    return meaning


@blueprint.get("/problems")
@stored
def kinds() -> str:
    """Explain each kind of problem, at the address that its `type` names."""
    return render_template("problems.html", kinds=current_state().kinds.values())
