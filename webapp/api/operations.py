"""Each route of the API as its OpenAPI document describes it: `openapi.toml`, filled in for a problem."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from model.problem.description import Problem
from model.problem.features import Choice, Number
from model.problem.rows import as_text, example_rows
from webapp.api import batch, csv_results
from webapp.api.csv_rows import as_csv
from webapp.api.schemas import MAX_ROW_BYTES
from webapp.http.admission import BODY_LIMIT
from webapp.http.negotiation import JSON
from webapp.http.problem_kinds import MAX_ROWS, rows_slug, slug_of, too_many_slug
from webapp.http.state import State

_TEXTS = tomllib.loads(Path(__file__).with_name("openapi.toml").read_text(encoding="utf-8"))


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request that the document shows together with the app's own response."""

    summary: str
    body: str = ""
    content_type: str = JSON
    query: str = ""


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A route and its method; a comment in `openapi.toml` explains the members."""

    name: str
    tag: str
    summary: str
    description: str
    query: str = ""
    options: Mapping[str, str] = {}
    requests: Mapping[str, str | Mapping[str, Any]] = {}
    responses: Mapping[str, str | Mapping[str, Any]]
    examples: Mapping[str, Example] = {}
    problems: str = ""
    cached: bool = False


def outline_of(state: State) -> dict[str, Any]:
    """Return the document without the schemas and the paths."""
    outline: dict[str, Any] = _filled(_TEXTS["document"], _words(state))
    return outline


def operations_of(state: State) -> dict[str, Operation]:
    """Return the operations by the endpoints of their routes."""
    words = _words(state)
    filled = _filled(_TEXTS["operations"], words)
    if not words["other_unit"]:
        del filled["api.predict"]["examples"]["in another unit"]
    return msgspec.convert(filled, dict[str, Operation])


def _words(state: State) -> dict[str, object]:
    """Return what stands in `openapi.toml` in braces."""
    problem = state.problem
    note = f" {problem.simulated_note}" if state.predictor.manifest.data.simulated else ""
    good, *others = example_rows(problem)
    bad = good | _bad_value(problem)
    units = list(problem.unit_members.values())
    return {
        "title": problem.title,
        "question": problem.question.rstrip("?"),
        "description": f"{problem.description}{note}",
        "row": problem.row.name,
        "rows": problem.row.plural,
        "Rows": problem.row.plural.capitalize(),
        "member": problem.rows_member,
        "answer": problem.target.words,
        "target": problem.target.name,
        "classes": problem.target.plural,
        "columns": as_csv(problem).rstrip(),
        "empty_unit": f" An empty `{units[0]}` is the first unit." if units else "",
        "good": json.dumps(good),
        "bad": json.dumps(bad),
        "cut_off": json.dumps(good)[:-2],
        "other_unit": json.dumps(others[0]) if others else "",
        "good_query": urlencode({name: as_text(value) for name, value in good.items()}),
        "bad_query": urlencode({name: as_text(value) for name, value in bad.items()}),
        "good_csv": as_csv(problem, good, good),
        "bad_csv": as_csv(problem, good, bad),
        "row_problems": " ".join(
            [*dict.fromkeys(map(slug_of, [*problem.features_by_name, *units])), "invalid-request"]
        ),
        "batch_problems": f"{rows_slug(problem)} {too_many_slug(problem)}",
        "body_kb": BODY_LIMIT // 1024,
        "batch_mb": batch.BODY_LIMIT // 1024**2,
        "max_rows": MAX_ROWS,
        "max_row_bytes": MAX_ROW_BYTES,
        "ignored_header": batch.IGNORED_HEADER,
        "max_ignored": batch.MAX_IGNORED,
        "unreported": csv_results.UNREPORTED,
    }


def _filled(part: Any, words: Mapping[str, object]) -> Any:
    """Return a part of `openapi.toml` with words in place of their names in braces."""
    match part:
        case str():
            return part.format_map(words)
        case list():
            return [_filled(each, words) for each in part]
        case dict():
            return {name: _filled(each, words) for name, each in part.items()}
        case _:
            return part


def _bad_value(problem: Problem) -> dict[str, Any]:
    """Return a member with a value that its feature does not take."""
    match problem.features[0]:
        case Number() as number:
            return {number.name: number.max * 10 if number.max > 0 else number.max + 1}
        case feature:
            return {feature.name: "no such choice" if isinstance(feature, Choice) else "perhaps"}
