"""A log line or a count that fails never fails its request, nor the other of the two."""

from typing import Any, NoReturn

import pytest
from flask import Flask
from prometheus_client import Histogram
from structlog.testing import capture_logs

from webapp import create_app
from webapp.http import logs, metrics

REQUESTS: dict[str, tuple[dict[str, Any], int]] = {
    "a prediction": ({"path": "/api/predict?home_size=900"}, 200),
    "a batch": (
        {"path": "/api/predict/batch", "method": "POST", "json": {"homes": [{"home_size": 900}]}},
        200,
    ),
    "a page": ({"path": "/recommendation?home_size=900&unit=sqft"}, 200),
    "a refusal": ({"path": "/api/predict"}, 422),
    "an unknown path": ({"path": "/nowhere"}, 404),
}
each_request = pytest.mark.parametrize(("request_", "status"), REQUESTS.values(), ids=REQUESTS)


def fail(*_: object, **__: object) -> NoReturn:
    raise OSError("no space left on device")


@pytest.fixture
def app() -> Flask:
    return create_app({"PROPAGATE_EXCEPTIONS": False})


def requests_counted() -> float:
    [family] = metrics.LATENCY.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_count"))


@each_request
def test_a_request_whose_log_line_fails_is_answered_and_counted(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    request_: dict[str, Any],
    status: int,
) -> None:
    monkeypatch.setattr(logs, "client_address", fail)
    before = requests_counted()
    assert app.test_client().open(**request_).status_code == status
    assert requests_counted() == before + 1
    assert "no space left on device" in caplog.text


@each_request
def test_a_request_whose_count_fails_is_answered_and_logged(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    request_: dict[str, Any],
    status: int,
) -> None:
    monkeypatch.setattr(Histogram, "observe", fail)
    with capture_logs() as lines:
        assert app.test_client().open(**request_).status_code == status
    assert [line["status"] for line in lines] == [status]
    assert "no space left on device" in caplog.text
