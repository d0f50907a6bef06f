"""The form: what a person types for the size of their home."""

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from webapp.recommend import UNIT_NAMES, HomeSizeError, measure

# Figures, with commas or spaces between the thousands or none, and a decimal point.
_FIGURES = re.compile(r"[-+]?(\d{1,3}([, ]\d{3})+|\d+)(\.\d+)?", re.ASCII)
_LONGEST = 40


def parse_home_size(entry: str) -> int | float:
    """Read the number a person typed, such as "1,200" or "92.5".

    Raises:
        ValueError: the entry is empty or not a number; the message says what to enter.
    """
    text = " ".join(entry.split())
    if not text:
        raise ValueError("Enter the size of your home.")
    if len(text) > _LONGEST or not _FIGURES.fullmatch(text):
        raise ValueError("Enter the size of your home in figures, like 1,200.")
    number = float(text.replace(",", "").replace(" ", ""))
    return int(number) if number.is_integer() else number


class HomeSizeField(Field):
    """A number as people write it; the entry is kept as it was typed."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Parse the entry; the last one, where there are several."""
        self.entry = str(valuelist[-1]) if valuelist else ""
        self.data = None
        self.data = parse_home_size(self.entry)

    def _value(self) -> str:
        return getattr(self, "entry", "")


class HomeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no type hints
    """The one question."""

    home_size = HomeSizeField("How big is your home?")
    unit = RadioField(
        "Unit",
        choices=[SelectChoice(unit, name) for unit, name in UNIT_NAMES.items()],
        default="sqft",
        filters=[lambda given: given or "sqft"],
        validate_choice=False,
    )

    def validate_unit(self, field: RadioField) -> None:
        """Refuse a unit that the page does not offer."""
        if field.data not in UNIT_NAMES:
            field.data = "sqft"
            raise ValidationError("Choose sq ft or m².")

    def validate_home_size(self, field: HomeSizeField) -> None:
        """Refuse a size we have nothing to say about."""
        if field.data is None and not field.process_errors:
            raise ValidationError("Enter the size of your home.")
        if field.data is None or self.unit.data not in UNIT_NAMES:
            return
        try:
            measure(field.data, self.unit.data)
        except HomeSizeError as error:
            raise ValidationError(f"The size of your home must be {error}.") from error
