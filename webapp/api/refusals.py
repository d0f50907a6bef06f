"""What is wrong with a body or a query, in sentences: msgspec judges, and this finds out why."""

from collections.abc import Mapping, Sequence

import msgspec

from webapp.api.schemas import MAX_HOMES, PredictRequest
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


class Refusal(Exception):  # noqa: N818 - as a Problem, of which it is a part
    """What is wrong with one home or one query; `field` is empty where it is the whole.

    `slug` is the kind of problem it is where it stands alone; without one the field's own.
    """

    def __init__(self, detail: str, field: str = "", slug: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.slug = slug or SLUGS.get(field, "invalid-request")


def refuse_home(body: bytes, what: str) -> Refusal:
    """Say why JSON is no home; `what` begins the sentence about the whole.

    Raises:
        msgspec.DecodeError: it is not JSON.
        RecursionError: it is nested too deep.
    """
    if refusal := refuse_kind(body, what, EXAMPLE):
        return refusal
    given = {name: bytes(value) for name, value in _members.decode(body).items()}
    texts = {name: _text(value) for name, value in given.items()}
    if refusal := _refuse_members(texts, PredictRequest):
        return refusal
    if (kind := kind_of(given["home_size"])) != "a number":
        return Refusal(f"home_size must be a number; got {kind}.", "home_size")
    detail = "home_size is too large a number, or given twice; the largest home is 100,000 sq ft."
    return Refusal(detail, "home_size")


def refuse_kind(body: bytes, what: str, example: str) -> Refusal | None:
    """Say that JSON is no object, if it is none."""
    kind = kind_of(body)
    if kind == "an object":
        return None
    return Refusal(f"{what} must be a JSON object such as {example}; got {kind}.")


def refuse_query(query: Mapping[str, str], form: type[msgspec.Struct]) -> Refusal:
    """Say why a query is not of a form."""
    plain = "home_size must be a number in plain figures, such as 1200 or 92.5."
    return _refuse_members(query, form) or Refusal(plain, "home_size")


def _refuse_members(given: Mapping[str, str | None], form: type[msgspec.Struct]) -> Refusal | None:
    """Say which name is not known or missing, or which text is none of its choices."""
    known = form.__struct_fields__
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
    """Say that a name is not known, and which are."""
    names = f"s are {' and '.join(known)}" if len(known) > 1 else f" is {known[0]}"
    detail = f"{shown(name) or 'An empty name'} is not known here; the known name{names}."
    return Refusal(detail, as_field(name), "invalid-request")


def as_field(name: str) -> str:
    """Give a name from outside as a place to point at, if it can be shown.

    With the others the answer could be longer than the request.
    """
    return name if shown(name) == name else ""


def kind_of(value: bytes) -> str:
    """Say which kind a value of JSON is: its first letter tells."""
    return _KINDS.get(value.lstrip()[:1], "a number")


def _text(value: bytes) -> str | None:
    return msgspec.json.decode(value, type=str) if kind_of(value) == "a string" else None


def pointer(*path: str | int) -> str:
    """Write a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
