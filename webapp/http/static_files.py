"""Static files, kept by browsers for a year: their addresses change with their content."""

from mimetypes import MimeTypes
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, abort, current_app, request

from webapp.http.caching import Content

YEAR_SECONDS = 31_536_000

_TYPES = MimeTypes()
"""Python's own, whatever the system's lists say."""
_TYPES.add_type("text/javascript", ".js")  # as from Python 3.12 (RFC 9239)


def init_app(app: Flask) -> None:
    """Read every static file, and add the version of its content to its address."""
    folder = Path(cast(str, app.static_folder))
    files = app.extensions["static_files"] = {
        path.relative_to(folder).as_posix(): _read(path) for path in folder.rglob("*") if path.is_file()
    }

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values["filename"] in files:
            values["v"] = _version(files[values["filename"]])


def send(filename: str) -> Response:
    """Give a static file, to be kept without asking only at the address of this version."""
    files: dict[str, Content] = current_app.extensions["static_files"]
    content = files.get(filename) or abort(404)
    return content.respond(YEAR_SECONDS if request.args.get("v") == _version(content) else 0)


def _read(path: Path) -> Content:
    return Content.of(path.read_bytes(), _TYPES.guess_type(path.name)[0] or "application/octet-stream")


def _version(content: Content) -> str:
    return content.etag[:12]
