"""Render every page once at the start, so that the first visitor does not wait for templates and caches."""

from contextlib import suppress

from flask import Flask

from webapp.home import UNIT_NAMES
from webapp.http.request_context import begin_context

EXAMPLE = "home_size=900"
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
    for path in [*paths, UNKNOWN_PATH]:
        for unit in UNIT_NAMES:
            with suppress(Exception), app.test_request_context(f"{path}?{EXAMPLE}&unit={unit}") as context:
                begin_context(context.request.environ)
                try:
                    app.dispatch_request()
                except Exception as error:
                    app.handle_user_exception(error)
