"""The page about the model: the artifact's own card and plots."""

from functools import lru_cache

from flask import Blueprint, Response, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from model.manifest import CARD_NAME
from webapp.http.caching import YEAR_SECONDS, stored
from webapp.http.state import current_state

SCROLLS_ALONE = '<div class="scroll" role="group" aria-label="Table" tabindex="0">'
"""On a narrow screen a wide table scrolls by itself, with the keyboard too, and not the whole page."""

blueprint = Blueprint("card", __name__)


@blueprint.get("/model")
def model() -> Response:
    """Say what the model was trained on, how good it is, and where its limits are."""
    return stored(_page)


# The version is in the address, so that a browser can keep the plot of one model and ask for another's.
@blueprint.get("/model/<version>/<name>")
def plot(version: str, name: str) -> Response:
    """Give a plot of the card."""
    state = current_state()
    if version != state.predictor.model_version or name not in state.plots:
        raise NotFound
    response = state.plots[name].respond(YEAR_SECONDS)
    # It brings a style of its own, as a picture may; nothing else.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


def _page() -> str:
    artifact = current_state().artifact
    card = _render(artifact.documents[CARD_NAME].decode(), f"/model/{artifact.manifest.model_version}")
    return render_template("pages/model.html", card=Markup(card))  # noqa: S704 - made of Markdown without HTML


@lru_cache(maxsize=1)
def _render(card: str, plots: str) -> str:
    """Make HTML of the card, without any of its own that Markdown would let through."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("table_open", lambda *_: SCROLLS_ALONE + "<table>\n")
    markdown.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    tokens = markdown.parse(card)
    for token in tokens:
        if "style" in token.attrs:  # alignment; the Content-Security-Policy takes no style in a tag
            token.attrs = {"class": "number"}
        for child in token.children or ():
            if child.type == "image":
                child.attrs |= {"src": f"{plots}/{child.attrs['src']}", "loading": "lazy"}
    return str(markdown.renderer.render(tokens, markdown.options, {}))
