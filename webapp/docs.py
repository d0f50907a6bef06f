"""The API's document: the file for tools, a page for people."""

from functools import cache
from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, render_template

from webapp.addresses import origin
from webapp.caching import cacheable
from webapp.compression import compress
from webapp.negotiation import JSON

FILE = Path(__file__).with_name("openapi.json")
DAY_SECONDS = 86_400

_UI = Path(flask_swagger_ui.__file__).parent / "dist"
_UI_VERSION = (_UI / "VERSION").read_text().strip()
_UI_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

# As the pages', and what Swagger UI needs: scripts and requests of our own host, pictures in its style sheet.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
EXAMPLES = {"curl": "ask.sh", "Python": "ask.py", "JavaScript": "ask.mjs", "Many homes, in CSV": "batch.sh"}

blueprint = Blueprint("docs", __name__, url_prefix="/api")


@blueprint.get("/openapi.json")
def document() -> Response:
    """Give the document, as `make openapi` wrote it."""
    return compress(cacheable(Response(_read(FILE), content_type=JSON)))


@blueprint.get("/docs")
def page() -> Response:
    """Show the document, with examples, for people to read and try."""
    here = origin()
    examples = {
        name: _read(FILE.parent / "examples" / file).decode().replace("http://localhost:8000", here)
        for name, file in EXAMPLES.items()
    }
    response = Response(render_template("docs.html", examples=examples))
    response.headers["Content-Security-Policy"] = POLICY
    return compress(cacheable(response))


# Its version is in the address, so that a new one is not mistaken for what a browser has kept.
@blueprint.get(f"/docs/{_UI_VERSION}/<any({', '.join(map(repr, _UI_FILES))}):name>")
def ui(name: str) -> Response:
    """Give a file of Swagger UI."""
    content = _read(_UI / name)
    media_type = f"{_UI_FILES[name]}; charset=utf-8"
    return compress(cacheable(Response(content, content_type=media_type), DAY_SECONDS))


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()
