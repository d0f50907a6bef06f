"""Read the homes of a batch in JSON, one by one."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import UNSET, UnsetType

from webapp.api.reading import body_problem, decode, decode_home, measure_or_refuse, read_text
from webapp.api.refusals import EXAMPLE, Refusal, kind_of, pointer, refuse_kind, unknown_name
from webapp.api.schemas import MAX_HOME_BYTES
from webapp.home import to_checked_sqft
from webapp.http.problem_details import FieldError
from webapp.http.problems import Problem
from webapp.http.turns import in_turns

_EXAMPLE = f'{{"homes": [{EXAMPLE}]}}'
_MAX_SCANNED_BYTES = 16 * 1024

# What `_items` looks for in a JSON array: strings, flat objects and arrays, runs of other characters as long
# as the longest home, and single marks. A quote alone begins a string with no end in that length.
_STRING = rf'"(?:[^"\\]{{1,{MAX_HOME_BYTES}}}+|\\.){{0,{MAX_HOME_BYTES}}}+"'
_FLAT = rf'[\[{{](?:[^\[\]{{}}"]{{1,{MAX_HOME_BYTES}}}+|{_STRING}){{0,20}}+[\]}}]'
_LONG_RUN = rf'[^\[\]{{}}",]{{{MAX_HOME_BYTES}}}'
_TOKEN = re.compile(rf'{_STRING}|{_FLAT}|{_LONG_RUN}|[\[\]{{}},"]'.encode(), re.DOTALL)


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A batch whose homes are decoded later, one by one, so that each bad home gets its own error."""

    homes: msgspec.Raw


class _LenientBatch(msgspec.Struct, frozen=True):
    """A batch that may have other members than `homes`."""

    homes: msgspec.Raw | UnsetType = UNSET


_decoder = msgspec.json.Decoder(_Batch)


def read_json(body: bytes) -> Iterator[float | FieldError]:
    """Yield the size of each home in square feet, or its error.

    Raises:
        Problem: the body is not JSON in UTF-8, is not an object with a list of homes, or has a home that is
            far too long.
    """
    body = read_text(body, "malformed-json").encode()  # msgspec does not check the UTF-8 of a Raw value
    try:
        homes = _decode_homes(body)
    except Refusal as refusal:
        raise body_problem(refusal) from refusal
    for row, home in enumerate(_items(homes), start=1):
        try:
            yield measure_or_refuse(decode_home(home, "A home"), to_checked_sqft)
        except Refusal as refusal:
            path = ("homes", row - 1, refusal.field) if refusal.field else ("homes", row - 1)
            yield FieldError(refusal.detail, pointer=pointer(*path), row=row)


def _decode_homes(body: bytes) -> bytes:
    homes = bytes(decode(_decoder, body, _refuse, _EXAMPLE).homes)
    if (kind := kind_of(homes)) != "an array":
        raise Refusal(f"homes must be an array; got {kind}.", "homes")
    return homes


def _refuse(body: bytes) -> Refusal:
    """Return the reason why a body is not a batch."""
    if refusal := refuse_kind(body, "The body", _EXAMPLE):
        return refusal
    homes = msgspec.json.decode(body, type=_LenientBatch).homes
    if homes is UNSET:
        return Refusal(f"homes is missing. Give a list of homes, such as {_EXAMPLE}.", "homes")
    if len(body) > _MAX_SCANNED_BYTES:
        body = body.replace(bytes(homes), b"null", 1)
    if len(body) > _MAX_SCANNED_BYTES:  # to decode so many other members, only to name one, takes too long
        return Refusal("The body has members that are not known here; the known name is homes.")
    names = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return unknown_name(next(name for name in names if name != "homes"), ["homes"])


def _items(array: bytes) -> Iterator[bytes]:
    """Yield the items of a JSON array, not decoded.

    msgspec would split them all at once: a million items would hold the event loop for a quarter of a second.
    """
    depth, start, row = 0, 1, 1
    for tokens in in_turns(_TOKEN.finditer(array, start)):
        for token in tokens:
            mark = token[0]
            if mark == b'"' or token.end() - start > MAX_HOME_BYTES:
                raise _too_long(row)
            if depth == 0 and mark in b",]":
                item = array[start : token.start()]
                if mark == b"," or item.strip():
                    yield item
                start, row = token.end(), row + 1
            elif mark in b"[{":
                depth += 1
            elif mark in b"]}":
                depth -= 1


def _too_long(row: int) -> Problem:
    detail = f"Home {row:,} is too long: a home takes at most {MAX_HOME_BYTES:,} bytes."
    return Problem("invalid-homes", detail, FieldError(detail, pointer=pointer("homes", row - 1), row=row))
