"""From a JSON body or a query to what it says: msgspec judges, and its refusals become our sentences."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar, get_origin

import msgspec
from werkzeug.datastructures import MultiDict

from model.home_size import Unit
from webapp.problems import Problem
from webapp.recommend import Home, HomeSizeError, measure
from webapp.schemas import MAX_HOMES, FieldError, PredictRequest

StructT = TypeVar("StructT", bound=msgspec.Struct)
MeasuredT = TypeVar("MeasuredT")

EXAMPLE = '{"home_size": 1200}'

home_decoder = msgspec.json.Decoder(PredictRequest)

TOO_MANY = f"A batch has at most {MAX_HOMES:,} homes, and this one has more. Send it in parts."

# msgspec ends its sentence with the place: "Expected `int`, got `str` - at `$.home_size`".
_AT = re.compile(r"(?P<said>.*?)(?: - at `\$\.?(?P<field>[^`]*)`)?", re.DOTALL)
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
_CHOICES = {"unit": 'unit must be "sqft" or "m2".', "errors": 'errors must be "fail" or "report".'}
_MISSING = {
    "home_size": "home_size is missing. Give the size of the home as a number.",
    "homes": f'homes is missing. Give a list of homes, such as {{"homes": [{EXAMPLE}]}}.',
}
_SIZE = "home_size"
_SLUGS = {_SIZE: "invalid-home-size", "unit": "invalid-unit"}


class Refusal(Exception):  # noqa: N818 - as a Problem, of which it is a part
    """What is wrong with one home or one query; `field` is empty where it is the whole.

    `slug` is the kind of problem it is where it stands alone.
    """

    def __init__(self, detail: str, field: str = "", slug: str = "invalid-request") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.slug = slug


def read_body(body: bytes) -> Home:
    """Read the home from a JSON body.

    Raises:
        Problem: the body is not JSON in UTF-8, or not a `PredictRequest` with a home size in range.
    """
    try:
        given = decode(home_decoder, body, what="The body", example=EXAMPLE)
        return measured(given, measure)
    except Refusal as refusal:
        raise body_problem(refusal) from refusal


def read_home_query(query: MultiDict[str, str]) -> Home:
    """Read the home from a query string.

    Raises:
        Problem: a parameter is missing, unknown, doubled or invalid.
    """
    given = read_query(query, PredictRequest)
    try:
        return measured(given, measure)
    except Refusal as refusal:
        raise _query_problem(refusal) from refusal


def read_query(query: MultiDict[str, str], form: type[StructT]) -> StructT:
    """Read the parameters that `form` names.

    Raises:
        Problem: a parameter is missing, unknown, doubled or invalid.
    """
    for name, values in query.lists():
        if len(values) > 1:
            doubled = f"{shown(name)} is given {len(values)} times; give it once."
            raise _query_problem(Refusal(doubled, name, _SLUGS.get(name, "invalid-request")))
    try:
        return msgspec.convert(query.to_dict(), form, strict=False)
    except msgspec.ValidationError as error:
        raise _query_problem(_refusal(error, form, in_query=True)) from error


def decode(
    decoder: msgspec.json.Decoder[StructT], body: bytes | msgspec.Raw, *, what: str, example: str
) -> StructT:
    """Decode JSON that should look like `example`; `what` begins the sentence if it is no object at all.

    Raises:
        Problem: it is not JSON in UTF-8.
        Refusal: it is JSON of another form.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        form = get_origin(decoder.type) or decoder.type
        raise _refusal(error, form, what=what, example=example) from error
    except RecursionError as error:
        raise Problem(
            "malformed-json", f"The body is nested too deep. Send an object such as {example}."
        ) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise Problem(
            "malformed-json",
            f"The body is not JSON in UTF-8. Send an object such as {example}."
            if body
            else f"The body is empty. Send a JSON object such as {example}.",
        ) from error


def read_text(body: bytes, slug: str, encoding: str = "utf-8") -> str:
    """Decode a text.

    Raises:
        Problem: it is not UTF-8; of the kind `slug`.
    """
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Problem(slug, f"The body is not UTF-8: byte {error.start + 1} is wrong.") from error


def measured(given: PredictRequest, measure: Callable[[int | float, Unit], MeasuredT]) -> MeasuredT:
    """Measure a home that has been read.

    Raises:
        Refusal: its size is out of range.
    """
    try:
        return measure(given.home_size, given.unit)
    except HomeSizeError as error:
        raise Refusal(
            f"home_size must be {error}; got {shown(given.home_size)}.", _SIZE, _SLUGS[_SIZE]
        ) from error


def body_problem(refusal: Refusal) -> Problem:
    """Refuse a JSON body."""
    errors = [FieldError(refusal.detail, pointer=pointer(refusal.field))] if refusal.field else []
    return Problem(refusal.slug, refusal.detail, *errors)


def _query_problem(refusal: Refusal) -> Problem:
    return Problem(refusal.slug, refusal.detail, FieldError(refusal.detail, parameter=refusal.field))


def _refusal(
    error: msgspec.ValidationError,
    form: type[msgspec.Struct],
    *,
    what: str = "",
    example: str = "",
    in_query: bool = False,
) -> Refusal:
    """Turn msgspec's sentence into ours, with the place it speaks of."""
    at = _AT.fullmatch(str(error))
    message, field = (at["said"], at["field"] or "") if at else (str(error), "")
    if named := _NAMED.fullmatch(message):
        name = named["name"]
        if named["what"] == "missing required":
            return Refusal(_MISSING[name], name, _SLUGS.get(name, "invalid-request"))
        return Refusal(unknown_name(name, form.__struct_fields__), name)
    got = _GOT.fullmatch(message)
    kind = _WORDS.get(got["got"], got["got"]) if got else "something else"
    if field in _CHOICES:
        detail = _CHOICES[field]
    elif field == "home_size" and not got:
        detail = "home_size is too large a number; the largest home is 100,000 sq ft."
    elif field == "home_size" and in_query:
        detail = "home_size must be a number in plain figures, such as 1200 or 92.5."
    elif field == "home_size":
        detail = f"home_size must be a number; got {kind}."
    elif field == "homes" and not got:
        return Refusal(TOO_MANY, field, "too-many-homes")
    elif field:
        detail = f"{field} must be an array; got {kind}."
    else:
        detail = f"{what} must be a JSON object such as {example}; got {kind}."
    return Refusal(detail, field, _SLUGS.get(field, "invalid-request"))


def unknown_name(name: str, known: Sequence[str]) -> str:
    """Say that a name is not known, and which are."""
    names = (
        f"the known names are {' and '.join(known)}" if len(known) > 1 else f"the known name is {known[0]}"
    )
    return f"{shown(name)} is not known here; {names}."


def pointer(*path: str | int) -> str:
    """Write a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def shown(given: object) -> str:
    """Show what was given, cut to a length that fits a sentence, without what would not show."""
    if isinstance(given, int) and abs(given) >= 10**20:
        return "a number of more than 20 digits"
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(given)[:41]
    )
    return text if len(text) <= 40 else f"{text[:40]}…"
