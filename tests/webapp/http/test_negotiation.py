"""The media type of an answer, chosen by the request's Accept header where there is a choice."""

import httpx
import pytest

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
        ("/api/classes", "application/json"),
        ("/api/model", "application/json"),
        ("/api/openapi.json", "application/json"),
        ("/api/docs", "text/html; charset=utf-8"),
    ],
)
def test_a_route_with_one_media_type_answers_in_it_whatever_accept_names(
    http: httpx.Client, path: str, media_type: str, accept: str
) -> None:
    response = http.get(path, headers={"Accept": accept})
    assert response.status_code in {200, 422}
    assert response.headers["Content-Type"] == media_type


def test_repeated_accept_headers_are_read_as_one_list(http: httpx.Client) -> None:
    headers = [("Accept", "text/html"), ("Accept", "text/csv")]
    response = http.post("/api/predict/batch", json={"homes": []}, headers=headers)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_an_accept_header_of_480_kb_is_answered_or_refused_as_too_large(http: httpx.Client) -> None:
    headers = [("Accept", "a/b," * 2000)] * 60
    response = http.post("/api/predict/batch", json={"homes": []}, headers=headers)
    assert response.status_code in {200, 431}
