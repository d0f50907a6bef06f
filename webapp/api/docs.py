"""The routes of the OpenAPI document: the file for tools, and Swagger UI for people."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, render_template

from webapp.http.addresses import origin
from webapp.http.caching import Content, stored
from webapp.http.negotiation import JSON

FILE = Path(__file__).with_name("openapi.json")
DAY_SECONDS = 86_400

_UI = Path(flask_swagger_ui.__file__).parent / "dist"
UI_VERSION = (_UI / "VERSION").read_text().strip()
_UI_FILES = {
    name: Content.of((_UI / name).read_bytes(), mimetype)
    for name, mimetype in {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}.items()
}
_DOCUMENT = Content.of(FILE.read_bytes(), JSON)

# The policy of the other pages forbids `data:` addresses, where Swagger UI's style sheet has its pictures.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
EXAMPLES = {"curl": "ask.sh", "Python": "ask.py", "JavaScript": "ask.mjs", "Many homes, in CSV": "batch.sh"}

blueprint = Blueprint("docs", __name__, url_prefix="/api")


@blueprint.get("/openapi.json")
def document() -> Response:
    """Return the document as `make openapi` wrote it."""
    return _DOCUMENT.respond()


@blueprint.get("/docs")
def page() -> Response:
    """Show the document, with examples, for people to read and try out."""
    response = stored(_page)
    response.headers["Content-Security-Policy"] = POLICY
    return response


# The version in the address keeps a browser from using the cached file of an older version.
@blueprint.get(f"/docs/{UI_VERSION}/<any({', '.join(map(repr, _UI_FILES))}):name>")
def ui(name: str) -> Response:
    """Return a file of Swagger UI."""
    return _UI_FILES[name].respond(DAY_SECONDS)


def _page() -> str:
    here = origin()
    examples = {
        name: (FILE.parent / "examples" / file).read_text().replace("http://localhost:8000", here)
        for name, file in EXAMPLES.items()
    }
    return render_template("docs.html", examples=examples)
