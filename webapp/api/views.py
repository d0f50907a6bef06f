"""The JSON API: one home, the breeds, and the model. `batch` has many homes."""

from typing import TypeVar

import msgspec
from flask import Blueprint, Response, request

from webapp.api.model_schemas import (
    Boundary,
    BreedResponse,
    BreedsResponse,
    Fact,
    ModelMetrics,
    ModelResponse,
    Range,
    TrainingData,
    TrainingRange,
)
from webapp.api.reading import read_body, read_home_query
from webapp.api.schemas import DECIMALS, HomeSize, PredictResponse
from webapp.home import Home
from webapp.http.addresses import origin
from webapp.http.admission import received_body
from webapp.http.caching import cacheable, stored
from webapp.http.negotiation import JSON, sent_type
from webapp.http.request_context import current_context
from webapp.http.state import current_state
from webapp.recommend import picture_of, recommend

blueprint = Blueprint("api", __name__, url_prefix="/api")

StructT = TypeVar("StructT", bound=msgspec.Struct)


@blueprint.post("/predict")
def predict() -> Response:
    """Recommend a puppy for the home in a JSON body."""
    sent_type(JSON)
    return _answer(read_body(received_body()))


@blueprint.get("/predict")
def predict_by_query() -> Response:
    """Recommend a puppy for the home in the query string."""
    return cacheable(_answer(read_home_query(request.args)))


@blueprint.get("/breeds")
def breeds() -> Response:
    """List the breeds that the model can answer."""
    return stored(_breeds, JSON)


def _breeds() -> bytes:
    answer = BreedsResponse(
        [
            BreedResponse(
                breed.key,
                breed.name,
                _picture_url(breed.key),
                weight_kg=_as(breed.weight_kg, Range),
                height_cm=_as(breed.height_cm, Range),
                space=_as(breed.space, Fact),
                exercise=_as(breed.exercise, Fact),
            )
            for breed in current_state().predictor.breeds
        ]
    )
    return msgspec.json.encode(answer)


@blueprint.get("/model")
def model() -> Response:
    """Say what the model knows, where its answer changes, and how good it is."""
    return stored(_model, JSON)


def _model() -> bytes:
    predictor = current_state().predictor
    manifest = predictor.manifest
    answer = ModelResponse(
        model_version=manifest.model_version,
        classes=manifest.classes,
        training_range=TrainingRange(*predictor.training_range),
        decision_boundaries=[_as(boundary, Boundary) for boundary in manifest.decision_boundaries],
        metrics=_as(manifest.metrics, ModelMetrics),
        data=_as(manifest.data, TrainingData),
        xgboost_version=manifest.xgboost_version,
    )
    return msgspec.json.encode(answer)


def _as(given: object, form: type[StructT]) -> StructT:
    return msgspec.convert(given, form, from_attributes=True)


def _answer(home: Home) -> Response:
    recommendation = recommend(home)
    current_context().prediction = (home, recommendation)
    answer = PredictResponse(
        breed=recommendation.breed,
        name=recommendation.name,
        probability=round(recommendation.probability, DECIMALS),
        probabilities={
            breed: round(share, DECIMALS) for breed, share in recommendation.probabilities.items()
        },
        image_url=_picture_url(recommendation.breed),
        home_size=HomeSize(home.value, home.unit, home.sqft),
        outside_training_range=recommendation.outside_training_range,
        model_version=recommendation.model_version,
    )
    return Response(msgspec.json.encode(answer), content_type=JSON)


def _picture_url(breed: str) -> str:
    return f"{origin()}/static/{picture_of(breed)}"
