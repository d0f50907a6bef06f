"""What the tests of the API share: the model that is served, the shape of an error, any JSON."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st

from model.predictor import Prediction, Predictor
from webapp.config import ROOT

JSON = {"Content-Type": "application/json"}
PREDICTOR = Predictor.load(ROOT / "model" / "artifact")
MIN_SQFT, MAX_SQFT, SQFT_PER_M2 = 50.0, 100_000.0, 10.76391041671


def answer_for(size: float) -> Prediction:
    """Return the predictor's own answer for a home of so many square feet."""
    return PREDICTOR.predict(PREDICTOR.reader.from_json({"home_size": size}))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def assert_problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """Check that a response is a problem of RFC 9457, complete and of this kind; return its members."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"{response.request.url.copy_with(path='/problems', query=None)}#{slug}"
    assert body["status"] == status
    assert body["instance"] == response.request.url.path
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert body["title"]
    assert body["detail"].endswith("."), "a sentence"
    assert "Traceback" not in response.text
    return body


def by_kind(kinds: Mapping[tuple[object, ...], Mapping[str, tuple[bytes, str]]]) -> list[Any]:
    """Flatten the cases of a test.

    Args:
        kinds: the parameters that cases share, such as status and slug, with these cases: by id, a body and
            words of its answer. The shared parameters come last.
    """
    return [
        pytest.param(*case, *kind, id=name) for kind, cases in kinds.items() for name, case in cases.items()
    ]
