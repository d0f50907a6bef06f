"""The JSON API."""

from functools import lru_cache

import msgspec
from flask import Blueprint, Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header
from werkzeug.sansio.utils import get_current_url, get_host

from model.predictor import Recommendation
from webapp.admission import received_body
from webapp.problems import Problem
from webapp.recommend import Home, picture_path, recommend
from webapp.schemas import HomeSize, PredictResponse, read_body, read_query

blueprint = Blueprint("api", __name__, url_prefix="/api")

# XGBoost computes in single precision: further digits would be noise.
DECIMALS = 6

_encoder = msgspec.json.Encoder()


@blueprint.before_request
def accept_json() -> None:
    """Refuse a client that does not take JSON."""
    if not _takes_json(request.environ.get("HTTP_ACCEPT", "*/*")):
        raise Problem("not-acceptable", "This route answers in application/json; let Accept include it.")


@lru_cache(maxsize=256)
def _takes_json(accept: str) -> bool:
    return (
        not accept.strip()
        or parse_accept_header(accept, MIMEAccept).best_match(["application/json"]) is not None
    )


@lru_cache(maxsize=256)
def _is_json(content_type: str) -> bool:
    return parse_options_header(content_type)[0].lower() == "application/json"


@blueprint.post("/predict")
def predict() -> Response:
    """Recommend a puppy for the home in a JSON body."""
    if not _is_json(request.environ.get("CONTENT_TYPE", "")):
        raise Problem(
            "unsupported-media-type",
            "Send the body as JSON, with the header Content-Type: application/json.",
        )
    return _answer(read_body(received_body()))


@blueprint.get("/predict")
def predict_from_query() -> Response:
    """Recommend a puppy for the home in the query string."""
    return _answer(read_query(request.args))


def _answer(home: Home) -> Response:
    recommendation = recommend(home)
    answer = PredictResponse(
        breed=recommendation.breed,
        name=recommendation.name,
        probability=round(recommendation.probability, DECIMALS),
        probabilities=_rounded(recommendation),
        image_url=_picture_url(recommendation.breed, request.scheme, request.environ.get("HTTP_HOST")),
        home_size=HomeSize(home.value, home.unit, home.sqft),
        outside_training_range=recommendation.outside_training_range,
        model_version=recommendation.model_version,
    )
    return Response(_encoder.encode(answer), content_type="application/json")


@lru_cache(maxsize=1024)
def _rounded(recommendation: Recommendation) -> dict[str, float]:
    return {breed: round(share, DECIMALS) for breed, share in recommendation.probabilities.items()}


@lru_cache(maxsize=256)
def _picture_url(breed: str, scheme: str, host: str | None) -> str:
    return get_current_url(scheme, get_host(scheme, host, request.server)).rstrip("/") + picture_path(breed)
