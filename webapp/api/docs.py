"""The routes of the OpenAPI document: the file for tools, and Swagger UI for people."""

import shlex
from dataclasses import replace
from pathlib import Path

import flask_swagger_ui
import msgspec
from flask import Blueprint, Response, current_app, render_template

from model.problem.rows import example_row
from webapp.api.csv_rows import as_csv
from webapp.api.openapi import make_document
from webapp.api.reading import example
from webapp.http.caching import Content, stored
from webapp.http.negotiation import JSON
from webapp.http.request_context import origin
from webapp.http.state import current_state

DAY_SECONDS = 86_400

_DOCUMENT = "perfect_puppy.document"

_UI = Path(flask_swagger_ui.__file__).parent / "dist"
UI_VERSION = (_UI / "VERSION").read_text().strip()
_UI_FILES = {
    # Their 1.8 MB stay on disk, and only what gzip makes of them in memory.
    name: replace(Content.of((_UI / name).read_bytes(), mimetype), body=_UI / name)
    for name, mimetype in {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}.items()
}

# The policy of the other pages forbids `data:` addresses, where Swagger UI's style sheet has its pictures.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
EXAMPLES = {"curl": "ask.sh", "Python": "ask.py", "JavaScript": "ask.mjs", "Many at once, in CSV": "batch.sh"}

blueprint = Blueprint("docs", __name__, url_prefix="/api")
blueprint.add_app_template_filter(shlex.quote, "quote")


@blueprint.get("/openapi.json")
def document() -> Response:
    """Return the document, which is made when `warm_up` asks for it, and is the same for each host."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if _DOCUMENT not in app.extensions:
        app.extensions[_DOCUMENT] = Content.of(msgspec.json.encode(make_document(app)), JSON)
    content: Content = app.extensions[_DOCUMENT]
    return content.respond()


@blueprint.get("/docs")
def page() -> Response:
    """Show the document, with examples, for people to read and try out."""
    response = _page()
    response.headers["Content-Security-Policy"] = POLICY
    return response


# The version in the address keeps a browser from using the cached file of an older version.
@blueprint.get(f"/docs/{UI_VERSION}/<any({', '.join(map(repr, _UI_FILES))}):name>")
def ui(name: str) -> Response:
    """Return a file of Swagger UI."""
    return _UI_FILES[name].respond(DAY_SECONDS)


@stored
def _page() -> str:
    problem = current_state().problem
    row = example_row(problem)
    body, csv = example(current_state()), as_csv(problem, row).splitlines()
    examples = {
        name: render_template(f"examples/{file}", origin=origin(), body=body, python=repr(row), csv=csv)
        for name, file in EXAMPLES.items()
    }
    return render_template("docs.html", examples=examples)
