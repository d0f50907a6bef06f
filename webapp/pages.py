"""The pages for people: the question and the recommendation."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from model.home_size import to_sqft
from webapp.forms import HomeForm
from webapp.recommend import UNIT_NAMES, get_predictor, picture_path, recommend
from webapp.words import figure, frequency, percentage

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_filter(figure)
blueprint.add_app_template_filter(frequency)
blueprint.add_app_template_filter(percentage)

EXPIRED = "This page was open for too long, or cookies are off. Your entry is still here: send it again."


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Ask the question, with the entry filled in that a link brings along."""
    unit = request.args.get("unit")
    entry = {"home_size": request.args.get("home_size"), "unit": unit if unit in UNIT_NAMES else "sqft"}
    return _question(HomeForm(None, data=entry))


@blueprint.post("/")
def ask() -> ResponseReturnValue:
    """Lead on to the recommendation for the entry, or say what is wrong with it."""
    # By itself Flask-WTF would also read JSON and uploaded files, which are no entries of this form.
    form = HomeForm(request.form)
    if not form.validate():
        return _question(form), 422
    # Hundredths are finer than a home is measured, and make an address that is read in one way only.
    address = url_for(".recommendation", home_size=round(form.home.value, 2), unit=form.home.unit)
    return redirect(address, 303)


@blueprint.get("/recommendation")
def recommendation() -> ResponseReturnValue:
    """Show the puppy for the home in the address, which can be kept and shared."""
    form = HomeForm(request.args, meta={"csrf": False})
    if not form.validate():
        return _question(form), 422
    predictor = get_predictor()
    answer = recommend(form.home)
    # Of equals, the breed that is recommended stands first.
    ranking = sorted(
        predictor.breeds, key=lambda breed: (breed.key != answer.breed, -answer.probabilities[breed.key])
    )
    return render_template(
        "pages/recommendation.html",
        home=form.home,
        unit=UNIT_NAMES[form.home.unit],
        answer=answer,
        picture=picture_path(answer.breed),
        ranking=ranking,
        training_range=[round(sqft / to_sqft(1, form.home.unit)) for sqft in predictor.training_range],
    )


def _question(form: HomeForm) -> str:
    breeds = get_predictor().breeds
    return render_template(
        "pages/home.html",
        form=form,
        errors={
            name: EXPIRED if name == "csrf_token" else sentences[0] for name, sentences in form.errors.items()
        },
        # Not the form's own: the one that reads an address is made without a token.
        csrf_token=generate_csrf(),
        pictures=[picture_path(breed.key) for breed in (breeds[0], breeds[-1])],
    )
