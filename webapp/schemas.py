"""The JSON API's requests and answers, declared once."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec
from werkzeug.datastructures import MultiDict

from model.home_size import Unit
from webapp.problems import FieldError, Problem
from webapp.recommend import Home, HomeSizeError, measure


class PredictRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `/api/predict` takes, as a JSON body or as a query."""

    home_size: int | float
    unit: Literal["sqft", "m2"] = "sqft"


class HomeSize(msgspec.Struct, frozen=True):
    """The home size as given, and in sq ft."""

    value: int | float
    unit: Unit
    sqft: float


class PredictResponse(msgspec.Struct, frozen=True):
    """What `/api/predict` answers."""

    breed: str
    name: str
    probability: float
    probabilities: Mapping[str, float]
    image_url: str
    home_size: HomeSize
    outside_training_range: bool
    model_version: str


_body_decoder = msgspec.json.Decoder(PredictRequest)

# msgspec ends its sentence with the place: "Expected `int`, got `str` - at `$.home_size`".
_AT = re.compile(r"(?P<said>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_GOT = re.compile(r"Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`")
_NAMED = re.compile(r"Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_WORDS = {
    "array": "an array",
    "bool": "a boolean",
    "float": "a number",
    "int": "a number",
    "null": "null",
    "object": "an object",
    "str": "a string",
}


def read_body(body: bytes) -> Home:
    """Read the home from a JSON body.

    Raises:
        Problem: the body is not JSON in UTF-8, or not a `PredictRequest` with a home size in range.
    """
    try:
        given = _body_decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), where="pointer") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise Problem(
            "malformed-json",
            'The body is not JSON in UTF-8. Send an object such as {"home_size": 1200}.'
            if body
            else 'The body is empty. Send a JSON object such as {"home_size": 1200}.',
        ) from error
    return _measure(given, where="pointer")


def read_query(query: MultiDict[str, str]) -> Home:
    """Read the home from a query string.

    Raises:
        Problem: a parameter is missing, unknown, doubled or invalid.
    """
    for name, values in query.lists():
        if len(values) > 1:
            raise _invalid(
                name, f"{_shown(name)} is given {len(values)} times; give it once.", where="parameter"
            )
    try:
        given = msgspec.convert(query.to_dict(), PredictRequest, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), where="parameter") from error
    return _measure(given, where="parameter")


def _measure(given: PredictRequest, *, where: str) -> Home:
    try:
        return measure(given.home_size, given.unit)
    except HomeSizeError as error:
        raise _invalid(
            "home_size", f"home_size must be {error}; got {_shown(given.home_size)}.", where=where
        ) from error


def _refusal(said: str, *, where: str) -> Problem:
    """Turn msgspec's sentence into ours, with the place it speaks of."""
    at = _AT.fullmatch(said)
    message, path = (at["said"], at["path"] or "") if at else (said, "")
    field = path.removeprefix(".")
    if named := _NAMED.fullmatch(message):
        name = named["name"]
        if named["what"] == "missing required":
            return _invalid(name, f"{name} is missing. Give the size of the home as a number.", where=where)
        known = " and ".join(PredictRequest.__struct_fields__)
        return _invalid(name, f"{_shown(name)} is not known here; the known names are {known}.", where=where)
    if field == "unit":
        return _invalid(field, 'unit must be "sqft" or "m2".', where=where)
    if field == "home_size":
        got = _GOT.fullmatch(message)
        if got and where == "pointer":
            detail = f"home_size must be a number; got {_WORDS.get(got['got'], got['got'])}."
        elif got:
            detail = "home_size must be a number in plain figures, such as 1200 or 92.5."
        else:
            detail = "home_size is too large a number; the largest home is 100,000 sq ft."
        return _invalid(field, detail, where=where)
    got = _GOT.fullmatch(message)
    kind = _WORDS.get(got["got"], got["got"]) if got else "something else"
    return Problem(
        "invalid-request", f'The body must be a JSON object such as {{"home_size": 1200}}; got {kind}.'
    )


def _invalid(name: str, detail: str, *, where: str) -> Problem:
    slug = {"home_size": "invalid-home-size", "unit": "invalid-unit"}.get(name, "invalid-request")
    if where == "parameter":
        return Problem(slug, detail, FieldError(detail, parameter=name))
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return Problem(slug, detail, FieldError(detail, pointer=pointer))


def _shown(given: object) -> str:
    """Show what was given, cut to a length that fits a sentence."""
    if isinstance(given, int) and abs(given) >= 10**20:
        return "a number of more than 20 digits"
    text = str(given)
    return text if len(text) <= 40 else f"{text[:40]}…"
