"""The plots and pictures of the artifact, which browsers keep for a year."""

from collections.abc import Mapping
from pathlib import PurePath

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from webapp.http.caching import YEAR_SECONDS, Content
from webapp.http.state import State, current_state
from webapp.http.static_files import media_type

CARD_SUFFIX = ".md"

blueprint = Blueprint("pictures", __name__)


def read_pictures(documents: Mapping[str, bytes]) -> dict[str, Content]:
    """Return the artifact's documents that are pictures, by file name."""
    return {
        name: Content.of(content, media_type(name))
        for name, content in documents.items()
        if PurePath(name).suffix != CARD_SUFFIX
    }


def path_of(state: State, name: str) -> str:
    """Return the address of a picture on this server.

    The model's version in it makes a browser, which keeps a picture for a year, ask for a new one.
    """
    return f"/model/{state.predictor.model_version}/{name}"


def picture_path(name: str) -> str:
    """Return the address of a picture, in a template; "" for a class that has none."""
    return path_of(current_state(), name) if name else ""


@blueprint.get("/model/<version>/<name>")
def picture(version: str, name: str) -> Response:
    """Return a plot or a picture."""
    state = current_state()
    if version != state.predictor.model_version or name not in state.pictures:
        raise NotFound
    response = state.pictures[name].respond(YEAR_SECONDS)
    # An SVG has a `<style>` of its own, and nothing else that a policy must allow.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response
