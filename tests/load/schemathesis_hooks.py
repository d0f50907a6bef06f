"""Rules of the API that no JSON schema expresses; schemathesis loads them by SCHEMATHESIS_HOOKS."""

import os
from pathlib import Path
from typing import Any, cast

import schemathesis
from hypothesis import strategies as st

from model.predictor import Predictor
from model.problem.features import AnyFeature, Choice, Number
from model.problem.rows import RowError

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
    query = case.query or {}
    if not case.meta:
        return True
    positive = case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE
    if case.operation.label.endswith(" /api/predict") and positive:
        return _in_range(case)  # the limits depend on the unit
    if case.operation.label == "POST /api/predict/batch" and not positive:
        return query.get("errors") != "report"  # which answers 200 and lists the invalid homes
    return True


def _in_range(case: schemathesis.Case[Any]) -> bool:
    reader = PREDICTOR.reader
    try:
        if case.method == "GET":
            given = {name: str(value) for name, value in (case.query or {}).items() if name != "explain"}
            reader.from_text({name: text for name, text in given.items() if text != "null"})
        else:
            reader.from_json(cast(dict[str, object], case.body))
    except RowError:
        return False
    return True


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, document: dict[str, Any]) -> None:
    """Drop the examples in CSV, for which schemathesis cannot use a strategy and an example in text at once.

    tests/webapp/api/test_openapi.py sends them.
    """
    content = document["paths"]["/api/predict/batch"]["post"]["requestBody"]["content"]["text/csv"]
    del content["examples"], content["schema"]["examples"]
