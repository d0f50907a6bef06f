"""Static files, which browsers keep for a year, because their addresses change with their content."""

from collections.abc import Mapping
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from webapp.http.caching import YEAR_SECONDS, Content
from webapp.http.state import current_state

_TYPES = MimeTypes()
"""Python's own list of media types, since the system's lists differ from machine to machine."""
_TYPES.add_type("text/javascript", ".js")  # as from Python 3.12 (RFC 9239)
_TYPES.add_type("image/webp", ".webp")  # as from Python 3.13


def read_static_files(folder: Path) -> Mapping[str, Content]:
    """Return all files below a folder, by their paths relative to it."""
    return {path.relative_to(folder).as_posix(): _read(path) for path in folder.rglob("*") if path.is_file()}


def serve_static_files(app: Flask) -> None:
    """Add the route `static`; `url_for` adds the version of a file's content to its address."""
    app.add_url_rule("/static/<path:filename>", "static", _send)
    app.url_defaults(_add_version)


def media_type(name: str) -> str:
    """Return the media type of a file by its name."""
    return _TYPES.guess_type(name)[0] or "application/octet-stream"


def _send(filename: str) -> Response:
    """Send a static file, for a browser to keep for a year if the address has its current version."""
    content = current_state().static_files.get(filename)
    if content is None:
        raise NotFound
    return content.respond(YEAR_SECONDS if request.args.get("v") == _version(content) else 0)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    files = current_state().static_files
    if endpoint == "static" and values["filename"] in files:
        values["v"] = _version(files[values["filename"]])


def _read(path: Path) -> Content:
    return Content.of(path.read_bytes(), media_type(path.name))


def _version(content: Content) -> str:
    return content.etag[:12]
