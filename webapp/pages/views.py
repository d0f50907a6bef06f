"""The routes of the pages: the questions, the answer and the catalogue of classes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import Field

from model.problem.description import Class
from model.problem.features import Number
from model.problem.rows import example_row
from webapp.http.caching import MAX_AGE_SECONDS, cacheable, stored
from webapp.http.compression import compress
from webapp.http.files import picture_path
from webapp.http.request_context import current_context, origin
from webapp.http.state import current_state, state_of
from webapp.pages.chart import Axis
from webapp.pages.forms import RowForm, address_of, form_of
from webapp.pages.verdict import Verdict
from webapp.words import class_in_words, frequency, percentage, with_article

blueprint = Blueprint("pages", __name__)
for _in_words in (frequency, percentage, with_article):
    blueprint.add_app_template_filter(_in_words)
blueprint.add_app_template_test(lambda feature: isinstance(feature, Number), "number_feature")


@blueprint.app_context_processor
def template_context() -> dict[str, Any]:
    """Give every template the words of the problem, and whether the training data is simulated."""
    state = current_state()
    problem = state.problem
    return {
        "problem": problem,
        "predictor": state.predictor,
        "simulated": state.predictor.manifest.data.simulated,
        "class_in_words": lambda key: class_in_words(problem, key),
    }


@blueprint.app_template_global()
@lru_cache(maxsize=256)
def fragment(template: str, subject: object, key: tuple[str, ...] = ()) -> Markup:
    """Render a part of a page that depends on its arguments alone, once: a third of an answer's CPU time."""
    return Markup(render_template(template, subject=subject, key=key))  # noqa: S704 - rendered with escaping


@blueprint.app_template_global()
def icon() -> str:
    """Return the address of the site's icon."""
    return picture_path(current_state().problem.icon) or url_for("files.static", filename="icon.svg")


@blueprint.app_template_global()
def absolute(path: str) -> str:
    """Return an address with scheme and host."""
    return f"{origin()}{path}"


@blueprint.app_template_global()
def picture_alt(entry: Class) -> str:
    """Return the words for a class's picture."""
    problem = current_state().problem
    same = problem.answer.name == problem.target.name.replace("_", " ")
    return entry.name if same else f"{entry.name} {problem.answer.name}"


@blueprint.app_template_global()
def typical_address(fields: Mapping[str, Field], number: Number, value: float) -> str:
    """Return the address of the form with a typical value in place of an entry."""
    entries = {name: field.data for name, field in fields.items() if field.data}
    return f"{url_for('pages.home')}?{urlencode(entries | {number.name: value})}"


@blueprint.app_template_global()
def example_address() -> str:
    """Return the address of the form with a typical row in it."""
    predictor = current_state().predictor
    row = predictor.reader.from_json(example_row(predictor.problem))
    parameters: dict[str, Any] = address_of(predictor.problem, row)
    return url_for("pages.home", **parameters)


@blueprint.get("/")
def home() -> Response:
    """Show the form, filled in with the entries in the address."""
    return _page(_form()) if request.args else _empty_form()


def _form() -> str:
    state = current_state()
    form = form_of(state.predictor)(request.args)
    for number in state.problem.numbers:
        if member := state.problem.unit_members.get(number.name):
            unit = form.by_name[member]
            unit.data = unit.data if unit.data in number.units else number.unit
    return _question(form)


_empty_form = stored(_form)


@blueprint.get("/recommendation")
def recommendation() -> ResponseReturnValue:
    """Show the answer for the entries in the address, or say what is wrong with them."""
    state = current_state()
    form = form_of(state.predictor)(request.args)
    if not form.validate():
        response = compress(Response(_question(form), 422))
        response.headers["Cache-Control"] = "no-store"
        return response
    row = form.row
    if not form.is_canonical():
        # The address that people copy then has the row as it was read, not "110 m²" with unit=sqft. The
        # status is 302, since a later release may read more entries. Other parameters are not compared: a
        # service that adds one to every request would be redirected for ever.
        parameters: dict[str, Any] = address_of(state.problem, row)
        canonical = redirect(url_for(".recommendation", **parameters), 302)
        canonical.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
        return canonical
    answer = state.predictor.predict(row)
    current_context().prediction = (row, answer)
    verdict = Verdict(state.predictor, row, answer, by=request.args.get("chart", ""))
    return _page(
        render_template(
            "pages/recommendation.html", verdict=verdict, query=urlencode(address_of(state.problem, row))
        )
    )


@blueprint.get("/preview")
def preview() -> ResponseReturnValue:
    """Return the verdict of the entries as HTML for the page of the form, or 204 if they are no row (yet).

    Its chart varies the number of the slider, if that is given. The metrics do not count these answers as
    predictions, because a moved slider asks for many.
    """
    predictor = current_state().predictor
    form = form_of(predictor)(request.args)
    if not form.validate():
        return "", 204, {"Cache-Control": "no-store"}
    row = form.row
    numbers = predictor.problem.numbers
    verdict = Verdict(predictor, row, predictor.predict(row), by=numbers[0].name if numbers else "")
    return _page(render_template("pages/preview.html", verdict=verdict))


@stored
def classes() -> str:
    """Show the classes that the model can answer."""
    return render_template("pages/classes.html")


@blueprint.record
def _add_classes(setup: BlueprintSetupState) -> None:
    """Add the page of the catalogue, whose address is the target's plural."""
    path = state_of(setup.app).problem.path  # type: ignore[arg-type]
    setup.add_url_rule(f"/{path}", "classes", classes, methods=["GET"])


def _page(html: str) -> Response:
    """Return a page that depends on its address only, so that clients may keep it."""
    return compress(cacheable(Response(html)))


def _question(form: RowForm) -> str:
    predictor = current_state().predictor
    problem = predictor.problem
    return render_template(
        "pages/home.html",
        fields=form.by_name,
        errors=form.sentences,
        pictured=[entry for entry in (predictor.classes[0], predictor.classes[-1]) if entry.picture],
        slider=Axis.of(predictor, problem.numbers[0]) if problem.numbers else None,
    )
