import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the load tests at full size")


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to run at full size, as the verbs `soak`, `fuzz` and `chaos` do, or CI's short form."""
    return bool(request.config.getoption("--full", default=False))
