"""The routes of the JSON API that answer one row, and describe the classes and the model."""

from functools import partial

import msgspec
from flask import Blueprint, Response, request

from model.problem.rows import Row
from webapp.api.model_schemas import ClassesResponse, ModelResponse
from webapp.api.reading import EXPLAIN, read_body, read_options, read_row_query
from webapp.api.schemas import types_of
from webapp.http.admission import received_body
from webapp.http.caching import cacheable, stored
from webapp.http.files import path_of
from webapp.http.negotiation import JSON, sent_type
from webapp.http.request_context import current_context, origin
from webapp.http.state import State, current_state
from webapp.reasons import DECIMALS, reasons_for

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.post("/predict")
def predict() -> Response:
    """Answer the row in a JSON body."""
    sent_type(JSON)
    explain = (
        bool(request.environ["QUERY_STRING"]) and read_options(request.args, EXPLAIN)["explain"] == "true"
    )
    return _answer(read_body(received_body(), state := current_state()), state, explain=explain)


@blueprint.get("/predict")
def predict_by_query() -> Response:
    """Answer the row in the query string."""
    state = current_state()
    row, explain = read_row_query(request.args, state)
    return cacheable(_answer(row, state, explain=explain))


@blueprint.get("/classes")
@partial(stored, mimetype=JSON)
def classes() -> bytes:
    """List the classes that the model can answer."""
    state = current_state()
    entries = [
        msgspec.structs.asdict(entry) | {"image_url": _picture_url(entry.picture, state)}
        for entry in state.predictor.classes
    ]
    return msgspec.json.encode(msgspec.convert({"classes": entries}, ClassesResponse, from_attributes=True))


@blueprint.get("/model")
@partial(stored, mimetype=JSON)
def model() -> bytes:
    """Describe the model: its training data, where its answer changes, and how good it is."""
    manifest = current_state().predictor.manifest
    members = msgspec.structs.asdict(manifest) | {"classes": manifest.classes}
    return msgspec.json.encode(msgspec.convert(members, ModelResponse, from_attributes=True))


def _answer(row: Row, state: State, *, explain: bool) -> Response:
    predictor = state.predictor
    types = types_of(predictor)
    answer = predictor.predict(row)
    current_context().prediction = (row, answer)
    response = types.response(
        answer.key,
        answer.name,
        round(answer.probability, DECIMALS),
        {key: round(share, DECIMALS) for key, share in answer.probabilities.items()},
        _picture_url(predictor.problem.by_key[answer.key].picture, state),
        *[
            {"value": reading.value, "unit": reading.unit, unit: reading.number}
            if unit and reading.value is not None
            else reading.value
            for unit, reading in zip(types.units, row.readings, strict=True)
        ],
        answer.outside_training_range,
        answer.model_version,
        *([reasons_for(predictor, row, answer)] if explain else []),
    )
    return Response(msgspec.json.encode(response), content_type=JSON)


def _picture_url(picture: str, state: State) -> str | None:
    return f"{origin()}{path_of(state, picture)}" if picture else None
