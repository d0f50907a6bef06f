"""Read the rows of a batch in JSON, in slices."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Raw, UnsetType

from model.problem.description import Problem as Description
from model.problem.features import Fault
from model.problem.rows import unknown_name
from model.problem.table import read_objects
from model.problem.wording import kind_of
from webapp.api.reading import decode, example, not_json, pointer, read_text
from webapp.api.rows import Rows
from webapp.api.schemas import MAX_ROW_BYTES
from webapp.http.problem_details import FieldError
from webapp.http.problem_kinds import MAX_ROWS
from webapp.http.problems import Problem
from webapp.http.state import State
from webapp.http.turns import SLICE_ITEMS, give_turn, in_turns

_MAX_SCANNED_BYTES = 16 * 1024
_PIECE_BYTES = 64 * 1024
_FLAT_OBJECTS = msgspec.json.Decoder(list[dict[str, str | int | float | bool | None]])

# What `_items` looks for in a JSON array: strings, flat objects and arrays, runs of other characters as long
# as the longest row, and single marks. A quote alone begins a string with no end in that length.
_STRING = rf'"(?:[^"\\]{{1,{MAX_ROW_BYTES}}}+|\\.){{0,{MAX_ROW_BYTES}}}+"'
_FLAT = rf'[\[{{](?:[^\[\]{{}}"]{{1,{MAX_ROW_BYTES}}}+|{_STRING}){{0,400}}+[\]}}]'
_LONG_RUN = rf'[^\[\]{{}}",]{{{MAX_ROW_BYTES}}}'
_TOKEN = re.compile(rf'{_STRING}|{_FLAT}|{_LONG_RUN}|[\[\]{{}},"]'.encode(), re.DOTALL)


def read_json(body: bytes, state: State) -> Rows:
    """Read a batch.

    Raises:
        Problem: the body is not JSON in UTF-8, is not an object with a list of rows, has too many of them, or
            one that is far too long.
    """
    body = read_text(body, "malformed-json").encode()  # msgspec does not check the UTF-8 of a Raw value
    array = _decode_array(body, state)
    rows = Rows(state.problem, state.problem.rows_member)
    read = partial(read_objects, state.problem, state.predictor.reader, turn=give_turn)
    if (decoded := _decode_flat(array)) is not None:
        for objects in in_turns(decoded):
            rows.add(*read(objects))
    else:
        # Rows of arrays within arrays are a thousand objects each, which the garbage collector walks through.
        for items in in_turns(_items(array, state.problem), SLICE_ITEMS // 10):
            objects, no_objects = _decode_one_by_one(items, state)
            matrix, faults = read(objects)
            rows.add(matrix, {**faults, **no_objects})
    return rows


def _decode_flat(array: bytes) -> list[dict[str, Any]] | None:
    """Decode a list of flat objects of usual length; None for any other.

    It saves half the CPU time of a batch. msgspec would hold the event loop for 15 to 55 ms with 2 MB of
    small members; so it decodes pieces of at most 1 ms, each to the last `}` of so many bytes. A `}` in a
    string or a nested object ends a piece that is not JSON.
    """
    ends = np.flatnonzero(np.frombuffer(array, np.uint8) == ord("}"))
    if not 0 < len(ends) <= MAX_ROWS or np.diff(ends, prepend=0).max() > MAX_ROW_BYTES:
        return None
    stops = (ends[np.diff(ends // _PIECE_BYTES, append=-1) != 0] + 1).tolist()
    objects = []
    with suppress(msgspec.DecodeError, RecursionError):
        for start, stop in pairwise([0, *stops[:-1], len(array)]):
            # A later piece begins with a comma; an empty object stands before it.
            opening, closing = b"[{}" if start else b"", b"]" if stop < len(array) else b""
            objects += _FLAT_OBJECTS.decode(opening + array[start:stop] + closing)[bool(start) :]
            give_turn()
        return objects
    return None


def _decode_one_by_one(
    items: Sequence[bytes], state: State
) -> tuple[list[dict[str, Any]], dict[int, list[Fault]]]:
    """Return the objects, and what is wrong with the items that are none; an empty object stands for these.

    Raises:
        Problem: an item is not JSON.
    """
    rule = f"A {state.problem.row.name} must be a JSON object such as {example(state)}"
    objects, faults = [], {}
    for row, item in enumerate(items):
        give_turn()
        value = decode(item, state)
        if not isinstance(value, dict):
            faults[row] = [Fault("", rule, kind_of(value))]
        objects.append(value if isinstance(value, dict) else {})
    return objects, faults


@lru_cache(maxsize=4)
def _batch_types(member: str) -> tuple[type[msgspec.Struct], type[msgspec.Struct]]:
    """Return the type of a batch whose rows are decoded later, and of one that may lack them or have more."""
    return (
        msgspec.defstruct("Batch", [(member, Raw)], frozen=True, forbid_unknown_fields=True),
        msgspec.defstruct("LenientBatch", [(member, Raw | UnsetType, UNSET)], frozen=True),
    )


def _decode_array(body: bytes, state: State) -> bytes:
    """Return the JSON of the list of rows.

    Raises:
        Problem: as `read_json`.
    """
    member = state.problem.rows_member
    sample = f'{{"{member}": [{example(state)}]}}'
    strict, lenient = _batch_types(member)
    try:
        try:
            array = bytes(getattr(msgspec.json.decode(body, type=strict), member))
        except msgspec.ValidationError:
            raise _no_batch(body, lenient, state, sample) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise not_json(body, error, sample) from error
    if array.lstrip()[:1] != b"[":
        kind = kind_of(decode(array, state, sample)) if len(array) <= _MAX_SCANNED_BYTES else "no array"
        raise _problem(f"{member} must be an array; got {kind}.", member)
    return array


def _no_batch(body: bytes, lenient: type[msgspec.Struct], state: State, sample: str) -> Problem:
    member = state.problem.rows_member
    if body.lstrip()[:1] != b"{":
        kind = {b"[": "an array", b'"': "a string"}.get(body.lstrip()[:1]) or kind_of(decode(body, state))
        return _problem(f"The body must be a JSON object such as {sample}; got {kind}.")
    rows = getattr(msgspec.json.decode(body, type=lenient), member)
    if rows is UNSET:
        return _problem(f"{member} is missing. Give a list of {member}, such as {sample}.", member)
    if len(body) > _MAX_SCANNED_BYTES:
        body = body.replace(bytes(rows), b"null", 1)
    if len(body) > _MAX_SCANNED_BYTES:  # to decode so many other members, only to name one, takes too long
        return _problem(f"The body has members that are not known here; the known name is {member}.")
    names = msgspec.json.decode(body, type=dict[str, Raw])
    fault = unknown_name(next(name for name in names if name != member), (member,))
    return _problem(fault.detail, fault.member)


def _problem(detail: str, member: str = "") -> Problem:
    errors = [FieldError(detail, pointer=pointer(member))] if member else []
    return Problem("invalid-request", detail, *errors)


def _items(array: bytes, problem: Description) -> Iterator[bytes]:
    """Yield the items of a JSON array, not decoded.

    msgspec would split them all at once: a million items would hold the event loop for a quarter of a second.
    """
    depth, start, row = 0, array.index(b"[") + 1, 1
    for tokens in in_turns(_TOKEN.finditer(array, start)):
        for token in tokens:
            mark = token[0]
            if mark == b'"' or token.end() - start > MAX_ROW_BYTES:
                noun = problem.row.name
                most = f"a {noun} takes at most {MAX_ROW_BYTES:,} bytes"
                detail = f"{noun.capitalize()} {row:,} is too long: {most}."
                place = pointer(problem.rows_member, row - 1)
                raise Problem("invalid-request", detail, FieldError(detail, pointer=place, row=row))
            if depth == 0 and mark in b",]":
                item = array[start : token.start()]
                if mark == b"," or item.strip():
                    yield item
                start, row = token.end(), row + 1
            elif mark in b"[{":
                depth += 1
            elif mark in b"]}":
                depth -= 1
