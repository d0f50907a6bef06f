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
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 when the model gives its known answers and the worker is not about to stop."""
    if stopping:
        return Response("not ready: stopping\n", 503, mimetype="text/plain")
    if not get_predictor().check():
        return Response("not ready: the model does not give its known answers\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")
