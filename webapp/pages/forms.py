"""The form in which a person enters the size of their home."""

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
"""Our own rough figures for people who do not know the size of their home."""


def given_once(_form: FlaskForm, field: Field) -> None:
    """Refuse a field that is given several times, because to choose one of the values would be a guess.

    Raises:
        StopValidation: the field has several values.
    """
    if field.raw_data and len(field.raw_data) > 1:
        raise StopValidation(f"{field.label.text} Give one answer, not several.")


class HomeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no type hints
    """The question for the size of a home and its unit.

    Attributes:
        home: the home that was entered; set when the form is valid.
    """

    class Meta:
        """Options of Flask-WTF: no token, because the form changes nothing on the server."""

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
        """Read the entry. A unit written in the entry overrides the field `unit`.

        Raises:
            ValidationError: the entry is not a home size, or outside the limits.
        """
        entry = read_entry(field.data or "")
        unit = entry.unit or self.unit.data
        if unit in UNIT_NAMES:
            self.home = to_home(entry, unit)
