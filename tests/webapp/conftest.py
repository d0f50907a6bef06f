from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture(scope="module")
def http(base_url: str) -> Iterator[httpx.Client]:
    """A client of a real Gunicorn with gevent workers, or of the server that `BASE_URL` names."""
    with httpx.Client(base_url=base_url, timeout=30) as http:
        yield http
