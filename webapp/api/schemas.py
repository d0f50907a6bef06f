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

MAX_ROW_BYTES = 2_000
MAX_REPORTED = 500
"""The most errors that the answer to a batch with `errors=report` lists."""
REPORT_BYTES = 16 * 1024
"""The most bytes of that list, unless the request's body is longer than half of it."""
DECIMALS = 6
"""The decimals of a probability. XGBoost computes in single precision, so further digits would be noise."""

Probability = Annotated[float, Meta(description="Of that class, from 0 to 1, to six decimals.", ge=0, le=1)]
ModelVersion = Annotated[str, Meta(description="The model that answered; changes when it is trained anew.")]
Outside = Annotated[
    bool,
    Meta(
        description="Whether a value lies outside what the model was trained on: the answer is then a guess."
    ),
]


class Reason(msgspec.Struct, frozen=True):
    """What a feature did to the answer."""

    feature: Annotated[str, Meta(description="The feature's name.")]
    contribution: Annotated[
        float,
        Meta(description="Its SHAP value for the answered class, in log-odds; negative: against it."),
    ]
    text: Annotated[str, Meta(description="The same in words.")]


@dataclass(frozen=True, slots=True)
class Types:
    """The types that depend on the problem.

    Attributes:
        request: the body of a prediction's request.
        response: its answer.
        batch_request: the body of a batch.
        batch_result: the answer to one row of it.
        batch_response: the answer to a batch.
    """

    request: type[msgspec.Struct]
    response: type[msgspec.Struct]
    batch_request: type[msgspec.Struct]
    batch_result: type[msgspec.Struct]
    batch_response: type[msgspec.Struct]


@lru_cache(maxsize=4)
def types_of(predictor: Predictor) -> Types:
    """Return the types of a predictor's problem."""
    problem = predictor.problem
    row, rows, answer = problem.row.name, problem.row.plural, problem.answer.name
    request = _struct(
        "PredictRequest",
        f"What is asked of one {row}. Of a member given twice the last counts.",
        _inputs(problem),
    )
    target = (
        problem.target.name,
        Annotated[str, Meta(description=f"The key of the {answer}: see `/api/classes`.")],
    )
    response = _struct(
        "PredictResponse",
        f"The {answer} for a {row}.",
        [
            target,
            ("name", Annotated[str, Meta(description="Its name, for people.")]),
            ("probability", Probability),
            (
                "probabilities",
                Annotated[
                    Mapping[str, float], Meta(description="Of every class that the model knows, by key.")
                ],
            ),
            ("image_url", Annotated[str | None, Meta(description="Its picture; null where it has none.")]),
            *((feature.name, _echo(problem, feature)) for feature in problem.features),
            ("outside_training_range", Outside),
            ("model_version", ModelVersion),
            (
                "reasons",
                Annotated[
                    Sequence[Reason] | UnsetType,
                    Meta(description="What each feature did, the most first; only with `explain=true`."),
                ],
                UNSET,
            ),
        ],
    )
    batch_request = _struct(
        "BatchRequest",
        f"Up to {MAX_ROWS:,} {rows}.",
        [(problem.rows_member, Annotated[list[request], Meta(max_length=MAX_ROWS)])],  # type: ignore[valid-type]
    )
    batch_result = _struct(
        "BatchResult",
        f"The {answer} for one {row} of a batch.",
        [target, ("probability", Probability), ("outside_training_range", Outside)],
    )
    batch_response = _struct(
        "BatchResponse",
        f"The answers for the {rows} of a batch.",
        [
            ("model_version", ModelVersion),
            (
                "results",
                Annotated[
                    Sequence[batch_result | None],  # type: ignore[valid-type]
                    Meta(
                        description=f"One for each {row}, in order; null for one that could not be answered."
                    ),
                ],
            ),
            (
                "errors",
                Annotated[
                    Sequence[FieldError],
                    Meta(
                        description=f"What is wrong with the {rows} that could not be answered: of the first "
                        f"{MAX_REPORTED}, or fewer where this list would be longer than both "
                        f"{REPORT_BYTES // 1024} KB and twice the body. Always empty with `errors=fail`."
                    ),
                ],
            ),
            (
                "ignored_columns",
                Annotated[
                    Sequence[str],
                    Meta(description="The columns of a CSV that were passed over, but the target."),
                ],
            ),
        ],
    )
    return Types(request, response, batch_request, batch_result, batch_response)


def _struct(name: str, description: str, fields: list[Any]) -> type[msgspec.Struct]:
    is_request = name.endswith("Request")
    return msgspec.defstruct(
        name,
        fields,
        frozen=True,
        kw_only=is_request,
        forbid_unknown_fields=is_request,
        namespace={"__doc__": description},
    )


def _inputs(problem: Problem) -> list[Any]:
    """Return the members of a request, the required ones first, as types of what a client may send."""
    fields: list[Any] = []
    for feature in problem.features:
        kind = _input(feature)
        fields.append((feature.name, kind) if feature.required else (feature.name, kind | None, None))
        if (member := problem.unit_members.get(feature.name)) and isinstance(feature, Number):
            names = " or ".join(unit.label for unit in feature.units.values())
            units = Literal[tuple(feature.units)]  # type: ignore[valid-type]
            meta = Meta(description=f"The unit of `{feature.name}`: {names}; `{feature.unit}` if left out.")
            fields.append((member, Annotated[units, meta], feature.unit))
    return fields


def _input(feature: AnyFeature) -> Any:
    match feature:
        case Number():
            # A client's convenience comes first: one type, within the limits of all units.
            lows, highs = zip(*feature.limits.values(), strict=True)
            words = ", or ".join(feature.limits_in_words(unit) for unit in feature.limits)
            meta = Meta(description=f"The {feature.short}: from {words}.", ge=min(lows), le=max(highs))
            return Annotated[float, meta]
        case Choice():
            kind = Literal[tuple(feature.choices)]  # type: ignore[valid-type]
            labels = "; ".join(f"`{key}`: {label}" for key, label in feature.choices.items())
            return Annotated[kind, Meta(description=f"The {feature.short}. {labels}.")]
        case _:
            return Annotated[bool, Meta(description=feature.question)]


def _echo(problem: Problem, feature: AnyFeature) -> Any:
    """Return the type of a feature in an answer: as it was given, a number of several units with its unit."""
    kind: Any
    match feature:
        case Number() if feature.name in problem.unit_members:
            kind = msgspec.defstruct(
                feature.name.title().replace("_", ""),
                [
                    ("value", Annotated[int | float, Meta(description="As given.")]),
                    ("unit", Annotated[Literal[tuple(feature.units)], Meta(description="Its unit.")]),
                    (
                        feature.unit,
                        Annotated[
                            float, Meta(description=f"The same in {feature.units[feature.unit].label}.")
                        ],
                    ),
                ],
                frozen=True,
                namespace={
                    "__doc__": f"The {feature.short} as given, and in {feature.units[feature.unit].label}."
                },
            )
        case Number():
            kind = Annotated[int | float, Meta(description=f"The {feature.short}, as given.")]
        case Choice():
            kind = Annotated[str, Meta(description=f"The {feature.short}, as given.")]
        case _:
            kind = Annotated[bool, Meta(description=f"The {feature.short}, as given.")]
    return kind if feature.required else kind | None
