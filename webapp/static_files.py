"""Static files, kept by browsers for a year: their addresses change with their content."""

import hashlib
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app, request

YEAR_SECONDS = 31_536_000


def init_app(app: Flask) -> None:
    """Add the version of its content to the address of every static file."""
    folder = Path(cast(str, app.static_folder))
    versions = app.extensions["static_versions"] = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in folder.rglob("*")
        if path.is_file()
    }

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values["filename"] in versions:
            values["v"] = versions[values["filename"]]


def max_age(filename: str | None) -> int | None:
    """Give the seconds that a static file may be kept without asking: none if it is not this version."""
    versions: dict[str | None, str] = current_app.extensions["static_versions"]
    return YEAR_SECONDS if request.args.get("v") == versions.get(filename, "") else None
