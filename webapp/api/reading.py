"""From a JSON body or a query to what it says."""

from codecs import BOM_UTF8
from collections.abc import Callable
from typing import TypeVar

import msgspec
from werkzeug.datastructures import MultiDict

from model.home_size import Unit
from webapp.api.refusals import EXAMPLE, Refusal, as_field, pointer, refuse_home, refuse_query
from webapp.api.schemas import PredictRequest
from webapp.home import Home, HomeSizeError, measure
from webapp.http.problem_details import FieldError
from webapp.http.problems import Problem, shown

StructT = TypeVar("StructT", bound=msgspec.Struct)
MeasuredT = TypeVar("MeasuredT")

_home_decoder = msgspec.json.Decoder(PredictRequest)


def read_body(body: bytes) -> Home:
    """Read the home from a JSON body.

    Raises:
        Problem: the body is not JSON in UTF-8, or not a `PredictRequest` with a home size in range.
    """
    try:
        return measured(decode_home(body.removeprefix(BOM_UTF8), "The body"), measure)
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
            raise _query_problem(Refusal(doubled, as_field(name)))
    try:
        return msgspec.convert(query.to_dict(), form, strict=False)
    except msgspec.ValidationError as error:
        raise _query_problem(refuse_query(query, form)) from error


def decode_home(body: bytes, what: str) -> PredictRequest:
    """Decode a home in JSON; `what` begins the sentence if it is no object at all.

    Raises:
        Problem: it is not JSON in UTF-8.
        Refusal: it is JSON of another form.
    """
    return decode(_home_decoder, body, lambda body: refuse_home(body, what), EXAMPLE)


def decode(
    decoder: msgspec.json.Decoder[StructT], body: bytes, refuse: Callable[[bytes], Refusal], example: str
) -> StructT:
    """Decode JSON that should look like `example`; `refuse` says what is wrong with JSON of another form.

    Raises:
        Problem: it is not JSON in UTF-8.
        Refusal: it is JSON of another form.
    """
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            raise refuse(body) from error
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


def read_text(body: bytes, slug: str) -> str:
    """Decode a text in UTF-8; a byte order mark in front is none of it.

    Raises:
        Problem: it is not UTF-8; of the kind `slug`.
    """
    try:
        return body.decode("utf-8-sig")
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
        raise Refusal(f"home_size must be {error}; got {shown(given.home_size)}.", "home_size") from error


def body_problem(refusal: Refusal) -> Problem:
    """Refuse a JSON body."""
    errors = [FieldError(refusal.detail, pointer=pointer(refusal.field))] if refusal.field else []
    return Problem(refusal.slug, refusal.detail, *errors)


def _query_problem(refusal: Refusal) -> Problem:
    errors = [FieldError(refusal.detail, parameter=refusal.field)] if refusal.field else []
    return Problem(refusal.slug, refusal.detail, *errors)
