"""Rows of a problem as clients send them, drawn at random."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from model.problem.description import Problem
from model.problem.features import AnyFeature, Choice, Number
from model.problem.rows import as_text


def values(feature: AnyFeature) -> st.SearchStrategy[Any]:
    """Draw values of a feature in JSON, in its first unit; null where it may be blank."""
    blank = st.nothing() if feature.required else st.none()
    match feature:
        case Number():
            return (
                st.floats(feature.min, feature.max)
                .map(lambda number: round(number, 2) + 0.0)
                .filter(lambda number: feature.min <= number <= feature.max)
                | blank
            )
        case Choice():
            return st.sampled_from(list(feature.choices)) | blank
        case _:
            return st.booleans() | blank


def rows(problem: Problem) -> st.SearchStrategy[dict[str, Any]]:
    """Draw rows as JSON objects."""
    return st.fixed_dictionaries({feature.name: values(feature) for feature in problem.features})


def as_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row as a query or a CSV has it; blanks are empty."""
    return {name: "" if value is None else as_text(value) for name, value in row.items()}
