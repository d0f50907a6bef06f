"""Static files: their media types, their addresses, how long a browser keeps them."""

import pytest
from flask.testing import FlaskClient

from webapp.api import docs


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/static/style.css", "text/css; charset=utf-8"),
        ("/static/live.js", "text/javascript; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml; charset=utf-8"),
        (f"/api/docs/{docs.UI_VERSION}/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        (f"/api/docs/{docs.UI_VERSION}/swagger-ui.css", "text/css; charset=utf-8"),
        ("/api/openapi.json", "application/json"),
        ("/model", "text/html; charset=utf-8"),
    ],
)
def test_each_file_has_its_media_type(client: FlaskClient, path: str, content_type: str) -> None:
    assert client.get(path).content_type == content_type


def test_a_static_file_is_kept_for_a_year_at_the_address_of_its_version_only(client: FlaskClient) -> None:
    [address] = [part for part in client.get("/").text.split('"') if part.startswith("/static/style.css?v=")]
    assert client.get(address).headers["Cache-Control"] == "public, max-age=31536000"
    for other in ("/static/style.css", "/static/style.css?v=0", "/static/style.css?v="):
        assert client.get(other).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["", "nothing.css", "../README.md", "fonts", "fonts/", "./style.css", "%00"])
def test_a_path_that_names_no_static_file_is_not_found(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404
