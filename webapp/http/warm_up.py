"""Render every page once at the start, so that the first visitor does not wait for templates and caches."""

from contextlib import suppress
from typing import Any

from flask import Flask, Response
from werkzeug.test import create_environ

from model.problem.rows import as_text, example_rows
from webapp.http.request_context import begin_context
from webapp.http.state import state_of

UNKNOWN_PATH = "/no-such-page"


def warm_up(app: Flask) -> None:
    """Answer each GET route that has no parameters, and an error page, without the middleware.

    In the master this compiles the templates and fills the caches for all workers. In a worker it copies the
    memory pages that are shared with the master before a request needs them. Otherwise a first response takes
    up to 80 times as long as a prediction. Nothing is logged or counted. A page that fails here fails again,
    and is logged, when it is asked for.
    """
    paths = [
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    rows = example_rows(state_of(app).problem)
    queries = [{name: as_text(value) for name, value in row.items()} for row in rows]
    for path in [*paths, UNKNOWN_PATH]:
        for query in queries:
            with suppress(Exception):
                answer_inside(app, path, query_string=query)


def answer_inside(app: Flask, path: str, body: bytes = b"", **request: Any) -> Response:
    """Answer a request without the middleware, so that nothing is logged or counted.

    Args:
        app: the app.
        path: the address, without its query.
        body: the body.
        request: further arguments of Werkzeug's `create_environ`. Flask's own `test_request_context` would
            import its test client, Click's and the debugger (0.3 MB in each process).

    Returns:
        The response, also to an error that the app answers with a page or a problem.
    """
    environ = create_environ(path, data=body, **request)
    begin_context(environ).body = body
    with app.request_context(environ):
        try:
            return app.make_response(app.dispatch_request())
        except Exception as error:
            return app.make_response(app.handle_user_exception(error))
