"""The form: what a person types for the size of their home."""

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, RadioField
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from webapp.recommend import UNIT_NAMES, HomeSizeError, measure

# Figures with or without commas between the thousands, and a decimal point.
_FIGURES = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", re.ASCII)


def parse_home_size(entry: str) -> int | float:
    """Read the number a person typed, such as "1,200" or "92.5".

    Raises:
        ValueError: the entry is empty or not a number; the message says what to enter.
    """
    text = "".join(entry.split())
    if not text:
        raise ValueError("Enter the size of your home.")
    if not _FIGURES.fullmatch(text) or len(text) > 40:
        raise ValueError("Enter the size of your home in figures, like 1,200.")
    number = float(text.replace(",", ""))
    return int(number) if number.is_integer() else number


class HomeSizeField(Field):
    """A number as people write it; the entry is kept as it was typed."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Parse the entry."""
        self.entry = valuelist[0] if valuelist else ""
        self.data = None
        self.data = parse_home_size(self.entry)

    def _value(self) -> str:
        return getattr(self, "entry", "")


class HomeForm(FlaskForm):
    """The one question."""

    home_size = HomeSizeField("How big is your home?")
    unit = RadioField("Unit", choices=list(UNIT_NAMES.items()), default="sqft")

    def validate_home_size(self, field: HomeSizeField) -> None:
        """Refuse a size we have nothing to say about."""
        if field.data is None or self.unit.data not in UNIT_NAMES:
            return
        try:
            measure(field.data, self.unit.data)
        except HomeSizeError as error:
            raise ValidationError(f"The size of your home must be {error}.") from error
