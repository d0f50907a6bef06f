"""What clients and caches may keep: ETags, 304s, and contents that are compressed and tagged only once."""

import gzip
import zlib
from typing import NoReturn

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug import http as werkzeug_http
from werkzeug.test import TestResponse

from model.artifact import ARTIFACT_FOLDER, read_model
from webapp.api import docs
from webapp.http import caching
from webapp.http.state import state_of

SCRIPT = f"/api/docs/{docs.UI_VERSION}/swagger-ui-bundle.js"
STYLE = f"/api/docs/{docs.UI_VERSION}/swagger-ui.css"
FILES = [SCRIPT, STYLE, "/api/openapi.json", "/static/style.css", "/static/icon.svg"]
STORED = ["/model", "/breeds", "/problems", "/api/docs", "/api/classes", "/api/model"]
MANIFEST, _ = read_model(ARTIFACT_FOLDER)
PICTURE = f"/model/{MANIFEST.model_version}/{MANIFEST.problem.preview}"
PREDICTION = "/api/predict?home_size=900"
RENDERED = ["/recommendation?home_size=900", "/preview?home_size=900"]
CACHED = [PREDICTION, "/api/classes", "/api/model", "/api/openapi.json", "/api/docs"]
GZIP = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize("path", CACHED)
def test_an_unchanged_answer_is_not_sent_again(http: httpx.Client, path: str) -> None:
    first = http.get(path)
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "public, max-age=60"
    again = http.get(path, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert http.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_different_answers_have_different_etags(http: httpx.Client) -> None:
    tags = {http.get("/api/predict", params={"home_size": size}).headers["ETag"] for size in (900, 901, 4000)}
    assert len(tags) == 3


@pytest.mark.parametrize("path", CACHED)
def test_head_sends_the_headers_of_get_without_a_body(http: httpx.Client, path: str) -> None:
    head, get = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize("path", ["/api/nowhere", "/api/predict"])
def test_an_error_is_not_kept(http: httpx.Client, path: str) -> None:
    assert http.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("value", ["bytes=0-9", "bytes=-1", "bytes=5-1", "lines=1", "x" * 100])
def test_a_range_is_ignored(http: httpx.Client, value: str) -> None:
    response = http.get(PREDICTION, headers={"Range": value})
    assert response.status_code == 200
    assert response.json()["breed"] == "dachshund"


def _plots(app: Flask) -> list[str]:
    state = state_of(app)
    return [f"/model/{state.predictor.model_version}/{name}" for name in state.pictures]


@pytest.fixture
def unable_to_compress_or_hash(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client whose app has answered each stored page once, and then fails at every compression and hash."""
    client = app.test_client()
    for path in STORED:
        client.get(path)

    def fail(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a content that never changes is compressed or hashed again")

    monkeypatch.setattr(zlib, "compressobj", fail)
    monkeypatch.setattr(gzip, "compress", fail)
    monkeypatch.setattr(werkzeug_http, "sha1", fail)
    return client


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"}])
def test_a_content_that_never_changes_is_compressed_and_hashed_only_once(
    app: Flask, unable_to_compress_or_hash: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    for path in [*FILES, *STORED, *_plots(app), PICTURE]:
        for accepted in ({}, GZIP):
            response = unable_to_compress_or_hash.open(path, method=method, headers=headers | accepted)
            assert response.status_code == (304 if "If-None-Match" in headers else 200)


def test_a_page_that_the_client_already_has_is_not_compressed(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(zlib, "compressobj")
    for path in RENDERED:
        assert client.get(path, headers=GZIP | {"If-None-Match": "*"}).status_code == 304


@pytest.mark.parametrize("path", [*FILES, *STORED, PREDICTION])
def test_compressed_or_not_an_answer_has_the_same_content_and_etag(client: FlaskClient, path: str) -> None:
    plain, zipped = client.get(path), client.get(path, headers=GZIP)
    if "Content-Encoding" in zipped.headers:
        assert gzip.decompress(zipped.data) == plain.data
        assert len(zipped.data) < len(plain.data) * 0.9
    else:
        assert len(plain.data) < 2048
    for response in (plain, zipped):
        assert response.content_length == len(response.data)
        assert ("Accept-Encoding" in response.vary) == ("Content-Encoding" in zipped.headers)
    # A strong tag would have to differ (RFC 9110, section 8.8.3).
    assert plain.headers["ETag"] == zipped.headers["ETag"]
    assert plain.headers["ETag"].startswith("W/")


@pytest.mark.parametrize("path", [*FILES, *STORED, PICTURE])
@pytest.mark.parametrize("headers", [{}, GZIP])
def test_head_has_all_headers_of_get(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    get, head = client.get(path, headers=headers), client.head(path, headers=headers)
    assert head.data == b""
    assert _comparable(head) == _comparable(get)


def _comparable(response: TestResponse) -> dict[str, str]:
    """Return the headers without those that differ between any two responses."""
    return {name: value for name, value in response.headers.items() if name not in {"X-Request-ID", "Date"}}


@pytest.mark.parametrize("form", ["W/{tag}", "{tag}", "*", '"other", W/{tag}', 'W/"other",{tag} , "more"'])
@pytest.mark.parametrize("path", [SCRIPT, "/static/style.css", "/model", "/api/model"])
def test_a_request_with_the_current_etag_is_answered_304(client: FlaskClient, path: str, form: str) -> None:
    first = client.get(path, headers=GZIP)
    tag = first.headers["ETag"].removeprefix("W/")
    again = client.get(path, headers=GZIP | {"If-None-Match": form.format(tag=tag)})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control"):
        assert again.headers.get(name) == first.headers.get(name)
    assert not {"Content-Length", "Content-Encoding", "Content-Type"} & set(again.headers.keys())


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"other"'},
        {"If-None-Match": ""},
        {"If-Modified-Since": "Thu, 26 Nov 2099 00:00:00 GMT"},  # there is no Last-Modified to compare
        {"Range": "bytes=0-9"},
        {"Range": "bytes=" + "0-1," * 2000},
        {"If-None-Match": '"other",' * 1000 + "*"},  # longer than the server reads
    ],
)
@pytest.mark.parametrize("path", [SCRIPT, "/static/style.css", "/model"])
def test_a_request_without_the_current_etag_gets_the_whole_content(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    assert response.data == client.get(path).data


@pytest.mark.parametrize("path", ["/api/model", PREDICTION, "/", SCRIPT])
def test_if_match_and_if_unmodified_since_are_ignored(client: FlaskClient, path: str) -> None:
    """They guard changes (RFC 9110, section 13.1), and a GET changes nothing."""
    tag = client.get(path).headers["ETag"]
    for value in ("*", '"other"', tag):
        response = client.get(path, headers={"If-Match": value})
        assert (response.status_code, response.data) == (200, client.get(path).data)
        assert client.get(path, headers={"If-Match": value, "If-None-Match": tag}).status_code == 304
    since = {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert client.get(path, headers=since).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_health_check_is_not_kept(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/model", "/breeds", "/problems", "/api/docs", "/api/classes"])
def test_a_stored_page_has_the_host_and_scheme_of_each_request_but_not_its_query(
    client: FlaskClient, path: str
) -> None:
    for host in ("https://one.example", "http://one.example", "http://two.example"):
        assert client.get(f"{path}?from={host[-11:-8]}", base_url=host)
        page = client.get(path, base_url=host).text
        assert host in page
        assert page.count("one.example") + page.count("two.example") == page.count(host)
        assert "?from=" not in page


def test_the_number_of_stored_pages_is_bounded(client: FlaskClient) -> None:
    for number in range(100):
        client.get("/api/docs", base_url=f"http://host{number}.example")
    assert caching._stored.cache_info().currsize == caching.ANSWERS_STORED
