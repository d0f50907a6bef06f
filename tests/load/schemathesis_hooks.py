"""Rules of the API that no JSON schema expresses; schemathesis loads them by SCHEMATHESIS_HOOKS."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import strategies as st

from model.home_size import MAX_SQFT, MIN_SQFT
from webapp.home import HomeSizeError, to_checked_sqft

sizes = st.floats(MIN_SQFT, MAX_SQFT) | st.integers(int(MIN_SQFT), int(MAX_SQFT)) | st.just('"1,200"')
lines = st.lists(st.tuples(sizes, st.sampled_from(["sqft", ""])).map("{0[0]},{0[1]}".format))

# The document can only call a CSV a string.
schemathesis.openapi.media_type(
    "text/csv",
    st.builds(
        lambda lines, end: end.join(["home_size,unit", *lines]).encode(),
        lines,
        st.sampled_from(["\r\n", "\n"]),
    ),
)


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Drop cases whose validity depends on two parts of the request at once."""
    query = case.query or {}
    if not case.meta:
        return True
    positive = case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE
    if case.operation.label == "GET /api/predict" and positive:
        return _in_range(query)  # the limits depend on the unit
    if case.operation.label == "POST /api/predict/batch" and not positive:
        return query.get("errors") != "report"  # which answers 200 and lists the invalid homes
    return True


def _in_range(query: Mapping[str, Any]) -> bool:
    try:
        to_checked_sqft(float(query["home_size"]), query.get("unit", "sqft"))
    except HomeSizeError:
        return False
    return True


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, document: dict[str, Any]) -> None:
    """Drop the examples in CSV, for which schemathesis cannot use a strategy and an example in text at once.

    tests/webapp/api/test_openapi.py sends them.
    """
    content = document["paths"]["/api/predict/batch"]["post"]["requestBody"]["content"]["text/csv"]
    del content["examples"], content["schema"]["examples"]
