"""The static files, and the plots and pictures of the artifact.

Browsers keep them for a year, because their addresses change with their content.
"""

from collections.abc import Mapping
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from webapp.http.caching import YEAR_SECONDS, Content
from webapp.http.state import State, current_state

CARD_SUFFIX = ".md"

_TYPES = MimeTypes()
"""Python's own list of media types, since the system's lists differ from machine to machine."""
_TYPES.add_type("text/javascript", ".js")  # as from Python 3.12 (RFC 9239)
_TYPES.add_type("image/webp", ".webp")  # as from Python 3.13

blueprint = Blueprint("files", __name__)


def read_static_files(folder: Path) -> dict[str, Content]:
    """Return all files below a folder, by their paths relative to it."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return _contents({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


def read_pictures(documents: Mapping[str, bytes]) -> dict[str, Content]:
    """Return the artifact's documents that are pictures, by file name."""
    return _contents({name: body for name, body in documents.items() if not name.endswith(CARD_SUFFIX)})


def _contents(files: Mapping[str, bytes]) -> dict[str, Content]:
    return {
        name: Content.of(body, _TYPES.guess_type(name)[0] or "application/octet-stream")
        for name, body in files.items()
    }


@blueprint.get("/static/<path:filename>")
def static(filename: str) -> Response:
    """Send a static file, for a browser to keep for a year if the address has its current version."""
    content = current_state().static_files.get(filename)
    if content is None:
        raise NotFound
    return content.respond(YEAR_SECONDS if request.args.get("v") == _version(content) else 0)


@blueprint.app_url_defaults
def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Add the version of a static file's content to its address."""
    files = current_state().static_files
    if endpoint == "files.static" and values["filename"] in files:
        values["v"] = _version(files[values["filename"]])


def _version(content: Content) -> str:
    return content.etag[:12]


def path_of(state: State, name: str) -> str:
    """Return the address of a picture on this server, which has the model's version."""
    return f"/model/{state.predictor.model_version}/{name}"


@blueprint.app_template_global()
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
