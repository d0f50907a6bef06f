"""From a JSON body or a query to what it says."""

from collections.abc import Callable
from typing import TypeVar, get_origin

import msgspec
from werkzeug.datastructures import MultiDict

from model.home_size import Unit
from webapp.problems import Problem
from webapp.recommend import Home, HomeSizeError, measure
from webapp.refusals import EXAMPLE, SLUGS, Refusal, pointer, shown, to_refusal
from webapp.schemas import FieldError, PredictRequest

StructT = TypeVar("StructT", bound=msgspec.Struct)
MeasuredT = TypeVar("MeasuredT")

home_decoder = msgspec.json.Decoder(PredictRequest)


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
            raise _query_problem(Refusal(doubled, name, SLUGS.get(name, "invalid-request")))
    try:
        return msgspec.convert(query.to_dict(), form, strict=False)
    except msgspec.ValidationError as error:
        raise _query_problem(to_refusal(error, form, in_query=True)) from error


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
        raise to_refusal(error, form, what=what, example=example) from error
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
            f"home_size must be {error}; got {shown(given.home_size)}.", "home_size", SLUGS["home_size"]
        ) from error


def body_problem(refusal: Refusal) -> Problem:
    """Refuse a JSON body."""
    errors = [FieldError(refusal.detail, pointer=pointer(refusal.field))] if refusal.field else []
    return Problem(refusal.slug, refusal.detail, *errors)


def _query_problem(refusal: Refusal) -> Problem:
    return Problem(refusal.slug, refusal.detail, FieldError(refusal.detail, parameter=refusal.field))
