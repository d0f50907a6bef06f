"""Read rows and options from a JSON body or a query string, or refuse them with all that is wrong."""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import UNSET
from werkzeug.datastructures import MultiDict

from model.problem.features import Fault
from model.problem.rows import MAX_FAULTS, Row, RowError, example_row, unknown_name
from model.problem.wording import kind_of, listed, shown
from webapp.http.problem_details import FieldError
from webapp.http.problem_kinds import slug_of
from webapp.http.problems import Problem
from webapp.http.state import State

EXPLAIN: Mapping[str, tuple[str, ...]] = {"explain": ("false", "true")}
"""The option of a prediction, with its values, the default first."""


def read_body(body: bytes, state: State) -> Row:
    """Read a row from a JSON body.

    Raises:
        Problem: the body is not JSON in UTF-8, or is not an object that the problem's features take.
    """
    given = decode(body.removeprefix(BOM_UTF8), state)
    if not isinstance(given, dict):
        detail = f"The body must be a JSON object such as {example(state)}; got {kind_of(given)}."
        raise Problem("invalid-request", detail)
    try:
        return state.predictor.reader.from_json(given)
    except RowError as error:
        raise _refusal(error.faults, state.kinds, lambda name: {"pointer": pointer(name)}) from error


def read_row_query(query: MultiDict[str, str], state: State) -> tuple[Row, bool]:
    """Read a row from a query string, and whether its answer shall be explained.

    Raises:
        Problem: a parameter is missing, unknown, repeated or invalid.
    """
    given = _once(query, state.kinds)
    options = {name: given.pop(name) for name in EXPLAIN if name in given}
    explain = read_options(MultiDict(options), EXPLAIN)["explain"] == "true"
    try:
        return state.predictor.reader.from_text(given, EXPLAIN), explain
    except RowError as error:
        raise _refusal(error.faults, state.kinds, lambda name: {"parameter": name or UNSET}) from error


def read_options(query: MultiDict[str, str], options: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Read the options of a request from its query; `options` has the values of each, the default first.

    Raises:
        Problem: a parameter is unknown, repeated or has another value.
    """
    given = _once(query, {})
    faults = []
    for name, value in islice(given.items(), MAX_FAULTS):
        if name not in options:
            faults.append(unknown_name(name, tuple(options)))
        elif value not in options[name]:
            values = listed([f'"{each}"' for each in options[name]], "or")
            faults.append(Fault(name, f"{name} must be {values}"))
    if faults:
        raise _refusal(faults, {}, lambda name: {"parameter": name or UNSET})
    return {name: given.get(name, values[0]) for name, values in options.items()}


def decode(body: bytes, state: State, sample: str = "") -> Any:
    """Decode JSON; `sample` is a body such as is wanted, by default a row.

    Raises:
        Problem: the body is not JSON in UTF-8.
    """
    try:
        try:
            return msgspec.json.decode(body)
        except msgspec.ValidationError:
            # A number is beyond what a float holds; here it becomes infinite, which no feature takes. Python
            # takes NaN, too, which is no `int`, and half of a surrogate pair, which can't be encoded.
            value = json.loads(body, parse_int=float, parse_constant=int)
            msgspec.json.encode(value)
            return value
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise not_json(body, error, sample or example(state)) from error


def not_json(body: bytes, error: Exception, sample: str) -> Problem:
    """Return the problem of a body that is not JSON, by the error of reading it."""
    wrong = "not JSON in UTF-8. Send an object" if body else "empty. Send a JSON object"
    if isinstance(error, RecursionError):
        wrong = "nested too deep. Send an object"
    return Problem("malformed-json", f"The body is {wrong} such as {sample}.")


def read_text(body: bytes, slug: str) -> str:
    """Decode a body in UTF-8, without its byte order mark.

    Raises:
        Problem: the body is not UTF-8. The problem is of the kind `slug`.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = (
            f"The body is not UTF-8: byte {error.start + 1} is wrong. Save the file, or encode it, in UTF-8."
        )
        raise Problem(slug, detail) from error


def example(state: State) -> str:
    """Return the JSON of a typical row."""
    return json.dumps(example_row(state.problem), ensure_ascii=False)


def pointer(*path: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _refusal(faults: Sequence[Fault], kinds: Mapping[str, object], place: Any) -> Problem:
    members = {fault.member for fault in faults}
    slug = slug_of(members.pop()) if len(members) == 1 else "invalid-request"
    detail = faults[0].detail
    if more := len(faults) - 1:
        detail += f" {more} more {'is' if more == 1 else 'are'} listed in errors."
    placed = [fault for fault in faults if fault.member or more]
    errors = [FieldError(fault.detail, **place(fault.member)) for fault in placed]
    return Problem(slug if slug in kinds else "invalid-request", detail, *errors)


def _once(query: MultiDict[str, str], kinds: Mapping[str, object]) -> dict[str, str]:
    for name, values in query.lists():
        if len(values) > 1:
            detail = f"{shown(name)} is given {len(values)} times; give it once."
            errors = [FieldError(detail, parameter=name)] if shown(name) == name else []
            slug = slug_of(name)
            raise Problem(slug if slug in kinds else "invalid-request", detail, *errors)
    return query.to_dict()
