"""The pages for people: the question, the recommendation, the breeds."""

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf, same_origin

from model.breeds import Breed
from model.home_size import SQFT_PER_M2
from webapp.caching import cacheable, stored
from webapp.compression import compress
from webapp.forms import TYPICAL_HOMES, HomeForm
from webapp.recommend import UNIT_NAMES, get_predictor, picture_file, recommend
from webapp.static_files import YEAR_SECONDS
from webapp.verdict import judge
from webapp.words import figure, frequency, percentage

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_filter(figure)
blueprint.add_app_template_filter(frequency)
blueprint.add_app_template_filter(percentage)

EXPIRED = "This page was open for too long, or cookies are off. Your entry is still here: send it again."
UNIT_COOKIE = "unit"


@blueprint.app_context_processor
def what_every_page_says() -> dict[str, bool]:
    """Whether the model's homes are simulated: then every page says so."""
    return {"simulated": get_predictor().manifest.data.simulated}


@blueprint.app_template_global()
def drawing(breed: Breed) -> str:
    """Give the address of a breed's drawing."""
    return url_for("static", filename=picture_file(breed.key))


@blueprint.app_template_global()
def social_picture(breed: str) -> str:
    """Give the address of the picture that a chat shows with a link: the breed's, where it has one."""
    name = f"social/{breed}.png"
    known = name in current_app.extensions["static_files"]
    return url_for("static", filename=name if known else "social/perfect-puppy.png", _external=True)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Ask the question, with the entry filled in that a link brings along, in the unit of last time."""
    entry = {"home_size": request.args.get("home_size"), "unit": _known_unit()}
    return _question(HomeForm(None, data=entry))


@blueprint.post("/")
def ask() -> ResponseReturnValue:
    """Lead on to the recommendation for the entry, or say what is wrong with it."""
    # By itself Flask-WTF would also read JSON and uploaded files, which are no entries of this form.
    form = HomeForm(request.form)
    valid = form.validate()
    # Under TLS a browser always says which page of ours it comes from (our Referrer-Policy lets it), and a
    # neighbouring host, which can set cookies for this one, can't say so.
    if request.is_secure and not same_origin(request.referrer or "", request.host_url):
        return _question(form, 422, expired=True)
    if not valid:
        return _question(form, 422)
    # Hundredths are finer than a home is measured, and make an address that is read in one way only.
    address = url_for(".recommendation", home_size=round(form.home.value, 2), unit=form.home.unit)
    response = redirect(address, 303)
    response.set_cookie(
        UNIT_COOKIE,
        form.home.unit,
        max_age=YEAR_SECONDS,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.get("/recommendation")
def recommendation() -> ResponseReturnValue:
    """Show the puppy for the home in the address, which can be kept and shared."""
    form = HomeForm(request.args, meta={"csrf": False})
    if not form.validate():
        return _question(form, 422)
    verdict = judge(get_predictor(), form.home, recommend(form.home))
    return _page("pages/recommendation.html", verdict=verdict)


@blueprint.get("/preview")
def preview() -> ResponseReturnValue:
    """Give the heart of that page, for the one that asks; nothing where the entry is no home (yet).

    A thumb on a slider asks many times: it counts as no recommendation.
    """
    form = HomeForm(request.args, meta={"csrf": False})
    if not form.validate():
        return "", 204
    predictor = get_predictor()
    return _page("pages/preview.html", verdict=judge(predictor, form.home, predictor.predict(form.home.sqft)))


@blueprint.get("/breeds")
def breeds() -> ResponseReturnValue:
    """Show the breeds that the model can answer."""
    return stored(_breeds)


def _breeds() -> str:
    return render_template("pages/breeds.html", breeds=get_predictor().breeds)


def _known_unit() -> str:
    wanted = (request.args.get("unit"), request.cookies.get(UNIT_COOKIE))
    return next((unit for unit in wanted if unit in UNIT_NAMES), "sqft")


def _page(template: str, **content: object) -> Response:
    """Show what only the address decides, and so can be kept."""
    return compress(cacheable(Response(render_template(template, **content))))


def _question(form: HomeForm, status: int = 200, *, expired: bool = False) -> Response:
    predictor = get_predictor()
    errors = {name: sentences[0] for name, sentences in form.errors.items()}
    page = render_template(
        "pages/home.html",
        form=form,
        errors=errors | ({"csrf_token": EXPIRED} if expired or "csrf_token" in errors else {}),
        # Not the form's own: the one that reads an address is made without a token.
        csrf_token=generate_csrf(),
        breeds=(predictor.breeds[0], predictor.breeds[-1]),
        range_seen=predictor.training_range,
        sqft_per={"sqft": 1, "m2": SQFT_PER_M2},
        typical_homes=TYPICAL_HOMES,
    )
    response = compress(Response(page, status))
    # One person's token; not "no-store", with which the way back would lose the entry.
    response.headers["Cache-Control"] = "private, no-cache"
    return response
