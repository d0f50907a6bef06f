"""What no request changes is compressed and tagged once; clients and caches may keep it."""

import gzip
import zlib
from typing import NoReturn

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import Environment
from werkzeug import http
from werkzeug.test import TestResponse

from webapp import create_app
from webapp.api import docs
from webapp.http import caching
from webapp.http.state import state_of
from webapp.http.warm_up import warm_up

SCRIPT = f"/api/docs/{docs.UI_VERSION}/swagger-ui-bundle.js"
STYLE = f"/api/docs/{docs.UI_VERSION}/swagger-ui.css"
FILES = [SCRIPT, STYLE, "/api/openapi.json", "/static/style.css", "/static/breeds/dachshund.svg"]
STORED = ["/model", "/breeds", "/problems", "/api/docs", "/api/breeds", "/api/model"]
PICTURE = "/static/social/dachshund.png"
RENDERED = ["/recommendation?home_size=900", "/preview?home_size=900"]
GZIP = {"Accept-Encoding": "gzip"}


def _plots(app: Flask) -> list[str]:
    state = state_of(app)
    return [f"/model/{state.predictor.model_version}/{name}" for name in state.plots]


@pytest.fixture
def no_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of an app in which whatever compresses or hashes a body fails."""
    client = app.test_client()
    for path in STORED:
        client.get(path)

    def work(*_: object, **__: object) -> NoReturn:
        raise AssertionError("this request works on bytes that are always the same")

    monkeypatch.setattr(zlib, "compressobj", work)
    monkeypatch.setattr(gzip, "compress", work)
    monkeypatch.setattr(http, "sha1", work)
    return client


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"}])
def test_a_request_works_on_no_bytes_that_are_always_the_same(
    app: Flask, no_work: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    for path in [*FILES, *STORED, *_plots(app), PICTURE]:
        for accepted in ({}, GZIP):
            response = no_work.open(path, method=method, headers=headers | accepted)
            assert response.status_code == (304 if "If-None-Match" in headers else 200)


def test_a_page_that_the_client_has_is_not_compressed(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(zlib, "compressobj")
    for path in RENDERED:
        assert client.get(path, headers=GZIP | {"If-None-Match": "*"}).status_code == 304


@pytest.mark.parametrize("path", [*FILES, *STORED])
def test_compressed_or_not_it_is_the_same(client: FlaskClient, path: str) -> None:
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


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "gzip"),
        ("*", "gzip"),
        ("GZIP;Q=0.9", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("", None),
        ("br", None),
        ("gzip;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("gzip," + "x," * 4000, None),
    ],
)
def test_it_is_compressed_for_those_who_take_gzip(
    client: FlaskClient, accepted: str, encoding: str | None
) -> None:
    assert client.get(SCRIPT, headers={"Accept-Encoding": accepted}).content_encoding == encoding


@pytest.mark.parametrize("path", [*FILES, *STORED, PICTURE])
@pytest.mark.parametrize("headers", [{}, GZIP])
def test_head_has_the_headers_of_get(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    get, head = client.get(path, headers=headers), client.head(path, headers=headers)
    assert head.data == b""
    assert _lasting(head) == _lasting(get)


def _lasting(response: TestResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name not in {"X-Request-ID", "Date"}}


@pytest.mark.parametrize("form", ["W/{tag}", "{tag}", "*", '"other", W/{tag}', 'W/"other",{tag} , "more"'])
@pytest.mark.parametrize("path", [SCRIPT, "/static/style.css", "/model", "/api/model"])
def test_who_has_it_gets_no_body(client: FlaskClient, path: str, form: str) -> None:
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
        {"If-None-Match": '"other",' * 1000 + "*"},  # too long to be read
    ],
)
@pytest.mark.parametrize("path", [SCRIPT, "/static/style.css", "/model"])
def test_everybody_else_gets_all_of_it(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    assert response.data == client.get(path).data


@pytest.mark.parametrize("path", ["/api/model", "/api/predict?home_size=900", "/", SCRIPT])
def test_conditions_that_are_for_changes_are_passed_over(client: FlaskClient, path: str) -> None:
    tag = client.get(path).headers["ETag"]
    for value in ("*", '"other"', tag):
        response = client.get(path, headers={"If-Match": value})
        assert (response.status_code, response.data) == (200, client.get(path).data)
        assert client.get(path, headers={"If-Match": value, "If-None-Match": tag}).status_code == 304
    since = {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert client.get(path, headers=since).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_nobody_keeps_what_is_true_at_the_moment_only(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_a_picture_that_is_compressed_already_stays_as_it_is(client: FlaskClient) -> None:
    response = client.get(PICTURE, headers=GZIP)
    assert response.content_type == "image/png"
    assert "Content-Encoding" not in response.headers
    assert "Vary" not in response.headers


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/static/style.css", "text/css; charset=utf-8"),
        ("/static/live.js", "text/javascript; charset=utf-8"),
        ("/static/breeds/puppy.svg", "image/svg+xml; charset=utf-8"),
        (SCRIPT, "text/javascript; charset=utf-8"),
        (STYLE, "text/css; charset=utf-8"),
        ("/api/openapi.json", "application/json"),
        ("/model", "text/html; charset=utf-8"),
    ],
)
def test_its_type(client: FlaskClient, path: str, content_type: str) -> None:
    assert client.get(path).content_type == content_type


def test_a_static_file_is_kept_for_a_year_at_the_address_of_its_version_only(client: FlaskClient) -> None:
    [address] = [part for part in client.get("/").text.split('"') if part.startswith("/static/style.css?v=")]
    assert client.get(address).headers["Cache-Control"] == "public, max-age=31536000"
    for other in ("/static/style.css", "/static/style.css?v=0", "/static/style.css?v="):
        assert client.get(other).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["", "nothing.css", "../README.md", "breeds", "breeds/", "./style.css", "%00"]
)
def test_there_are_no_other_static_files(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/model", "/breeds", "/problems", "/api/docs", "/api/breeds"])
def test_what_is_stored_names_the_host_and_the_address_that_it_is_asked_at(
    client: FlaskClient, path: str
) -> None:
    for host in ("https://one.example", "http://one.example", "http://two.example"):
        assert client.get(f"{path}?from={host[-11:-8]}", base_url=host)
        page = client.get(path, base_url=host).text
        assert host in page
        assert page.count("one.example") + page.count("two.example") == page.count(host)
        assert "?from=" not in page


def test_what_is_stored_is_bounded(client: FlaskClient) -> None:
    for number in range(100):
        client.get("/api/docs", base_url=f"http://host{number}.example")
    assert caching._stored.cache_info().currsize == caching.ANSWERS_STORED


@pytest.fixture
def fresh() -> Flask:
    return create_app({"TESTING": True})


def test_the_first_request_compiles_no_template(fresh: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = fresh.test_client()
    monkeypatch.delattr(Environment, "compile")
    for path in ["/", "/?home_size=x", *RENDERED, "/recommendation?home_size=x", *STORED, "/nowhere"]:
        assert client.get(path).status_code in {200, 404, 422}


def test_the_warm_up_is_no_request_of_anybodys(app: Flask) -> None:
    with structlog.testing.capture_logs() as lines:
        app.test_client().get("/")
        assert len(lines) == 1
        warm_up(app)
    assert len(lines) == 1


def test_a_page_that_cannot_be_made_does_not_hinder_a_start() -> None:
    app = Flask(__name__)
    app.add_url_rule("/broken", view_func=lambda: 1 / 0)  # type: ignore[arg-type]
    warm_up(app)
