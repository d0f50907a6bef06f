"""The form: what a person enters for the size of their home."""

import re
from dataclasses import dataclass
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import StopValidation, ValidationError

from model.home_size import Unit
from webapp.recommend import UNIT_NAMES, Home, HomeSizeError, measure

LONGEST_ENTRY = 40
TYPICAL_HOMES = (
    ("Studio", {"sqft": 450, "m2": 40}),
    ("One-bedroom flat", {"sqft": 700, "m2": 65}),
    ("Two-bedroom flat", {"sqft": 950, "m2": 90}),
    ("Three-bedroom house", {"sqft": 1500, "m2": 140}),
    ("Large family house", {"sqft": 2800, "m2": 260}),
)
"""Rough figures of ours, to start from: homes differ widely from place to place."""

# `\d` and `\s` also take the digits and spaces of other scripts; `float` reads those digits.
_ENTRY = re.compile(
    r"""(?P<figures>.*?)\s*
        (?: (?P<sqft> sq(?:uare|\.)?\s*(?:ft|feet|foot)\.? | ft[2²]? | sq?f )
          | (?P<m2> sq(?:uare|\.)?\s*m(?:et(?:er|re)s?)? | qm | m[2²]? | ㎡ ) )?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_FIGURES = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:\s\d{3})+|\d+)(?:\.\d*)?")
_SEPARATORS = re.compile(r"[,\s]")
_DIGITS_AND_SEPARATORS = re.compile(r"[-+]?[\d.,\s]*\d[\d.,\s]*")
# Half the world writes a dot where English has its comma.
_PERHAPS_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person wrote: the figures, the number they say, and the unit where they wrote one."""

    figures: str
    number: int | float
    unit: Unit | None


def read_entry(text: str) -> Entry:
    """Read what a person wrote, such as "1,200", " 1 200 " or "92.5 m²".

    A comma or a space stands between thousands, a dot before decimals; what does not fit is not guessed at.

    Raises:
        ValidationError: the text is not a home size; the sentence says what to enter.
    """
    text = text.strip()
    if len(text) > LONGEST_ENTRY:
        raise ValidationError("Enter only the size of your home, like 1,200.")
    entry = _ENTRY.fullmatch(text)
    if entry is None or not entry["figures"]:
        raise ValidationError("Enter the size of your home.")
    figures = entry["figures"]
    if not _FIGURES.fullmatch(figures):
        if _DIGITS_AND_SEPARATORS.fullmatch(figures):
            raise ValidationError("Put commas only between thousands, and a dot before decimals: 1,200.5.")
        if any(map(str.isdecimal, figures)):
            raise ValidationError("Enter only a number, like 1,200, with sq ft or m² after it if you like.")
        raise ValidationError("Enter the size of your home in figures, like 1,200.")
    number = float(_SEPARATORS.sub("", figures))
    unit: Unit | None = "sqft" if entry["sqft"] else "m2" if entry["m2"] else None
    return Entry(figures, int(number) if number.is_integer() else number, unit)


def to_home(entry: Entry, unit: Unit) -> Home:
    """Give the home that an entry means.

    Raises:
        ValidationError: there is no recommendation for it; the sentence says why.
    """
    if _PERHAPS_THOUSANDS.fullmatch(entry.figures):
        _ask_if_thousands(entry, unit)
    try:
        return measure(entry.number, unit)
    except HomeSizeError as error:
        raise ValidationError(f"The size of your home must be {error}.") from error


def _ask_if_thousands(entry: Entry, unit: Unit) -> None:
    thousands = round(entry.number * 1000)
    try:
        measure(thousands, unit)
    except HomeSizeError:
        return  # Read as thousands it would be no home, so the dot stands before decimals.
    raise ValidationError(
        f"Does {entry.figures} mean {thousands:,} or {entry.number:.2f}? Enter the one you mean."
    )


def given_once(_form: FlaskForm, field: Field) -> None:
    """Refuse several values, as to take one of them would be a guess."""
    if field.raw_data and len(field.raw_data) > 1:
        raise StopValidation(f"{field.label.text} Give one answer, not several.")


class HomeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no type hints
    """The one question.

    Attributes:
        home: what was entered, once the form has been found valid.
    """

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
