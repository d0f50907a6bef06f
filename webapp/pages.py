"""The pages for people: the question and the recommendation."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.forms import HomeForm
from webapp.recommend import get_predictor, measure, picture_path, recommend

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Ask the question, with the entry kept where a link brings one."""
    return render_template("pages/home.html", form=HomeForm(_entry()), errors={})


@blueprint.post("/")
def ask() -> ResponseReturnValue:
    """Check the entry; lead on to its recommendation, or say at the field what is wrong."""
    form = HomeForm()
    if form.validate_on_submit():
        return redirect(
            url_for("pages.recommendation", home_size=form.home_size.data, unit=form.unit.data), 303
        )
    return render_template("pages/home.html", form=form, errors=form.errors), 422
