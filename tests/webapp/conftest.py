from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from flask.testing import FlaskClient

from model.predictor import Predictor
from tests.problems import NAMES
from webapp import create_app


@pytest.fixture(scope="module")
def http(base_url: str) -> Iterator[httpx.Client]:
    """A client of a real Gunicorn with gevent workers, or of the server that `BASE_URL` names."""
    with httpx.Client(base_url=base_url, timeout=30) as http:
        yield http


@dataclass(frozen=True, eq=False)
class Service:
    """A served problem."""

    name: str
    client: FlaskClient
    predictor: Predictor


@pytest.fixture(scope="session", params=NAMES)
def service(request: pytest.FixtureRequest, model_of: Callable[[str], Path]) -> Service:
    folder = model_of(request.param)
    app = create_app({"TESTING": True, "MODEL_DIR": str(folder)})
    return Service(request.param, app.test_client(), Predictor.load(folder))


@pytest.fixture(scope="session")
def penguins(model_of: Callable[[str], Path]) -> FlaskClient:
    return create_app({"TESTING": True, "MODEL_DIR": str(model_of("penguins"))}).test_client()


@pytest.fixture(scope="session")
def yard(model_of: Callable[[str], Path]) -> FlaskClient:
    return create_app({"TESTING": True, "MODEL_DIR": str(model_of("yard"))}).test_client()
