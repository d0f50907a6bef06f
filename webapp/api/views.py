"""The routes of the JSON API that answer one home, and describe the breeds and the model."""

import msgspec
from flask import Blueprint, Response, request

from webapp.api.model_schemas import BreedsResponse, ModelResponse, TrainingRange
from webapp.api.reading import read_body, read_home_query
from webapp.api.schemas import DECIMALS, HomeSize, PredictResponse
from webapp.home import Home
from webapp.http.addresses import origin
from webapp.http.admission import received_body
from webapp.http.caching import cacheable, stored
from webapp.http.negotiation import JSON, sent_type
from webapp.http.request_context import current_context
from webapp.http.state import State, current_state
from webapp.recommend import picture_of, recommend

blueprint = Blueprint("api", __name__, url_prefix="/api")


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
    state = current_state()
    breeds = [
        msgspec.structs.asdict(breed) | {"image_url": _picture_url(breed.key, state)}
        for breed in state.predictor.breeds
    ]
    return msgspec.json.encode(msgspec.convert({"breeds": breeds}, BreedsResponse, from_attributes=True))


@blueprint.get("/model")
def model() -> Response:
    """Describe the model: its training data, where its answer changes, and how good it is."""
    return stored(_model, JSON)


def _model() -> bytes:
    predictor = current_state().predictor
    model = msgspec.structs.asdict(predictor.manifest) | {
        "training_range": TrainingRange(*predictor.training_range)
    }
    return msgspec.json.encode(msgspec.convert(model, ModelResponse, from_attributes=True))


def _answer(home: Home) -> Response:
    state = current_state()
    recommendation = recommend(state.predictor, home)
    current_context().prediction = (home, recommendation)
    answer = PredictResponse(
        breed=recommendation.breed,
        name=recommendation.name,
        probability=round(recommendation.probability, DECIMALS),
        probabilities={
            breed: round(share, DECIMALS) for breed, share in recommendation.probabilities.items()
        },
        image_url=_picture_url(recommendation.breed, state),
        home_size=HomeSize(home.value, home.unit, home.sqft),
        outside_training_range=recommendation.outside_training_range,
        model_version=recommendation.model_version,
    )
    return Response(msgspec.json.encode(answer), content_type=JSON)


def _picture_url(breed: str, state: State) -> str:
    return f"{origin()}/static/{picture_of(breed, state)}"
