"""What the JSON API takes and answers, declared once: what is read, what is written, what is documented."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from model.home_size import Unit
from webapp.http.problem_details import FieldError

MAX_HOMES = 20_000
MAX_HOME_BYTES = 2_000
MAX_REPORTED = 500
REPORT_BYTES = 16 * 1024
"""So long may be what is said of the bad homes of a batch; with a longer body, twice as long as that."""
DECIMALS = 6
"""XGBoost computes in single precision: further digits would be noise."""

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
        Meta(description="The home's size, in `unit`: from 50 to 100,000 sq ft, or 4.65 to 9,290.3 m²."),
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
                "What is wrong with the homes that could not be answered: the first 500, or fewer where this "
                "list would be longer than both 16 KB and twice the body. Always empty with `errors=fail`."
            )
        ),
    ]
