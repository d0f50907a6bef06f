import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import xgboost  # noqa: F401 - before model.booster hides scikit-learn, which XGBClassifier needs
from flask import Flask
from flask.testing import FlaskClient

from tests.problems import train_problem
from tests.serving import Server, running
from webapp import create_app

# No deadline: on a slow machine a correct example may take long.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the load and cut-off tests at full size")


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to run at full size, as `make soak`, `fuzz` and `chaos` do, or in CI's short form."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that returns the folder of a problem's artifact, trained when it is first asked for.

    The problems are "puppy", which is shipped, and the folders of tests/problems.
    """
    return cache(lambda name: Path(train_problem(name, tmp_path_factory.mktemp(name))))


@pytest.fixture(scope="session")
def app() -> Flask:
    return create_app({"TESTING": True})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture(scope="session")
def base_url(request: pytest.FixtureRequest) -> str:
    """The address of the server to test: `BASE_URL`, or that of a server started here."""
    given = os.environ.get("BASE_URL")
    if given:
        return given.rstrip("/")
    server: Server = request.getfixturevalue("server")
    return server.url


@pytest.fixture(scope="session")
def url_of(
    base_url: str, model_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """A function that returns the address of a problem's server, which is started when it is first asked for.

    A server at `BASE_URL` has the puppy alone, so tests of the other problems are skipped there.
    """
    with ExitStack() as servers:

        def url_of(name: str) -> str:
            if name == "puppy":
                return base_url
            if "BASE_URL" in os.environ:
                pytest.skip(f"the server at BASE_URL does not serve {name}")
            log = tmp_path_factory.mktemp(name) / "log"
            return servers.enter_context(running(log, MODEL_DIR=str(model_of(name)))).url

        yield cache(url_of)
