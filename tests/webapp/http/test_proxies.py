"""The client's address and scheme behind proxies: believed from trusted ones only."""

from pathlib import Path

import httpx
import pytest
from flask.testing import FlaskClient

from tests.serving import running
from webapp import create_app


@pytest.mark.parametrize("proxies", [0, 1])
def test_only_behind_a_trusted_proxy_do_addresses_in_answers_have_its_scheme(proxies: int) -> None:
    client: FlaskClient = create_app({"TESTING": True, "TRUSTED_PROXIES": proxies}).test_client()
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    scheme = "https" if proxies else "http"
    good = client.get("/api/predict?home_size=900", headers=forwarded, base_url="http://puppy.example")
    assert good.get_json()["image_url"].startswith(f"{scheme}://puppy.example/model/")
    bad = client.get("/api/predict", headers=forwarded, base_url="http://puppy.example")
    assert bad.get_json()["type"] == f"{scheme}://puppy.example/problems#invalid-home-size"
    breeds = client.get("/api/classes", headers=forwarded, base_url="http://puppy.example").get_json()
    assert breeds["classes"][0]["image_url"].startswith(f"{scheme}://puppy.example/model/")


@pytest.mark.parametrize(("proxies", "scheme"), [("0", "http"), ("1", "https")])
def test_gunicorn_too_believes_the_scheme_of_a_trusted_proxy_only(
    tmp_path: Path, proxies: str, scheme: str
) -> None:
    with running(tmp_path / "log", TRUSTED_PROXIES=proxies, STOP_WAIT_SECONDS="0") as server:
        answer = httpx.post(
            f"{server.url}/api/predict", json={"home_size": 900}, headers={"X-Forwarded-Proto": "https"}
        ).json()
    assert answer["image_url"].startswith(f"{scheme}://127.0.0.1:{server.port}/model/")


@pytest.mark.parametrize(
    ("forwarded", "scheme"),
    [
        *(("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("Http", "http")),
        *((other, "http") for other in ("javascript", "http://evil/", "wss", "https:", "evil:", " ", "")),
    ],
)
def test_a_forwarded_scheme_other_than_http_and_https_is_ignored(forwarded: str, scheme: str) -> None:
    client: FlaskClient = create_app({"TESTING": True, "TRUSTED_PROXIES": 1}).test_client()
    headers = {"X-Forwarded-Proto": forwarded, "Host": "puppy.example"}
    good = client.get("/api/predict?home_size=900", headers=headers)
    assert good.get_json()["image_url"].startswith(f"{scheme}://puppy.example/model/")
    assert ("Strict-Transport-Security" in client.get("/", headers=headers).headers) == (scheme == "https")
    bad = client.get("/api/predict", headers=headers)
    assert bad.get_json()["type"].startswith(f"{scheme}://puppy.example/problems#")


def test_a_forwarded_host_is_ignored() -> None:
    client = create_app({"TESTING": True, "TRUSTED_PROXIES": 1}).test_client()
    headers = {"Host": "puppy.example", "X-Forwarded-Host": "evil.example"}
    assert "evil" not in client.get("/api/predict?home_size=900", headers=headers).text
