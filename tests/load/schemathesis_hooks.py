"""Rules of the API that no JSON schema expresses; schemathesis loads them by SCHEMATHESIS_HOOKS."""

import os
from pathlib import Path
from typing import Any, cast

import schemathesis
from hypothesis import strategies as st

from model.predictor import Predictor
from model.problem.features import BLANKS, AnyFeature, Choice, Number

PREDICTOR = Predictor.load(Path(os.environ["ASKED_MODEL"]))
PROBLEM = PREDICTOR.problem


def cells(feature: AnyFeature) -> st.SearchStrategy[str]:
    """Draw texts that a feature takes."""
    blank = st.nothing() if feature.required else st.just("")
    match feature:
        case Number():
            return st.floats(feature.min, feature.max).map(repr) | blank
        case Choice():
            return st.sampled_from(list(feature.choices)) | blank
        case _:
            return st.sampled_from(["yes", "no", "true", "0"]) | blank


header = ";".join([feature.name for feature in PROBLEM.features] + ["of no account"])
lines = st.lists(st.tuples(*map(cells, PROBLEM.features)).map(lambda row: ";".join([*row, "x"])))

# The document can only call a CSV a string.
schemathesis.openapi.media_type(
    "text/csv",
    st.builds(lambda lines, end: end.join([header, *lines]).encode(), lines, st.sampled_from(["\r\n", "\n"])),
)


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Drop cases whose validity depends on two parts of the request at once."""
    if not case.meta:
        return True
    reports = (case.query or {}).get("errors") == "report"  # which answers 200 and lists the invalid rows
    positive = case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE
    if case.operation.label == "POST /api/predict/batch" and (reports or not positive):
        return positive
    if positive:
        return all(map(_in_range, _rows(case)))  # the limits depend on the unit
    # A query has no null; there an empty text, or a word such as NA, is one.
    return not any(str(value).strip().lower() in BLANKS for value in (case.query or {}).values())


def _rows(case: schemathesis.Case[Any]) -> list[dict[str, Any]]:
    """Return the rows in a request, as JSON objects."""
    if case.operation.label == "GET /api/predict":
        return [{name: value for name, value in (case.query or {}).items() if name != "explain"}]
    if not isinstance(case.body, dict):
        return []
    body = cast(dict[str, Any], case.body)
    return body[PROBLEM.rows_member] if case.operation.label.endswith("/batch") else [body]


def _in_range(row: dict[str, Any]) -> bool:
    for number in PROBLEM.numbers:
        unit = row.get(PROBLEM.unit_members.get(number.name, ""), number.unit)
        if (given := row.get(number.name)) not in {None, "null"}:
            low, high = number.limits[unit]
            if not low <= float(given) <= high:  # a query has it as text
                return False
    return True


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, document: dict[str, Any]) -> None:
    """Drop the examples in CSV, for which schemathesis cannot use a strategy and an example in text at once.

    tests/webapp/api/test_openapi.py sends them.
    """
    content = document["paths"]["/api/predict/batch"]["post"]["requestBody"]["content"]["text/csv"]
    del content["examples"], content["schema"]["examples"]
