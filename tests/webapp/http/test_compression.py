"""Answers compressed by gzip, where they are large and the client accepts it."""

import gzip
import json

import httpx
import pytest
from flask.testing import FlaskClient

from model.artifact import ARTIFACT_FOLDER, read_model
from webapp.api import docs

SCRIPT = f"/api/docs/{docs.UI_VERSION}/swagger-ui-bundle.js"
ACCEPT_ENCODINGS = [
    ("gzip", True),
    ("gzip, deflate, br, zstd", True),
    ("*", True),
    ("GZIP;Q=0.9", True),
    ("identity;q=0, gzip;q=0.1", True),
    (";;q=x,,gzip", True),
    ("", False),
    ("identity", False),
    ("br", False),
    ("gzip;q=0", False),
    ("identity, gzip;q=0.5", False),
    ("gzip," + "x," * 4000, False),
]


@pytest.mark.parametrize(("accepted", "compressed"), ACCEPT_ENCODINGS)
def test_a_large_answer_is_compressed_for_a_client_that_accepts_gzip(
    http: httpx.Client, accepted: str, compressed: bool
) -> None:
    body = {"homes": [{"home_size": 900}] * 1000}
    headers = {"Accept-Encoding": accepted}
    with http.stream("POST", "/api/predict/batch", json=body, headers=headers) as response:
        raw = b"".join(response.iter_raw())
    assert (response.headers.get("Content-Encoding") == "gzip") is compressed
    assert int(response.headers["Content-Length"]) == len(raw)
    answer = json.loads(gzip.decompress(raw) if compressed else raw)
    assert len(answer["results"]) == 1000
    assert "Accept-Encoding" in response.headers["Vary"]


@pytest.mark.parametrize(("accepted", "compressed"), ACCEPT_ENCODINGS)
def test_a_large_file_is_sent_compressed_to_a_client_that_accepts_gzip(
    client: FlaskClient, accepted: str, compressed: bool
) -> None:
    response = client.get(SCRIPT, headers={"Accept-Encoding": accepted})
    assert response.content_encoding == ("gzip" if compressed else None)


def test_a_small_answer_is_not_compressed(http: httpx.Client) -> None:
    response = http.get("/api/predict?home_size=900", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    assert "Vary" not in response.headers


def test_a_picture_that_gzip_would_not_make_smaller_is_not_compressed(client: FlaskClient) -> None:
    manifest, _ = read_model(ARTIFACT_FOLDER)
    response = client.get(
        f"/model/{manifest.model_version}/{manifest.problem.preview}", headers={"Accept-Encoding": "gzip"}
    )
    assert response.content_type == "image/png"
    assert "Content-Encoding" not in response.headers
    assert "Vary" not in response.headers
