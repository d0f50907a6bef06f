"""The form: what a person enters for the size of their home."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import StopValidation

from webapp.home import UNIT_NAMES, Home
from webapp.pages.entries import read_entry, to_home

TYPICAL_HOMES = (
    ("Studio", {"sqft": 450, "m2": 40}),
    ("One-bedroom flat", {"sqft": 700, "m2": 65}),
    ("Two-bedroom flat", {"sqft": 950, "m2": 90}),
    ("Three-bedroom house", {"sqft": 1500, "m2": 140}),
    ("Large family house", {"sqft": 2800, "m2": 260}),
)
"""Rough figures of ours, to start from: homes differ widely from place to place."""


def given_once(_form: FlaskForm, field: Field) -> None:
    """Refuse several values, as to take one of them would be a guess."""
    if field.raw_data and len(field.raw_data) > 1:
        raise StopValidation(f"{field.label.text} Give one answer, not several.")


class HomeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no type hints
    """The one question.

    Attributes:
        home: what was entered, once the form has been found valid.
    """

    class Meta:
        """Without a token: the form only asks, so who forges it changes nothing."""

        csrf = False

    home: Home
    home_size = StringField("How big is your home?", [given_once])
    unit = RadioField(
        "In which unit?",
        [given_once],
        choices=[SelectChoice(unit, name) for unit, name in UNIT_NAMES.items()],
        default="sqft",
        invalid_choice_message=f"Choose {' or '.join(UNIT_NAMES.values())}.",  # type: ignore[call-arg]
    )

    def validate_home_size(self, field: Any) -> None:
        """Read the entry; a unit that is written in it counts more than the choice beside it."""
        entry = read_entry(field.data or "")
        unit = entry.unit or self.unit.data
        if unit in UNIT_NAMES:
            self.home = to_home(entry, unit)
