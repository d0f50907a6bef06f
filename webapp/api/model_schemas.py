"""The responses about the model and its breeds; those of predictions are in `webapp.api.schemas`."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from webapp.api.schemas import BreedKey, ModelVersion


class Range(msgspec.Struct, frozen=True):
    """A range over adult dogs, males and females together, and who says so."""

    min: float
    max: float
    source: str
    url: str


class Fact(msgspec.Struct, frozen=True):
    """A line about a breed, and who says so."""

    text: str
    source: str
    url: str


class BreedResponse(msgspec.Struct, frozen=True):
    """A breed that the model can answer."""

    key: Annotated[str, Meta(description="The word that answers use for it.")]
    name: Annotated[str, Meta(description="Its name, for people.")]
    image_url: Annotated[str, Meta(description="A drawing of its puppy (SVG).")]
    weight_kg: Range
    height_cm: Range
    space: Fact
    exercise: Fact


class BreedsResponse(msgspec.Struct, frozen=True):
    """The breeds that the model can answer."""

    breeds: Sequence[BreedResponse]


class Boundary(msgspec.Struct, frozen=True):
    """A home size where the answer changes."""

    home_size_sqft: Annotated[float, Meta(description="The smallest home that is answered `above`.")]
    below: BreedKey
    above: BreedKey


class TrainingRange(msgspec.Struct, frozen=True):
    """The smallest and the largest home that the model was trained on."""

    min_sqft: float
    max_sqft: float


class TrainingData(msgspec.Struct, frozen=True):
    """The households that the model was trained and judged on."""

    simulated: Annotated[bool, Meta(description="Whether they were made up: true for the model we ship.")]
    households: Annotated[Mapping[str, int], Meta(description="How many, by breed.")]
    fitted: Annotated[int, Meta(description="How many it was trained on.")]
    held_out: Annotated[int, Meta(description="How many were kept back to judge it by.")]


class ModelMetrics(msgspec.Struct, frozen=True):
    """How the model does on the households kept back."""

    accuracy: Annotated[float, Meta(description="The share answered with the right breed.")]
    log_loss: Annotated[float, Meta(description="In nats; smaller is better.")]
    brier_score: Annotated[float, Meta(description="Smaller is better.")]
    calibration_error: Annotated[
        float, Meta(description="How far probabilities are from what happens, on average.")
    ]
    roc_auc: Annotated[float, Meta(description="Area under the ROC curve; larger is better.")]


class ModelResponse(msgspec.Struct, frozen=True):
    """The model: what it knows, where its answer changes, and how good it is."""

    model_version: ModelVersion
    classes: Annotated[Sequence[str], Meta(description="The keys of its breeds.")]
    training_range: TrainingRange
    decision_boundaries: Sequence[Boundary]
    metrics: ModelMetrics
    data: TrainingData
    xgboost_version: str
