"""The types of requests and answers, made from the problem, for the encoder and the OpenAPI document.

Their docstrings and descriptions are shown in the document.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import AnyFeature, Choice, Number
from webapp.http.problem_details import FieldError
from webapp.http.problem_kinds import MAX_ROWS
from webapp.reasons import Reason

MAX_ROW_BYTES = 2_000
MAX_REPORTED = 500
"""The most rows whose errors the answer to a batch with `errors=report` lists."""
REPORT_BYTES = 16 * 1024
"""The most bytes of the errors of a batch, unless the request's body is longer than half of it."""

ModelVersion = Annotated[str, Meta(description="The model that answered; changes when it is trained anew.")]


@dataclass(frozen=True, slots=True)
class Types:
    """The types that depend on the problem.

    Attributes:
        request: the body of a prediction's request.
        response: its answer.
        batch_request: the body of a batch.
        batch_result: the answer to one row of it.
        batch_response: the answer to a batch.
        units: for each feature, the first unit of a number with several; "" for any other feature.
    """

    request: type[msgspec.Struct]
    response: type[msgspec.Struct]
    batch_request: type[msgspec.Struct]
    batch_result: type[msgspec.Struct]
    batch_response: type[msgspec.Struct]
    units: tuple[str, ...]


@lru_cache(maxsize=4)
def types_of(predictor: Predictor) -> Types:
    """Return the types of a predictor's problem."""
    problem = predictor.problem
    row, rows, answer = problem.row.name, problem.row.plural, problem.target.words
    result = {
        problem.target.name: _described(str, f"The key of the {answer}: see `/api/classes`."),
        "probability": _described(float, "Of that class, from 0 to 1, to six decimals.", ge=0, le=1),
        "outside_training_range": _described(
            bool, "Whether a value lies outside what the model was trained on: the answer is then a guess."
        ),
    }
    request = _struct(
        "PredictRequest",
        f"What is asked of one {row}. Of a member given twice the last counts.",
        *(member for feature in problem.features for member in _asked(problem, feature)),
    )
    batch_result = _struct("BatchResult", f"The {answer} for one {row} of a batch.", *result.items())
    response = {
        problem.target.name: result[problem.target.name],
        "name": _described(str, "Its name, for people."),
        "probability": result["probability"],
        "probabilities": _described(Mapping[str, float], "Of every class that the model knows, by key."),
        "image_url": _described(str | None, "Its picture; null where it has none."),
        **{feature.name: _echoed(problem, feature) for feature in problem.features},
        "outside_training_range": result["outside_training_range"],
        "model_version": ModelVersion,
    }
    reasons = _described(
        Sequence[Reason] | UnsetType, "What each feature did, the most first; only with `explain=true`."
    )
    batch_response = {
        "model_version": ModelVersion,
        "results": _described(
            Sequence[batch_result | None],  # type: ignore[valid-type]
            f"One for each {row}, in order; null for one that could not be answered.",
        ),
        "errors": _described(
            Sequence[FieldError],
            f"What is wrong with the {rows} that could not be answered: of the first {MAX_REPORTED}, or "
            f"fewer where this list would be longer than both {REPORT_BYTES // 1024} KB and twice the body. "
            "Always empty with `errors=fail`.",
        ),
        "ignored_columns": _described(
            Sequence[str], "The columns of a CSV that were passed over, but the target."
        ),
    }
    many = Annotated[list[request], Meta(max_length=MAX_ROWS)]  # type: ignore[valid-type]
    return Types(
        request,
        _struct(
            "PredictResponse", f"The {answer} for a {row}.", *response.items(), ("reasons", reasons, UNSET)
        ),
        _struct("BatchRequest", f"Up to {MAX_ROWS:,} {rows}.", (problem.rows_member, many)),
        batch_result,
        _struct("BatchResponse", f"The answers for the {rows} of a batch.", *batch_response.items()),
        tuple(
            feature.unit if isinstance(feature, Number) and feature.name in problem.unit_members else ""
            for feature in problem.features
        ),
    )


def _described(kind: Any, description: str, ge: float | None = None, le: float | None = None) -> Any:
    """Return a type with its description, and the least and the greatest value, for the document."""
    return Annotated[kind, Meta(description=description, ge=ge, le=le)]


def _struct(name: str, description: str, *members: Any) -> type[msgspec.Struct]:
    """Make a type of members, each a name, a type and possibly a default."""
    is_request = name.endswith("Request")
    return msgspec.defstruct(
        name,
        members,
        frozen=True,
        kw_only=is_request,
        forbid_unknown_fields=is_request,
        namespace={"__doc__": description},
    )


def _asked(problem: Problem, feature: AnyFeature) -> list[tuple[Any, ...]]:
    """Return the members of a request for a feature, as types of what a client may send."""
    units: list[tuple[Any, ...]] = []
    kind: Any
    match feature:
        case Number():
            # A client's convenience comes first: one type, within the limits of all units.
            lows, highs = zip(*feature.limits.values(), strict=True)
            limits = ", or ".join(map(feature.limits_in_words, feature.limits))
            kind = _described(float, f"The {feature.short}: from {limits}.", ge=min(lows), le=max(highs))
            if member := problem.unit_members.get(feature.name):
                labels = " or ".join(unit.label for unit in feature.units.values())
                about = f"The unit of `{feature.name}`: {labels}; `{feature.unit}` if left out."
                units = [(member, _described(Literal[tuple(feature.units)], about), feature.unit)]
        case Choice():
            labels = "; ".join(f"`{key}`: {label}" for key, label in feature.choices.items())
            kind = _described(Literal[tuple(feature.choices)], f"The {feature.short}. {labels}.")
        case _:
            kind = _described(bool, feature.question)
    return [(feature.name, kind) if feature.required else (feature.name, kind | None, None), *units]


def _echoed(problem: Problem, feature: AnyFeature) -> Any:
    """Return the type of a feature in an answer: as it was given, a number of several units with its unit."""
    as_given = f"The {feature.short}, as given."
    match feature:
        case Number() if feature.name in problem.unit_members:
            label = feature.units[feature.unit].label
            kind: Any = _struct(
                feature.name.title().replace("_", ""),
                f"The {feature.short} as given, and in {label}.",
                ("value", _described(float, "As given.")),
                ("unit", _described(Literal[tuple(feature.units)], "Its unit.")),
                (feature.unit, _described(float, f"The same in {label}.")),
            )
        case Number():
            kind = _described(float, as_given)
        case Choice():
            kind = _described(str, as_given)
        case _:
            kind = _described(bool, as_given)
    return kind if feature.required else kind | None
