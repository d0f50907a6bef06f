"""The reasons, in sentences, why a body or a query does not match its schema.

msgspec decodes and validates. Its errors name no value and offer no help, so the input is read again here.
"""

from collections.abc import Mapping, Sequence

import msgspec

from model.home_size import MAX_SQFT
from webapp.api.schemas import PredictRequest
from webapp.home import MAX_HOMES, UNIT_NAMES
from webapp.http.problems import shown

EXAMPLE = '{"home_size": 1200}'
TOO_MANY = f"A batch has at most {MAX_HOMES:,} homes, and this one has more. Send it in parts."
SLUGS = {"home_size": "invalid-home-size", "unit": "invalid-unit"}

_CHOICES = {
    "unit": (("sqft", "m2"), 'unit must be "sqft" or "m2".'),
    "errors": (("fail", "report"), 'errors must be "fail" or "report".'),
}
_KINDS = {
    b"{": "an object",
    b"[": "an array",
    b'"': "a string",
    b"t": "a boolean",
    b"f": "a boolean",
    b"n": "null",
}

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Refusal(Exception):  # noqa: N818 - named as Problem is
    """One home or one query does not match its schema.

    Attributes:
        field: the name of the wrong member or parameter; empty where there is no single one.
        slug: the kind of problem that it causes for a request; by default the kind of the field.
    """

    def __init__(self, detail: str, field: str = "", slug: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.slug = slug or SLUGS.get(field, "invalid-request")


def refuse_home(body: bytes, what: str) -> Refusal:
    """Return the reason why JSON does not match `PredictRequest`; `what` names the JSON, as in "The body".

    Raises:
        msgspec.DecodeError: the body is not JSON.
        RecursionError: the JSON is nested too deep.
    """
    if refusal := refuse_kind(body, what, EXAMPLE):
        return refusal
    given = {name: bytes(value) for name, value in _members.decode(body).items()}
    texts = {name: _text(value) for name, value in given.items()}
    if refusal := _refuse_members(texts, PredictRequest):
        return refusal
    if (kind := kind_of(given["home_size"])) != "a number":
        return Refusal(f"home_size must be a number; got {kind}.", "home_size")
    largest = f"{MAX_SQFT:,.0f} {UNIT_NAMES['sqft']}"
    return Refusal(
        f"home_size is too large a number, or given twice; the largest home is {largest}.", "home_size"
    )


def refuse_kind(body: bytes, what: str, example: str) -> Refusal | None:
    """Return a refusal if JSON is not an object."""
    kind = kind_of(body)
    if kind == "an object":
        return None
    return Refusal(f"{what} must be a JSON object such as {example}; got {kind}.")


def refuse_query(query: Mapping[str, str], schema: type[msgspec.Struct]) -> Refusal:
    """Return the reason why a query does not match a schema."""
    plain = "home_size must be a number in plain figures, such as 1200 or 92.5."
    return _refuse_members(query, schema) or Refusal(plain, "home_size")


def _refuse_members(given: Mapping[str, str | None], schema: type[msgspec.Struct]) -> Refusal | None:
    """Return a refusal if a name is unknown or missing, or a value is not one of its choices."""
    known = schema.__struct_fields__
    for name in given:
        if name not in known:
            return unknown_name(name, known)
    if "home_size" in known and "home_size" not in given:
        return Refusal("home_size is missing. Give the size of the home as a number.", "home_size")
    for name, (choices, detail) in _CHOICES.items():
        if name in given and given[name] not in choices:
            return Refusal(detail, name)
    return None


def unknown_name(name: str, known: Sequence[str]) -> Refusal:
    """Return the refusal of an unknown name. It lists the known names."""
    names = f"s are {' and '.join(known)}" if len(known) > 1 else f" is {known[0]}"
    detail = f"{shown(name) or 'An empty name'} is not known here; the known name{names}."
    return Refusal(detail, as_field(name), "invalid-request")


def as_field(name: str) -> str:
    """Return a name that a client sent, as the field of an error; "" if it is too long or not printable.

    A name of any length would let the response become longer than the request.
    """
    return name if shown(name) == name else ""


def kind_of(value: bytes) -> str:
    """Return the kind of a JSON value, such as "an array", which its first character tells."""
    return _KINDS.get(value.lstrip()[:1], "a number")


def _text(value: bytes) -> str | None:
    return msgspec.json.decode(value, type=str) if kind_of(value) == "a string" else None


def pointer(*path: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
