"""The page about the model: its card, from the artifact."""

from functools import lru_cache

from flask import Blueprint, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup

from model.manifest import CARD_NAME
from webapp.http.caching import stored
from webapp.http.state import current_state

SCROLL_BOX = '<div class="scroll" role="group" aria-label="Table" tabindex="0">'
"""Opens a box around a table. On a narrow screen the box scrolls, by keyboard too, and the page does not."""

blueprint = Blueprint("model_page", __name__)


@blueprint.get("/model")
@stored
def model() -> str:
    """Show the model card: what the model was trained on, how good it is, and where its limits are."""
    artifact = current_state().artifact
    card = _render(artifact.documents[CARD_NAME].decode(), f"/model/{artifact.manifest.model_version}")
    return render_template("pages/model.html", card=Markup(card))  # noqa: S704 - rendered without raw HTML


@lru_cache(maxsize=1)
def _render(card: str, plots: str) -> str:
    """Render the card's Markdown as HTML; HTML in the Markdown is escaped."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("table_open", lambda *_: SCROLL_BOX + "<table>\n")
    markdown.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    tokens = markdown.parse(card)
    for token in tokens:
        if "style" in token.attrs:  # a cell's alignment, as a style that the Content-Security-Policy forbids
            token.attrs = {"class": "number"}
        for child in token.children or ():
            if child.type == "image":
                child.attrs |= {"src": f"{plots}/{child.attrs['src']}", "loading": "lazy"}
    return str(markdown.renderer.render(tokens, markdown.options, {}))
