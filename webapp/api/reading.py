"""Read a home, or the options of a batch, from a JSON body or a query string."""

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
        Problem: the body is not JSON in UTF-8, does not match `PredictRequest`, or its size is out of range.
    """
    try:
        return measure_or_refuse(decode_home(body.removeprefix(BOM_UTF8), "The body"), measure)
    except Refusal as refusal:
        raise body_problem(refusal) from refusal


def read_home_query(query: MultiDict[str, str]) -> Home:
    """Read the home from a query string.

    Raises:
        Problem: a parameter is missing, unknown, repeated or invalid.
    """
    given = read_query(query, PredictRequest)
    try:
        return measure_or_refuse(given, measure)
    except Refusal as refusal:
        raise _query_problem(refusal) from refusal


def read_query(query: MultiDict[str, str], schema: type[StructT]) -> StructT:
    """Read a query string into a schema.

    Raises:
        Problem: a parameter is missing, unknown, repeated or invalid.
    """
    for name, values in query.lists():
        if len(values) > 1:
            repeated = f"{shown(name)} is given {len(values)} times; give it once."
            raise _query_problem(Refusal(repeated, as_field(name)))
    try:
        return msgspec.convert(query.to_dict(), schema, strict=False)
    except msgspec.ValidationError as error:
        raise _query_problem(refuse_query(query, schema)) from error


def decode_home(body: bytes, what: str) -> PredictRequest:
    """Decode a home from JSON; `what` names the JSON in a refusal, as in "The body".

    Raises:
        Problem: the body is not JSON in UTF-8.
        Refusal: the JSON does not match `PredictRequest`.
    """
    return decode(_home_decoder, body, lambda body: refuse_home(body, what), EXAMPLE)


def decode(
    decoder: msgspec.json.Decoder[StructT], body: bytes, refuse: Callable[[bytes], Refusal], example: str
) -> StructT:
    """Decode JSON; `refuse` returns why a body does not match the type, and `example` is a body that does.

    Raises:
        Problem: the body is not JSON in UTF-8.
        Refusal: the JSON does not match the decoder's type.
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
    """Decode a body in UTF-8, without its byte order mark.

    Raises:
        Problem: the body is not UTF-8. The problem is of the kind `slug`.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(slug, f"The body is not UTF-8: byte {error.start + 1} is wrong.") from error


def measure_or_refuse(given: PredictRequest, measure: Callable[[int | float, Unit], MeasuredT]) -> MeasuredT:
    """Return the result of `measure`, called with the size and the unit of a home.

    Raises:
        Refusal: the size of the home is out of range.
    """
    try:
        return measure(given.home_size, given.unit)
    except HomeSizeError as error:
        raise Refusal(f"home_size must be {error}; got {shown(given.home_size)}.", "home_size") from error


def body_problem(refusal: Refusal) -> Problem:
    """Return the problem that refuses a JSON body."""
    errors = [FieldError(refusal.detail, pointer=pointer(refusal.field))] if refusal.field else []
    return Problem(refusal.slug, refusal.detail, *errors)


def _query_problem(refusal: Refusal) -> Problem:
    errors = [FieldError(refusal.detail, parameter=refusal.field)] if refusal.field else []
    return Problem(refusal.slug, refusal.detail, *errors)
