"""The routes of the pages: the question, the recommendation and the breeds."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from model.breeds import Breed
from model.home_size import SQFT_PER_M2
from webapp.home import UNIT_NAMES
from webapp.http.caching import MAX_AGE_SECONDS, cacheable, stored
from webapp.http.compression import compress
from webapp.http.request_context import current_context
from webapp.http.state import current_state
from webapp.pages.chart import span
from webapp.pages.forms import TYPICAL_HOMES, HomeForm
from webapp.pages.verdict import judge
from webapp.pages.words import figure, frequency, percentage
from webapp.recommend import picture_of, recommend

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_filter(figure)
blueprint.add_app_template_filter(frequency)
blueprint.add_app_template_filter(percentage)


@blueprint.app_context_processor
def template_context() -> dict[str, bool]:
    """Tell every template whether the training data is simulated, because every page then says so."""
    return {"simulated": current_state().predictor.manifest.data.simulated}


@blueprint.app_template_global()
def drawing(breed: Breed) -> str:
    """Return the address of a breed's drawing."""
    return url_for("static", filename=picture_of(breed.key, current_state()))


@blueprint.app_template_global()
def social_picture(breed: str) -> str:
    """Return the address of a breed's picture for link previews; a general picture where it has none."""
    name = f"social/{breed}.png"
    known = name in current_state().static_files
    return url_for("static", filename=name if known else "social/perfect-puppy.png", _external=True)


@blueprint.get("/")
def home() -> Response:
    """Show the form, filled in with the entry in the address."""
    unit = request.args.get("unit")
    entry = {"home_size": request.args.get("home_size"), "unit": unit if unit in UNIT_NAMES else "sqft"}
    return _page(_question(HomeForm(None, data=entry)))


@blueprint.get("/recommendation")
def recommendation() -> ResponseReturnValue:
    """Show the puppy for the entry in the address, or say what is wrong with the entry."""
    form = HomeForm(request.args)
    if not form.validate():
        response = compress(Response(_question(form), 422))
        response.headers["Cache-Control"] = "no-store"
        return response
    home = form.home
    if (form.home_size.data, form.unit.data) != (str(home.value), home.unit):
        # The address that people copy then has the home as it was read, not "110 m²" with unit=sqft. The
        # status is 302, since a later release may read more entries. Other parameters are not compared: a
        # service that adds one to every request would be redirected for ever.
        canonical = redirect(url_for(".recommendation", home_size=home.value, unit=home.unit), 302)
        canonical.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
        return canonical
    predictor = current_state().predictor
    answer = recommend(predictor, home)
    current_context().prediction = (home, answer)
    verdict = judge(predictor, home, answer)
    return _page(render_template("pages/recommendation.html", verdict=verdict))


@blueprint.get("/preview")
def preview() -> ResponseReturnValue:
    """Return the verdict of an entry as HTML for the page of the form, or 204 if the entry is no home (yet).

    The metrics do not count these answers as predictions, because a moved slider asks for many.
    """
    form = HomeForm(request.args)
    if not form.validate():
        return "", 204, {"Cache-Control": "no-store"}
    predictor = current_state().predictor
    verdict = judge(predictor, form.home, recommend(predictor, form.home))
    return _page(render_template("pages/preview.html", verdict=verdict))


@blueprint.get("/breeds")
def breeds() -> Response:
    """Show the breeds that the model can answer."""
    return stored(_breeds)


def _breeds() -> str:
    return render_template("pages/breeds.html", breeds=current_state().predictor.breeds)


def _page(html: str) -> Response:
    """Return a page that depends on its address only, so that clients may keep it."""
    return compress(cacheable(Response(html)))


def _question(form: HomeForm) -> str:
    predictor = current_state().predictor
    return render_template(
        "pages/home.html",
        form=form,
        errors={name: sentences[0] for name, sentences in form.errors.items()},
        breeds=(predictor.breeds[0], predictor.breeds[-1]),
        slider_range=span(predictor),
        sqft_per={"sqft": 1, "m2": SQFT_PER_M2},
        typical_homes=TYPICAL_HOMES,
    )
