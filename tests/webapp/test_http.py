"""The API's manners: what HTTP offers to clients, caches and browsers."""

import gzip
import json

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.test_api import JSON, http
from webapp import create_app

__all__ = ["http"]

CACHED = ["/api/predict?home_size=900", "/api/breeds", "/api/model", "/api/openapi.json", "/api/docs"]
ORIGIN = {"Origin": "https://shop.example"}


@pytest.mark.parametrize("path", CACHED)
def test_an_answer_that_is_still_the_same_is_not_sent_again(http: httpx.Client, path: str) -> None:
    first = http.get(path)
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "public, max-age=60"
    again = http.get(path, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert http.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_the_tag_changes_with_the_answer(http: httpx.Client) -> None:
    tags = {http.get("/api/predict", params={"home_size": size}).headers["ETag"] for size in (900, 901, 4000)}
    assert len(tags) == 3


@pytest.mark.parametrize("path", CACHED)
def test_the_tag_is_the_same_compressed_or_not(http: httpx.Client, path: str) -> None:
    plain = http.get(path, headers={"Accept-Encoding": "identity"})
    assert http.get(path, headers={"Accept-Encoding": "gzip"}).headers["ETag"] == plain.headers["ETag"]
    assert plain.headers["ETag"].startswith("W/")


@pytest.mark.parametrize("path", CACHED)
def test_head_tells_all_but_the_body(http: httpx.Client, path: str) -> None:
    head, get = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


def test_an_error_is_never_kept(http: httpx.Client) -> None:
    for path in ("/api/nowhere", "/api/predict"):
        assert http.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accepts", "compressed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("identity, gzip;q=0.5", False),
        (";;q=x,,gzip", True),
    ],
)
def test_a_large_answer_is_compressed_where_the_client_takes_it(
    http: httpx.Client, accepts: str, compressed: bool
) -> None:
    body = json.dumps({"homes": [{"home_size": 900}] * 1000})
    with http.stream(
        "POST", "/api/predict/batch", content=body, headers=JSON | {"Accept-Encoding": accepts}
    ) as response:
        raw = b"".join(response.iter_raw())
    assert (response.headers.get("Content-Encoding") == "gzip") is compressed
    assert int(response.headers["Content-Length"]) == len(raw)
    answer = json.loads(gzip.decompress(raw) if compressed else raw)
    assert len(answer["results"]) == 1000
    assert "Accept-Encoding" in response.headers["Vary"]


def test_a_small_answer_is_sent_as_it_is(http: httpx.Client) -> None:
    response = http.get("/api/predict?home_size=900", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    assert "Vary" not in response.headers


@pytest.mark.parametrize(
    ("path", "status"), [("/api/predict?home_size=900", 200), ("/api/predict", 422), ("/api/nowhere", 404)]
)
def test_pages_of_other_sites_may_ask_and_read_the_headers(
    http: httpx.Client, path: str, status: int
) -> None:
    response = http.get(path, headers=ORIGIN)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-ID", "X-Model-Version", "ETag", "Retry-After"} == set(exposed)
    assert "Origin" not in response.headers.get("Vary", "")


def test_a_browser_that_asks_first_is_told(http: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    response = http.options("/api/predict", headers=ORIGIN | asked)
    assert response.status_code == 200
    assert {"GET", "POST"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Content-Type" in response.headers["Access-Control-Allow-Headers"]
    assert int(response.headers["Access-Control-Max-Age"]) > 0


def test_a_browser_that_asks_first_where_nothing_lives_is_told_nothing(http: httpx.Client) -> None:
    response = http.options("/api/nowhere", headers=ORIGIN | {"Access-Control-Request-Method": "POST"})
    assert response.status_code == 404
    assert "Access-Control-Max-Age" not in response.headers


def test_options_name_the_methods(http: httpx.Client) -> None:
    response = http.options("/api/predict/batch")
    assert set(response.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert "Access-Control-Allow-Methods" not in response.headers


def test_pages_are_not_for_other_sites(http: httpx.Client) -> None:
    assert "Access-Control-Allow-Origin" not in http.get("/", headers=ORIGIN).headers


@pytest.fixture(scope="module")
def narrowed() -> Flask:
    origins = "https://shop.example https://kennel.example"
    return create_app({"TESTING": True, "CORS_ORIGINS": origins})


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://shop.example", True), ("https://shop.example.evil", False), ("null", False), (None, False)],
)
def test_cors_origins_narrows_who_may(narrowed: Flask, origin: str | None, allowed: bool) -> None:
    client: FlaskClient = narrowed.test_client()
    response = client.get("/api/predict?home_size=900", headers={"Origin": origin} if origin else {})
    assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert "Origin" in response.headers["Vary"]


def test_a_range_is_answered_whole(http: httpx.Client) -> None:
    for value in ("bytes=0-9", "bytes=-1", "bytes=5-1", "lines=1", "x" * 100):
        response = http.get("/api/predict?home_size=900", headers={"Range": value})
        assert response.status_code == 200
        assert response.json()["breed"] == "dachshund"


@pytest.mark.parametrize("host", ["ex ample", "[::1", "a/b", "a\x7fb", "é", "a:b:c", "x" * 300])
def test_a_host_that_is_none_is_refused_and_not_repeated(http: httpx.Client, host: str) -> None:
    response = http.get("/api/predict?home_size=900", headers=[(b"Host", host.encode())])
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert host not in response.text


JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
ACCEPTS = [
    *("application/json", "Application/JSON", "application/json; charset=utf-8", "application/*", "*/*", "*"),
    *(JAVA, "text/json", "application/vnd.api+json", "text/html", "text/csv", "application/xml", ""),
    *("application/json;q=0", "application/*;q=0, text/plain", "*/*;q=0", "application/json;q=.5", "q=.5"),
    *("x", ";;;", '"', "a/b;" * 100, "a/b," * 1500),
]


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/predict?home_size=900", "application/json"),
        ("/api/predict", "application/problem+json"),
        ("/api/breeds", "application/json"),
        ("/api/model", "application/json"),
        ("/api/openapi.json", "application/json"),
        ("/api/docs", "text/html; charset=utf-8"),
    ],
)
def test_what_has_one_form_is_answered_whatever_accept_says(
    http: httpx.Client, path: str, media_type: str, accept: str
) -> None:
    response = http.get(path, headers={"Accept": accept})
    assert response.status_code in {200, 422}
    assert response.headers["Content-Type"] == media_type


def test_several_accepts_are_read_as_one(http: httpx.Client) -> None:
    headers = [("Accept", "text/html"), ("Accept", "text/csv"), ("Content-Type", "application/json")]
    response = http.post("/api/predict/batch", content='{"homes": []}', headers=headers)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_very_long_accept_takes_no_time(http: httpx.Client) -> None:
    headers = [("Accept", "a/b," * 2000)] * 60 + [("Content-Type", "application/json")]
    response = http.post("/api/predict/batch", content='{"homes": []}', headers=headers)
    assert response.status_code in {200, 431}


def test_every_answer_names_the_model(http: httpx.Client) -> None:
    version = http.get("/api/model").json()["model_version"]
    for path in ("/api/predict?home_size=900", "/api/breeds", "/api/model"):
        assert http.get(path).headers["X-Model-Version"] == version


@pytest.mark.parametrize("proxies", [0, 1])
def test_addresses_are_right_behind_a_trusted_proxy_only(proxies: int) -> None:
    app = create_app({"TESTING": True, "TRUSTED_PROXIES": proxies})
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    client: FlaskClient = app.test_client()
    scheme = "https" if proxies else "http"
    good = client.get("/api/predict?home_size=900", headers=forwarded, base_url="http://puppy.example")
    assert good.get_json()["image_url"].startswith(f"{scheme}://puppy.example/static/")
    bad = client.get("/api/predict", headers=forwarded, base_url="http://puppy.example")
    assert bad.get_json()["type"] == f"{scheme}://puppy.example/problems#invalid-home-size"
    breeds = client.get("/api/breeds", headers=forwarded, base_url="http://puppy.example").get_json()
    assert breeds["breeds"][0]["image_url"].startswith(f"{scheme}://puppy.example/static/")


@pytest.mark.parametrize(
    ("forwarded", "scheme"),
    [
        *(("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("Http", "http")),
        *((other, "http") for other in ("javascript", "http://evil/", "wss", "https:", "evil:", " ", "")),
    ],
)
def test_a_forwarded_scheme_is_http_or_https_or_passed_over(forwarded: str, scheme: str) -> None:
    client: FlaskClient = create_app({"TESTING": True, "TRUSTED_PROXIES": 1}).test_client()
    headers = {"X-Forwarded-Proto": forwarded, "Host": "puppy.example"}
    good = client.get("/api/predict?home_size=900", headers=headers)
    assert good.get_json()["image_url"].startswith(f"{scheme}://puppy.example/static/")
    assert ("Strict-Transport-Security" in client.get("/", headers=headers).headers) == (scheme == "https")
    bad = client.get("/api/predict", headers=headers)
    assert bad.get_json()["type"].startswith(f"{scheme}://puppy.example/problems#")
