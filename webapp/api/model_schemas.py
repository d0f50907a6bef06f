"""The responses about the model and its classes; those of predictions are in `webapp.api.schemas`."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from webapp.api.schemas import ModelVersion


class FactResponse(msgspec.Struct, frozen=True):
    """A line about a class, and who says so."""

    label: str
    text: str
    source: str
    url: str


class ClassResponse(msgspec.Struct, frozen=True):
    """A class that the model can answer."""

    key: Annotated[str, Meta(description="The word that answers use for it.")]
    name: Annotated[str, Meta(description="Its name, for people.")]
    image_url: Annotated[str | None, Meta(description="Its picture; null where it has none.")]
    facts: Sequence[FactResponse]


class ClassesResponse(msgspec.Struct, frozen=True):
    """The classes that the model can answer."""

    classes: Sequence[ClassResponse]


class Boundary(msgspec.Struct, frozen=True):
    """A value of the only feature, a number, where the answer changes."""

    value: Annotated[float, Meta(description="The least value that is answered `above`, in the first unit.")]
    below: Annotated[str, Meta(description="The key of the class below it.")]
    above: Annotated[str, Meta(description="The key of the class from it on.")]


class TrainedFeature(msgspec.Struct, frozen=True):
    """What the model was trained on, of one feature."""

    name: str
    min: Annotated[float | None, Meta(description="The least number, in the first unit.")]
    max: Annotated[float | None, Meta(description="The greatest number, in the first unit.")]
    counts: Annotated[Mapping[str, int], Meta(description="How many rows, by choice.")]
    blanks: Annotated[int, Meta(description="How many rows without a value.")]
    importance: Annotated[
        float | None,
        Meta(description="The mean absolute SHAP value, in log-odds; null where it is the only feature."),
    ]


class TrainingData(msgspec.Struct, frozen=True):
    """The rows that the model was trained and judged on."""

    simulated: Annotated[bool, Meta(description="Whether they were made up: true for the model we ship.")]
    rows: Annotated[Mapping[str, int], Meta(description="How many, by class.")]
    fitted: Annotated[int, Meta(description="How many it was trained on.")]
    held_out: Annotated[int, Meta(description="How many were kept back to judge it by.")]


class ModelMetrics(msgspec.Struct, frozen=True):
    """How the model does on the rows kept back."""

    accuracy: Annotated[float, Meta(description="The share answered with the right class.")]
    log_loss: Annotated[float, Meta(description="In nats; smaller is better.")]
    brier_score: Annotated[float, Meta(description="Smaller is better.")]
    calibration_error: Annotated[
        float, Meta(description="How far probabilities are from what happens, on average.")
    ]
    roc_auc: Annotated[float, Meta(description="Area under the ROC curve; larger is better.")]


class ModelResponse(msgspec.Struct, frozen=True):
    """The model: what it knows, where its answer changes, and how good it is."""

    model_version: ModelVersion
    classes: Annotated[Sequence[str], Meta(description="The keys of its classes.")]
    features: Sequence[TrainedFeature]
    decision_boundaries: Sequence[Boundary]
    metrics: ModelMetrics
    data: TrainingData
    xgboost_version: str
