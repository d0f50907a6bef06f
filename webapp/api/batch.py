"""The route that answers many rows in one request, in JSON or CSV."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from threading import Lock
from urllib.parse import quote

import msgspec
import numpy as np
from flask import Blueprint, Response, request
from numpy.typing import NDArray

from model.predictor import Predictions, Predictor
from webapp.api.csv_results import to_csv
from webapp.api.csv_rows import read_csv
from webapp.api.json_rows import read_json
from webapp.api.reading import read_options
from webapp.api.rows import Rows
from webapp.api.schemas import MAX_REPORTED, REPORT_BYTES, types_of
from webapp.http.admission import received_body
from webapp.http.compression import compress
from webapp.http.negotiation import CSV, JSON, preferred_type, sent_type
from webapp.http.problem_details import MAX_ERRORS, FieldError
from webapp.http.problem_kinds import rows_slug
from webapp.http.problems import Problem
from webapp.http.request_context import current_context
from webapp.http.state import current_state
from webapp.http.turns import SLICE_ITEMS, give_turn, in_turns
from webapp.reasons import DECIMALS

PATH = "/api/predict/batch"
BODY_LIMIT = 2 * 1024 * 1024
OPTIONS: Mapping[str, tuple[str, ...]] = {"errors": ("fail", "report")}
IGNORED_HEADER = "X-Ignored-Columns"
"""Names the first columns of a CSV that were passed over, percent-encoded, with commas between."""
MAX_IGNORED = 20
"""The most columns in that header, because proxies refuse a response with long headers."""

blueprint = Blueprint("batch", __name__)
# In parallel, all batches would take longer, and other requests would wait for a slice of each of them.
_one_at_a_time = Lock()


@blueprint.post(PATH)
def predict_batch() -> Response:
    """Answer each of many rows."""
    report = read_options(request.args, OPTIONS)["errors"] == "report"
    sent = sent_type(JSON, CSV)
    wanted = preferred_type(sent, CSV if sent == JSON else JSON)
    with _one_at_a_time:
        return _predict_batch(received_body(), sent, wanted, report=report)


def _predict_batch(body: bytes, sent: str, wanted: str, *, report: bool) -> Response:
    state = current_state()
    rows = read_json(body, state) if sent == JSON else read_csv(body, state.problem)
    current_context().refused = len(rows.faults)
    # At most twice the body, so that a small request gets no large response.
    errors = _errors(rows, MAX_REPORTED if report else MAX_ERRORS, max(REPORT_BYTES, 2 * len(body)))
    if rows.faults and not report:
        raise _refusal(rows, errors)
    answers = _answers(rows, state.predictor)
    if wanted == CSV:
        answer_body = to_csv(state.problem.target.name, answers, errors if report else None)
    else:
        types = types_of(state.predictor)
        results = [
            None if answer is None else types.batch_result(*answer)
            for chunk in in_turns(answers)
            for answer in chunk
        ]
        listed = list(chain.from_iterable(errors.values()))
        answer_body = msgspec.json.encode(
            types.batch_response(state.predictor.model_version, results, listed, rows.ignored)
        )
    response = Response(answer_body, content_type=f"{CSV}; charset=utf-8" if wanted == CSV else JSON)
    if rows.ignored and wanted == CSV:
        response.headers[IGNORED_HEADER] = ",".join(
            quote(name, safe=" ") for name in rows.ignored[:MAX_IGNORED]
        )
    response.vary.add("Accept")
    return compress(response)


def _errors(rows: Rows, most: int, most_bytes: int) -> dict[int, list[FieldError]]:
    """Return what is wrong with the first rows that have faults, so many rows and so many bytes at most."""
    errors: dict[int, list[FieldError]] = {}
    size = 0
    for row in islice(rows.faults, most):
        give_turn()
        found = rows.errors(row)
        size += len(msgspec.json.encode(found))
        if errors and size > most_bytes:
            break
        errors[row] = found
    return errors


def _refusal(rows: Rows, errors: Mapping[int, Sequence[FieldError]]) -> Problem:
    noun, count, refused = rows.problem.row, len(rows), len(rows.faults)
    row, [first, *_] = next(iter(rows.faults.items()))
    counted = f"1 {noun.name} of {count:,}" if refused == 1 else f"{refused:,} {noun.plural} of {count:,}"
    detail = f"{counted} can't be answered. {noun.name.capitalize()} {row + 1:,}: {first.detail}"
    if refused > len(errors):
        detail += f" The first {len(errors)} are listed."
    if refused < count:
        detail += " To have the others answered, ask with ?errors=report."
    return Problem(rows_slug(rows.problem), detail, *chain.from_iterable(errors.values()))


Answer = tuple[str, float, bool]
"""The key of the class, its probability, and whether the row is outside the training range."""


def _answers(rows: Rows, predictor: Predictor) -> list[Answer | None]:
    """Return the answer to each row, None for one with a fault."""
    matrix = rows.good()
    answers = _predict_in_slices(predictor, matrix)
    current_context().batch = (matrix, answers)
    keys = list(predictor.problem.by_key)
    found: Iterator[Answer] = zip(
        [keys[index] for index in answers.class_index.tolist()],
        answers.probabilities.max(axis=1).astype(float).round(DECIMALS).tolist(),
        answers.outside_training_range.tolist(),
        strict=True,
    )
    if not rows.faults:
        return list(found)
    return [None if row in rows.faults else next(found) for row in range(len(rows))]


def _predict_in_slices(predictor: Predictor, matrix: NDArray[np.float64]) -> Predictions:
    """Answer many rows, and let other requests run between two slices."""
    size = max(1, 2 * SLICE_ITEMS // len(predictor.classes))  # three classes or more have trees of their own
    parts = []
    for start in range(0, max(len(matrix), 1), size):
        parts.append(predictor.predict_many(matrix[start : start + size]))
        give_turn()
    return Predictions(
        np.concatenate([part.class_index for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.outside_training_range for part in parts]),
    )
