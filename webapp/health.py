"""What the load balancer and the container ask: does the worker run, is it ready?"""

from flask import Blueprint, Response

from webapp.recommend import get_predictor

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """Answer as long as the worker's loop runs."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 when the model gives the known answers that its manifest promises."""
    if get_predictor().check():
        return Response("ready\n", mimetype="text/plain")
    return Response("not ready: the model does not give its known answers\n", 503, mimetype="text/plain")
