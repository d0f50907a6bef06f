"""The health checks of a load balancer."""

from flask import Blueprint, Response

from webapp.http.state import current_state

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """Answer 200 for as long as the worker's event loop runs."""
    return _say("ok")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 when the model gives its known answers and the worker has not been told to stop."""
    state = current_state()
    if state.stopping:
        return _say("not ready: stopping", 503)
    if not state.predictor.check():
        return _say("not ready: the model does not give its known answers", 503)
    return _say("ready")


def _say(line: str, status: int = 200) -> Response:
    """Answer with a line of text that no cache may keep."""
    return Response(f"{line}\n", status, {"Cache-Control": "no-store"}, mimetype="text/plain")
