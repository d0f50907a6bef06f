"""Make each page before anybody asks for it: the first to ask does not pay for templates and caches."""

from contextlib import suppress

from flask import Flask

from webapp.home import UNIT_NAMES
from webapp.http.request_context import begin_context

EXAMPLE = "home_size=900"
NOWHERE = "/no-such-page"


def warm_up(app: Flask) -> None:
    """Make an answer of each route that needs no body, and an error page.

    In the master this compiles the templates and fills the caches, for all workers; in a worker it makes the
    memory that they share its own. A first answer would otherwise cost up to 80 times a prediction.

    It goes past the app's hooks, so nothing is logged or counted. What fails here fails again for whoever
    asks for it, and is logged then.
    """
    paths = [
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    for path in [*paths, NOWHERE]:
        for unit in UNIT_NAMES:
            with suppress(Exception), app.test_request_context(f"{path}?{EXAMPLE}&unit={unit}") as context:
                begin_context(context.request.environ)
                try:
                    app.dispatch_request()
                except Exception as error:
                    app.handle_user_exception(error)
