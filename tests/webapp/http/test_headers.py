"""Headers of every answer of the API: the model's version, and what browsers let other sites read (CORS)."""

import httpx
import pytest
from flask.testing import FlaskClient

from webapp import create_app

ORIGIN = {"Origin": "https://shop.example"}


def test_every_answer_names_the_models_version(http: httpx.Client) -> None:
    version = http.get("/api/model").json()["model_version"]
    for path in ("/api/predict?home_size=900", "/api/breeds", "/api/model"):
        assert http.get(path).headers["X-Model-Version"] == version


@pytest.mark.parametrize(
    ("path", "status"), [("/api/predict?home_size=900", 200), ("/api/predict", 422), ("/api/nowhere", 404)]
)
def test_scripts_of_other_sites_may_read_the_api_and_its_headers(
    http: httpx.Client, path: str, status: int
) -> None:
    response = http.get(path, headers=ORIGIN)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-ID", "X-Model-Version", "ETag", "Retry-After"} == set(exposed)
    assert "Origin" not in response.headers.get("Vary", "")


def test_a_preflight_request_is_told_methods_and_headers(http: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    response = http.options("/api/predict", headers=ORIGIN | asked)
    assert response.status_code == 200
    assert {"GET", "POST"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Content-Type" in response.headers["Access-Control-Allow-Headers"]
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_a_preflight_request_for_an_unknown_path_is_not_found(http: httpx.Client) -> None:
    response = http.options("/api/nowhere", headers=ORIGIN | {"Access-Control-Request-Method": "POST"})
    assert response.status_code == 404
    assert "Access-Control-Max-Age" not in response.headers


def test_options_without_an_origin_names_the_allowed_methods(http: httpx.Client) -> None:
    response = http.options("/api/predict/batch")
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert "Access-Control-Allow-Methods" not in response.headers


def test_scripts_of_other_sites_may_not_read_pages(http: httpx.Client) -> None:
    assert "Access-Control-Allow-Origin" not in http.get("/", headers=ORIGIN).headers


@pytest.fixture(scope="module")
def for_two_origins() -> FlaskClient:
    """A client of an app that only two other sites may use."""
    origins = "https://shop.example https://kennel.example"
    return create_app({"TESTING": True, "CORS_ORIGINS": origins}).test_client()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://shop.example", True), ("https://shop.example.evil", False), ("null", False), (None, False)],
)
def test_cors_origins_limits_which_sites_may_read(
    for_two_origins: FlaskClient, origin: str | None, allowed: bool
) -> None:
    headers = {"Origin": origin} if origin else {}
    response = for_two_origins.get("/api/predict?home_size=900", headers=headers)
    assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert "Origin" in response.headers["Vary"]
