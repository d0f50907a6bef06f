"""The requests and responses of predictions, from which decoder, encoder and OpenAPI document are made.

Their docstrings and descriptions are shown in the document.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from model.home_size import Unit
from webapp.home import MAX_HOMES, limits_in_words
from webapp.http.problem_details import FieldError

MAX_HOME_BYTES = 2_000
MAX_REPORTED = 500
"""The most errors that the answer to a batch with `errors=report` lists."""
REPORT_BYTES = 16 * 1024
"""The most bytes of that list, unless the request's body is longer than half of it."""
DECIMALS = 6
"""The decimals of a probability. XGBoost computes in single precision, so further digits would be noise."""

BreedKey = Annotated[str, Meta(description="The breed's key: see `/api/breeds`.")]
Probability = Annotated[float, Meta(description="Of that breed, from 0 to 1, to six decimals.", ge=0, le=1)]
Outside = Annotated[
    bool,
    Meta(description="Whether the model saw no home as small, or none as large: the answer is then a guess."),
]
ModelVersion = Annotated[str, Meta(description="The model that answered; changes when it is trained anew.")]


class PredictRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A home, by its size. Of a member given twice the last counts."""

    home_size: Annotated[
        int | float,
        Meta(
            description="The home's size, in `unit`: "
            f"from {limits_in_words('sqft')}, or {limits_in_words('m2')}."
        ),
    ]
    unit: Annotated[Literal["sqft", "m2"], Meta(description="Square feet or square metres.")] = "sqft"


class HomeSize(msgspec.Struct, frozen=True):
    """The home size as given, and in sq ft."""

    value: Annotated[int | float, Meta(description="As given.")]
    unit: Annotated[Unit, Meta(description="As given, or `sqft`.")]
    sqft: Annotated[float, Meta(description="The same size in square feet.")]


class PredictResponse(msgspec.Struct, frozen=True):
    """The puppy that suits a home."""

    breed: BreedKey
    name: Annotated[str, Meta(description="The breed's name, for people.")]
    probability: Probability
    probabilities: Annotated[Mapping[str, float], Meta(description="Of every breed the model knows, by key.")]
    image_url: Annotated[str, Meta(description="A drawing of the puppy (SVG).")]
    home_size: HomeSize
    outside_training_range: Outside
    model_version: ModelVersion


class BatchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 20,000 homes."""

    homes: Annotated[list[PredictRequest], Meta(max_length=MAX_HOMES)]


class BatchOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a batch shall be answered."""

    errors: Annotated[
        Literal["fail", "report"],
        Meta(
            description=(
                "What a home that can't be answered does: `fail` refuses the whole batch, `report` answers "
                "the others and lists it."
            )
        ),
    ] = "fail"


class BatchResult(msgspec.Struct, frozen=True):
    """The puppy that suits one home of a batch."""

    breed: BreedKey
    probability: Probability
    outside_training_range: Outside


class BatchResponse(msgspec.Struct, frozen=True):
    """The puppies that suit the homes of a batch."""

    model_version: ModelVersion
    results: Annotated[
        Sequence[BatchResult | None],
        Meta(description="One for each home, in their order; null for one that could not be answered."),
    ]
    errors: Annotated[
        Sequence[FieldError],
        Meta(
            description=(
                f"What is wrong with the homes that could not be answered: the first {MAX_REPORTED}, or "
                f"fewer where this list would be longer than both {REPORT_BYTES // 1024} KB and twice the "
                "body. Always empty with `errors=fail`."
            )
        ),
    ]
