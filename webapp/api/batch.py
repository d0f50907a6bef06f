"""The route that answers many homes in one request, in JSON or CSV."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from threading import Lock

import msgspec
import numpy as np
from flask import Blueprint, Response, request

from webapp.api.csv_homes import read_csv
from webapp.api.csv_results import to_csv
from webapp.api.json_homes import read_json
from webapp.api.reading import read_query
from webapp.api.refusals import TOO_MANY
from webapp.api.schemas import (
    DECIMALS,
    MAX_REPORTED,
    REPORT_BYTES,
    BatchOptions,
    BatchResponse,
    BatchResult,
)
from webapp.home import MAX_HOMES
from webapp.http.admission import received_body
from webapp.http.compression import compress
from webapp.http.negotiation import CSV, JSON, preferred_type, sent_type
from webapp.http.problem_details import MAX_ERRORS, FieldError
from webapp.http.problems import Problem
from webapp.http.request_context import current_context
from webapp.http.state import current_state
from webapp.http.turns import in_turns

PATH = "/api/predict/batch"
BODY_LIMIT = 2 * 1024 * 1024

blueprint = Blueprint("batch", __name__)
# In parallel, all batches would take longer, and other requests would wait for a slice of each of them.
_one_at_a_time = Lock()


@blueprint.post(PATH)
def predict_batch() -> Response:
    """Recommend a puppy for each of many homes."""
    options = read_query(request.args, BatchOptions)
    sent = sent_type(JSON, CSV)
    wanted = preferred_type(sent, CSV if sent == JSON else JSON)
    with _one_at_a_time:
        return _predict_batch(received_body(), sent, wanted, options)


def _predict_batch(body: bytes, sent: str, wanted: str, options: BatchOptions) -> Response:
    rows = list(islice((read_json if sent == JSON else read_csv)(body), MAX_HOMES + 1))
    if len(rows) > MAX_HOMES:
        raise Problem("too-many-homes", TOO_MANY)
    refused = [row for row in rows if isinstance(row, FieldError)]
    current_context().refused = len(refused)
    if refused and options.errors == "fail":
        raise _refusal(refused, len(rows))
    answers = [answer for chunk in in_turns(_recommend(rows)) for answer in chunk]
    reported = _reported(refused, len(body))
    version = current_state().predictor.model_version
    if wanted == CSV:
        answer_body = to_csv(answers, reported if options.errors == "report" else None)
    else:
        results = [answer if isinstance(answer, BatchResult) else None for answer in answers]
        answer_body = msgspec.json.encode(BatchResponse(version, results, reported))
    response = Response(answer_body, content_type=f"{CSV}; charset=utf-8" if wanted == CSV else JSON)
    response.vary.add("Accept")
    return compress(response)


def _refusal(refused: Sequence[FieldError], homes: int) -> Problem:
    first = refused[0]
    counted = f"1 home of {homes:,}" if len(refused) == 1 else f"{len(refused):,} homes of {homes:,}"
    detail = f"{counted} can't be answered. Home {first.row:,}: {first.detail}"
    if len(refused) > MAX_ERRORS:
        detail += f" The first {MAX_ERRORS} are listed."
    if len(refused) < homes:
        detail += " To have the others answered, ask with ?errors=report."
    return Problem("invalid-homes", detail, *refused[:MAX_ERRORS])


def _reported(refused: Sequence[FieldError], body_bytes: int) -> Sequence[FieldError]:
    """Return the first errors: at most MAX_REPORTED, and in JSON at most REPORT_BYTES or twice the body."""
    most = max(REPORT_BYTES, 2 * body_bytes)
    sizes = accumulate(len(msgspec.json.encode(error)) + 1 for error in refused[:MAX_REPORTED])
    return [error for error, size in zip(refused, sizes, strict=False) if size <= most]


def _recommend(rows: Sequence[float | FieldError]) -> Iterator[BatchResult | FieldError]:
    """Yield the recommendation for each size in square feet, and each error unchanged in its place."""
    predictor = current_state().predictor
    breeds = [breed.key for breed in predictor.breeds]
    sizes = np.array([row for row in rows if not isinstance(row, FieldError)], dtype=np.float64)
    answers = predictor.predict_many(sizes)
    current_context().batch = (sizes, answers)
    results = map(
        BatchResult,
        [breeds[index] for index in answers.breed_index.tolist()],
        answers.probabilities.max(axis=1).astype(float).round(DECIMALS).tolist(),
        answers.outside_training_range.tolist(),
    )
    return (row if isinstance(row, FieldError) else next(results) for row in rows)
