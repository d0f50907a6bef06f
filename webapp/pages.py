"""The pages for people: the question and the recommendation."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.forms import HomeForm
from webapp.recommend import UNIT_NAMES, get_predictor, measure, picture_path, recommend
from webapp.words import figure, frequency, percentage

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_filter(figure)
blueprint.add_app_template_filter(frequency)
blueprint.add_app_template_filter(percentage)

EXPIRED = "This page had been open for too long. Your entry is still here: press the button once more."


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Ask the question, with the entry kept where a link brings one."""
    return render_template("pages/home.html", form=HomeForm(request.args or None))


@blueprint.post("/")
def ask() -> ResponseReturnValue:
    """Check the entry; lead on to its recommendation, or say what is wrong."""
    form = HomeForm()
    if form.validate():
        address = url_for("pages.recommendation", home_size=form.home_size.data, unit=form.unit.data)
        return redirect(address, 303)
    return _ask_again(form)


@blueprint.get("/recommendation")
def recommendation() -> ResponseReturnValue:
    """Show the puppy for the home in the query string; the address can be kept and shared."""
    form = HomeForm(request.args, meta={"csrf": False})
    if not form.validate():
        return _ask_again(HomeForm(request.args), errors=form.errors)
    home = measure(form.home_size.data, form.unit.data)
    answer = recommend(home)
    names = {breed.key: breed.name for breed in get_predictor().breeds}
    return render_template(
        "pages/recommendation.html",
        answer=answer,
        home=home,
        unit=UNIT_NAMES[home.unit],
        picture=picture_path(answer.breed),
        others=[
            (names[breed], share) for breed, share in answer.probabilities.items() if breed != answer.breed
        ],
        training_range=get_predictor().training_range,
    )


def _ask_again(form: HomeForm, errors: dict[str, list[str]] | None = None) -> ResponseReturnValue:
    found = dict(form.errors if errors is None else errors)
    if found.pop("csrf_token", None):
        found.setdefault("home_size", [EXPIRED])
    return render_template("pages/home.html", form=form, errors=found), 422
