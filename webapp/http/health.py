"""What the load balancer and the container ask: does the worker run, is it ready?"""

from flask import Blueprint, Response

from webapp.recommend import get_predictor

PATHS = frozenset({"/livez", "/readyz"})
"""Never refused for overload, or it would become an outage."""

blueprint = Blueprint("health", __name__)
stopping = False
"""Set by the worker when it has been told to stop."""


@blueprint.get("/livez")
def livez() -> Response:
    """Answer as long as the worker's loop runs."""
    return _say("ok")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 when the model gives its known answers and the worker is not about to stop."""
    if stopping:
        return _say("not ready: stopping", 503)
    if not get_predictor().check():
        return _say("not ready: the model does not give its known answers", 503)
    return _say("ready")


def _say(line: str, status: int = 200) -> Response:
    """Answer with a line that nobody keeps: it is true only at this moment."""
    return Response(f"{line}\n", status, {"Cache-Control": "no-store"}, mimetype="text/plain")
