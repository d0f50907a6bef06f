"""Homes in JSON, one by one."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import UNSET, UnsetType

from webapp.api.reading import body_problem, decode, decode_home, measured, read_text
from webapp.api.refusals import EXAMPLE, Refusal, kind_of, pointer, refuse_kind, unknown_name
from webapp.api.schemas import MAX_HOME_BYTES
from webapp.home import to_checked_sqft
from webapp.http.problem_details import FieldError
from webapp.http.problems import Problem
from webapp.http.turns import in_turns

_EXAMPLE = f'{{"homes": [{EXAMPLE}]}}'
_FEW_BYTES = 16 * 1024

# What the items of an array are made of. Nothing in here goes on for longer than a home may: a string without
# its end is a quote alone.
_STRING = rf'"(?:[^"\\]{{1,{MAX_HOME_BYTES}}}+|\\.){{0,{MAX_HOME_BYTES}}}+"'
_FLAT = rf'[\[{{](?:[^\[\]{{}}"]{{1,{MAX_HOME_BYTES}}}+|{_STRING}){{0,20}}+[\]}}]'
_LONG = rf'[^\[\]{{}}",]{{{MAX_HOME_BYTES}}}'
_PIECE = re.compile(rf'{_STRING}|{_FLAT}|{_LONG}|[\[\]{{}},"]'.encode(), re.DOTALL)


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A batch whose homes are still to be decoded: so that each bad one is told, and in slices."""

    homes: msgspec.Raw


class _Open(msgspec.Struct, frozen=True):
    """A batch with other members."""

    homes: msgspec.Raw | UnsetType = UNSET


_decoder = msgspec.json.Decoder(_Batch)


def read_json(body: bytes) -> Iterator[float | FieldError]:
    """Read the homes of a batch in JSON: each one's size in sq ft, or what is wrong with it.

    Raises:
        Problem: the body is not JSON in UTF-8, or not an object with a list of homes, or a home is far too
            long.
    """
    body = read_text(body, "malformed-json").encode()  # msgspec does not look into what it leaves raw
    try:
        homes = _decode_homes(body)
    except Refusal as refusal:
        raise body_problem(refusal) from refusal
    for row, home in enumerate(_items(homes), start=1):
        try:
            yield measured(decode_home(home, "A home"), to_checked_sqft)
        except Refusal as refusal:
            path = ("homes", row - 1, refusal.field) if refusal.field else ("homes", row - 1)
            yield FieldError(refusal.detail, pointer=pointer(*path), row=row)


def _decode_homes(body: bytes) -> bytes:
    homes = bytes(decode(_decoder, body, _refuse, _EXAMPLE).homes)
    if (kind := kind_of(homes)) != "an array":
        raise Refusal(f"homes must be an array; got {kind}.", "homes")
    return homes


def _refuse(body: bytes) -> Refusal:
    """Say why a body is no batch."""
    if refusal := refuse_kind(body, "The body", _EXAMPLE):
        return refusal
    homes = msgspec.json.decode(body, type=_Open).homes
    if homes is UNSET:
        return Refusal(f"homes is missing. Give a list of homes, such as {_EXAMPLE}.", "homes")
    if len(body) > _FEW_BYTES:
        body = body.replace(bytes(homes), b"null", 1)
    if len(body) > _FEW_BYTES:  # so many other members that to look at each would take long
        return Refusal("The body has members that are not known here; the known name is homes.")
    names = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return unknown_name(next(name for name in names if name != "homes"), ["homes"])


def _items(array: bytes) -> Iterator[bytes]:
    """Give the items of a JSON array as they stand there.

    msgspec would make them all at once: of a million it holds the loop for a quarter of a second.
    """
    depth, start, row = 0, 1, 1
    for pieces in in_turns(_PIECE.finditer(array, start)):
        for piece in pieces:
            mark = piece[0]
            if mark == b'"' or piece.end() - start > MAX_HOME_BYTES:
                raise _too_long(row)
            if depth == 0 and mark in b",]":
                item = array[start : piece.start()]
                if mark == b"," or item.strip():
                    yield item
                start, row = piece.end(), row + 1
            elif mark in b"[{":
                depth += 1
            elif mark in b"]}":
                depth -= 1


def _too_long(row: int) -> Problem:
    detail = f"Home {row:,} is too long: a home takes at most {MAX_HOME_BYTES:,} bytes."
    return Problem("invalid-homes", detail, FieldError(detail, pointer=pointer("homes", row - 1), row=row))
