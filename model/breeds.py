"""The catalogue of breeds: names, pictures, and facts with their sources."""

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec

BREEDS_FILE = Path(__file__).with_name("breeds.toml")

# These types refuse the empty texts and zeros that `template` leaves to be filled in.
NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]

_TEMPLATE = """
[{head}]
name = {name}
picture = "{picture}.svg"  # a drawing in static/breeds/

[{head}.weight_kg]  # of adult dogs, males and females together
min = 0
max = 0
source = ""  # who says so
url = ""

[{head}.height_cm]  # at the withers
min = 0
max = 0
source = ""
url = ""

[{head}.space]
text = ""  # one line: how much room the breed wants
source = ""
url = ""

[{head}.exercise]
text = ""  # one line: how much exercise the breed wants
source = ""
url = ""
"""


class CatalogueError(Exception):
    """The catalogue of breeds cannot be used; the message is one sentence that names the file."""


class SourcedRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range over adult dogs of a breed, males and females together, and its source."""

    min: Positive
    max: Positive
    source: NonEmpty
    url: NonEmpty

    @property
    def middle(self) -> float:
        """Return the middle of the range, in its unit."""
        return (self.min + self.max) / 2


class SourcedText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line about a breed, and its source."""

    text: NonEmpty
    source: NonEmpty
    url: NonEmpty


class Breed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One breed of the catalogue.

    Attributes:
        key: The identifier in data, models and the API, such as ``german_shepherd``.
        name: The name for people, such as ``German Shepherd``.
        picture: A file name in ``static/breeds/``.
        weight_kg: Adult weight, in kilograms.
        height_cm: Adult height at the withers, in centimetres.
        space: How much room the breed wants.
        exercise: How much exercise the breed wants.
    """

    key: str
    name: NonEmpty
    picture: NonEmpty
    weight_kg: SourcedRange
    height_cm: SourcedRange
    space: SourcedText
    exercise: SourcedText


def load_breeds(path: Path = BREEDS_FILE) -> dict[str, Breed]:
    """Read the catalogue.

    Args:
        path: A TOML file like ``model/breeds.toml``, with a table for each breed.

    Returns:
        The breeds by key, in the order of the file.

    Raises:
        CatalogueError: The file cannot be read, is not TOML, or a breed has a missing, unknown or invalid
            field.
    """
    try:
        with path.open("rb") as file:
            tables: dict[str, Any] = tomllib.load(file)
    except OSError as error:
        raise CatalogueError(f"Cannot read the breed catalogue {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"The breed catalogue {path} is not valid TOML: {error}.") from error
    return {key: _breed(path, key, table) for key, table in tables.items()}


def _breed(path: Path, key: str, table: Any) -> Breed:
    if not isinstance(table, dict):
        raise CatalogueError(
            f"The breed catalogue {path} has {key!r} outside a breed's table; move or remove it."
        )
    try:
        breed = msgspec.convert({"key": key, **table}, Breed)
    except msgspec.ValidationError as error:
        raise CatalogueError(f"The breed {key!r} in the catalogue {path} is not valid: {error}.") from error
    for span, name in ((breed.weight_kg, "weight_kg"), (breed.height_cm, "height_cm")):
        if span.min > span.max:
            raise CatalogueError(
                f"The breed {key!r} in the catalogue {path} is not valid: {name} runs from {span.min:g} "
                f"down to {span.max:g}."
            )
    return breed


def template(keys: Iterable[str]) -> str:
    """Return TOML tables for new breeds, to be appended to the catalogue and filled in.

    ``load_breeds`` refuses a table with an empty field.

    Args:
        keys: The new breeds, as the data call them.
    """
    tables = []
    for key in keys:
        head = key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)
        picture = re.sub(r"\W+", "_", key.lower())
        name = json.dumps(key.replace("_", " ").title())
        tables.append(_TEMPLATE.format(head=head, name=name, picture=picture))
    return "".join(tables)
