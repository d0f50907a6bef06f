"""The JSON API, over a real Gunicorn with gevent workers (or any server, by BASE_URL)."""

import gzip
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.home_size import MAX_SQFT, MIN_SQFT, SQFT_PER_M2
from tests.webapp.api.helpers import JSON, PREDICTOR, assert_problem, json_values


def test_a_small_home_suits_a_dachshund(http: httpx.Client) -> None:
    response = http.post("/api/predict", json={"home_size": 900})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    answer = response.json()
    assert answer["breed"] == "dachshund"
    assert answer["name"] == "Dachshund"
    assert answer["probability"] == max(answer["probabilities"].values())
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=2e-6)
    assert answer["home_size"] == {"value": 900, "unit": "sqft", "sqft": 900.0}
    assert answer["outside_training_range"] is False
    assert answer["model_version"] == PREDICTOR.model_version
    picture = http.get(answer["image_url"])
    assert picture.status_code == 200
    assert picture.headers["Content-Type"].startswith("image/svg+xml")


def test_a_large_home_suits_a_german_shepherd(http: httpx.Client) -> None:
    answer = http.post("/api/predict", json={"home_size": 4000, "unit": "sqft"}).json()
    assert (answer["breed"], answer["name"]) == ("german_shepherd", "German Shepherd")


def test_square_metres_are_converted(http: httpx.Client) -> None:
    metric = http.post("/api/predict", json={"home_size": 100, "unit": "m2"}).json()
    imperial = http.post("/api/predict", json={"home_size": 100 * SQFT_PER_M2}).json()
    assert metric["home_size"] == {"value": 100, "unit": "m2", "sqft": 100 * SQFT_PER_M2}
    assert metric["probabilities"] == imperial["probabilities"]


def test_a_query_and_a_body_get_the_same_answer(http: httpx.Client) -> None:
    query = http.get("/api/predict", params={"home_size": "92.5", "unit": "m2"})
    body = http.post("/api/predict", json={"home_size": 92.5, "unit": "m2"})
    assert query.status_code == 200
    assert query.json() == body.json()


def test_a_home_larger_than_any_in_the_training_data_is_marked(http: httpx.Client) -> None:
    assert http.post("/api/predict", json={"home_size": 99_999}).json()["outside_training_range"] is True


@pytest.mark.parametrize("size", [MIN_SQFT, MAX_SQFT])
def test_the_smallest_and_the_largest_size_are_accepted(http: httpx.Client, size: float) -> None:
    assert http.post("/api/predict", json={"home_size": size}).status_code == 200


@given(size=st.floats(MIN_SQFT, MAX_SQFT))
def test_the_answer_is_the_predictors_own(http: httpx.Client, size: float) -> None:
    answer = http.post("/api/predict", json={"home_size": size}).json()
    expected = PREDICTOR.predict(size)
    assert answer["breed"] == expected.breed
    assert answer["probability"] == pytest.approx(expected.probability, abs=1e-6)
    assert answer["outside_training_range"] == expected.outside_training_range


BAD_BODIES = [
    pytest.param(b"", 400, "malformed-json", "The body is empty", None, id="empty"),
    pytest.param(b"home_size=900", 400, "malformed-json", "not JSON", None, id="not JSON"),
    pytest.param(b'{"home_size": 900', 400, "malformed-json", "not JSON", None, id="cut off"),
    pytest.param(b'{"home_size": 900}}', 400, "malformed-json", "not JSON", None, id="more behind"),
    pytest.param(b'{"home_size": NaN}', 400, "malformed-json", "not JSON", None, id="NaN"),
    pytest.param(b'{"home_size": Infinity}', 400, "malformed-json", "not JSON", None, id="infinity"),
    pytest.param(
        b'{"home_size": 900, "unit": "\xff"}', 400, "malformed-json", "UTF-8", None, id="invalid UTF-8"
    ),
    pytest.param(b'{"\xff": 900}', 400, "malformed-json", "UTF-8", None, id="invalid UTF-8 in a name"),
    pytest.param(b" \n", 400, "malformed-json", "not JSON", None, id="only space"),
    pytest.param(b"\xef\xbb\xbf", 400, "malformed-json", "The body is empty", None, id="only a BOM"),
    pytest.param(
        '{"home_size": 900}'.encode("utf-16"), 400, "malformed-json", "UTF-8", None, id="UTF-16 with BOM"
    ),
    pytest.param('{"home_size": 900}'.encode("utf-16-le"), 400, "malformed-json", "UTF-8", None, id="UTF-16"),
    pytest.param(b'{"home_size": 900}\0', 400, "malformed-json", "not JSON", None, id="a NUL behind"),
    pytest.param(b'{"home_size": 900, "unit": "m2\0"}', 400, "malformed-json", "not JSON", None, id="a NUL"),
    pytest.param(b'{"home_size": 0900}', 400, "malformed-json", "not JSON", None, id="a leading zero"),
    pytest.param(b'{"home_size": +900}', 400, "malformed-json", "not JSON", None, id="a plus"),
    pytest.param(
        b'{"home_size": 900.}', 400, "malformed-json", "not JSON", None, id="no digit after the dot"
    ),
    pytest.param(b'{"home_size": 0x384}', 400, "malformed-json", "not JSON", None, id="hexadecimal"),
    pytest.param(b"{'home_size': 900}", 400, "malformed-json", "not JSON", None, id="single quotes"),
    pytest.param(b'{"home_size": 900,}', 400, "malformed-json", "not JSON", None, id="a last comma"),
    pytest.param(b'{"home_size": "9"', 400, "malformed-json", "not JSON", None, id="wrong, and cut off"),
    pytest.param(
        b'{"home_size": 900, "unit": "\\ud800"}', 400, "malformed-json", "not JSON", None, id="half a pair"
    ),
    pytest.param(
        b'{"home_size": %s}' % (b"[" * 5000),
        400,
        "malformed-json",
        "Send an object such as",
        None,
        id="deep in a member",
    ),
    pytest.param(b"[900]", 422, "invalid-request", "must be a JSON object", None, id="an array"),
    pytest.param(b"900", 422, "invalid-request", "must be a JSON object", None, id="a number"),
    pytest.param(b"null", 422, "invalid-request", "must be a JSON object", None, id="null"),
    pytest.param(b"[" * 10_000, 422, "invalid-request", "must be a JSON object", None, id="deep"),
    pytest.param(b"{}", 422, "invalid-home-size", "home_size is missing", "/home_size", id="missing"),
    pytest.param(
        b'{"unit": "m2"}', 422, "invalid-home-size", "home_size is missing", "/home_size", id="unit only"
    ),
    pytest.param(b'{"home_size": "900"}', 422, "invalid-home-size", "a string", "/home_size", id="a string"),
    pytest.param(
        b'{"home_size": ""}', 422, "invalid-home-size", "a string", "/home_size", id="an empty string"
    ),
    pytest.param(b'{"home_size": true}', 422, "invalid-home-size", "a boolean", "/home_size", id="a boolean"),
    pytest.param(b'{"home_size": null}', 422, "invalid-home-size", "null", "/home_size", id="null size"),
    pytest.param(b'{"home_size": [900]}', 422, "invalid-home-size", "an array", "/home_size", id="a list"),
    pytest.param(b'{"home_size": {}}', 422, "invalid-home-size", "an object", "/home_size", id="an object"),
    pytest.param(b'{"home_size": -5}', 422, "invalid-home-size", "got -5.", "/home_size", id="negative"),
    pytest.param(
        b'{"home_size": 0}', 422, "invalid-home-size", "between 50 and 100,000 sq ft", "/home_size", id="0"
    ),
    pytest.param(
        b'{"home_size": 49.99}', 422, "invalid-home-size", "got 49.99.", "/home_size", id="below 50"
    ),
    pytest.param(
        b'{"home_size": 100000.01}', 422, "invalid-home-size", "100,000", "/home_size", id="above 100,000"
    ),
    pytest.param(
        b'{"home_size": 4.6, "unit": "m2"}', 422, "invalid-home-size", "4.65", "/home_size", id="4.6 m2"
    ),
    pytest.param(
        b'{"home_size": 9291, "unit": "m2"}', 422, "invalid-home-size", "9,290.3", "/home_size", id="9291 m2"
    ),
    pytest.param(b'{"home_size": 1e400}', 422, "invalid-home-size", "too large", "/home_size", id="1e400"),
    pytest.param(b'{"home_size": 1e300}', 422, "invalid-home-size", "100,000", "/home_size", id="1e300"),
    pytest.param(
        b'{"home_size": %s}' % (b"9" * 400), 422, "invalid-home-size", "digits", "/home_size", id="400 digits"
    ),
    pytest.param(
        b'{"home_size": %s, "unit": "m2"}' % (b"9" * 400),
        422,
        "invalid-home-size",
        "digits",
        "/home_size",
        id="400 digits m2",
    ),
    pytest.param(
        b'{"home_size": %s}' % (b"9" * 9999), 422, "invalid-home-size", "", "/home_size", id="9,999 digits"
    ),
    pytest.param(
        b'{"home_size": 900, "unit": "acre"}', 422, "invalid-unit", '"sqft" or "m2"', "/unit", id="unit"
    ),
    pytest.param(
        b'{"home_size": 900, "unit": null}', 422, "invalid-unit", '"sqft" or "m2"', "/unit", id="null unit"
    ),
    pytest.param(
        b'{"home_size": 900, "unit": 1e999}', 422, "invalid-unit", "unit", "/unit", id="a large unit"
    ),
    pytest.param(
        b'{"home_size": 900, "unit": ["m2"]}', 422, "invalid-unit", "unit", "/unit", id="a list of units"
    ),
    pytest.param(
        b'{"home_size": -0.0}', 422, "invalid-home-size", "got -0.0.", "/home_size", id="negative zero"
    ),
    pytest.param(
        b'{"home_size": "9", "home_size": 900}', 422, "invalid-home-size", "twice", "/home_size", id="doubled"
    ),
    pytest.param(
        b'{"home_size": 900, "Expected `int`, got `str` - at `$.unit`": 1}',
        422,
        "invalid-request",
        "is not known here; the known names are home_size and unit.",
        "/Expected `int`, got `str` - at `$.unit`",
        id="a name like a sentence",
    ),
    pytest.param(
        b'{"home_size": 900, "size": 1}', 422, "invalid-request", "not known", "/size", id="unknown member"
    ),
    pytest.param(
        b'{"home_size": 900, "a/b~": 1}', 422, "invalid-request", "not known", "/a~1b~0", id="escaped pointer"
    ),
]


@pytest.mark.parametrize(("body", "status", "slug", "words", "pointer"), BAD_BODIES)
def test_an_invalid_body_is_refused_in_a_sentence(
    http: httpx.Client, body: bytes, status: int, slug: str, words: str, pointer: str | None
) -> None:
    problem = assert_problem(http.post("/api/predict", content=body, headers=JSON), status, slug)
    assert words in problem["detail"]
    assert [error["pointer"] for error in problem.get("errors", [])] == ([pointer] if pointer else [])


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"home_size": 1200}',
        b'{"home_size": 1200.0}',
        b'{"home_size": 1.2e3}',
        b'{"home_size": 12E+2}',
        b'{"home_size": 1200000e-3}',
        b'\r\n\t {"home_size" : 1200 } \n',
        b'{"home_size": 5, "home_size": 1200}',
        b'{"unit": "sqft", "home_size": 1200}',
        b'{"home\\u005fsize": 1200, "unit": "sq\\u0066t"}',
        b'{"home_size": 1200.%s1}' % (b"0" * 400),
    ],
)
def test_all_spellings_of_the_same_json_are_accepted(http: httpx.Client, body: bytes) -> None:
    response = http.post("/api/predict", content=body, headers=JSON)
    assert response.json()["home_size"] == {"value": 1200, "unit": "sqft", "sqft": 1200}


def test_a_long_unknown_name_is_shortened_in_the_answer(http: httpx.Client) -> None:
    name = "x" * 1500
    for response in (
        http.post("/api/predict", json={"home_size": 900, name: 1}),
        http.get("/api/predict", params={"home_size": 900, name: 1}),
        http.get("/api/predict", params=[(name, 1), (name, 1)]),
    ):
        problem = assert_problem(response, 422, "invalid-request")
        assert problem["detail"].startswith("x" * 40 + "… is ")
        assert "errors" not in problem
        assert len(response.content) < 1000


@pytest.mark.parametrize(
    ("query", "slug", "words", "parameter"),
    [
        ("", "invalid-home-size", "home_size is missing", "home_size"),
        ("home_size=", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=abc", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=1,200", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=true", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=null", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=nan", "invalid-home-size", "between", "home_size"),
        ("home_size=inf", "invalid-home-size", "between", "home_size"),
        ("home_size=1e400", "invalid-home-size", "", "home_size"),
        ("home_size=-5", "invalid-home-size", "got -5", "home_size"),
        ("home_size=49", "invalid-home-size", "between", "home_size"),
        ("home_size=900&unit=acre", "invalid-unit", "unit", "unit"),
        ("home_size=900&unit=", "invalid-unit", "unit", "unit"),
        ("home_size=900&home_size=901", "invalid-home-size", "2 times", "home_size"),
        ("home_size=900&colour=red", "invalid-request", "not known", "colour"),
        ("home_size=%FF", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=1_200", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=0x384", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=%D9%A9%D9%A0%D9%A0", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=900%00", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=900&unit=m%C2%B2", "invalid-unit", "unit", "unit"),
        ("home_size[]=900", "invalid-request", "not known", "home_size[]"),
        ("HOME_SIZE=900", "invalid-request", "not known", "HOME_SIZE"),
    ],
)
def test_an_invalid_query_is_refused_in_a_sentence(
    http: httpx.Client, query: str, slug: str, words: str, parameter: str
) -> None:
    problem = assert_problem(http.get(f"/api/predict?{query}"), 422, slug)
    assert words in problem["detail"]
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]
)
def test_another_content_type_than_json_is_refused(http: httpx.Client, content_type: str) -> None:
    response = http.post(
        "/api/predict", content=b'{"home_size": 900}', headers={"Content-Type": content_type}
    )
    detail = assert_problem(response, 415, "unsupported-media-type")["detail"]
    assert f"The body came {f'as {content_type}' if content_type else 'without a Content-Type'}. " in detail
    assert "Content-Type: application/json" in detail


@pytest.mark.parametrize("encoding", ["gzip", "identity, gzip", "br", "x"])
def test_a_compressed_body_is_refused(http: httpx.Client, encoding: str) -> None:
    body = gzip.compress(b'{"home_size": 900}')
    headers = JSON | {"Content-Encoding": encoding}
    response = http.post("/api/predict", content=body, headers=headers)
    assert "Content-Encoding" in assert_problem(response, 415, "unsupported-media-type")["detail"]


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"),
        *('application/json; charset="utf-8"', "application/json; charset=utf8 ;", "application/json;"),
        *("application/json; charset=us-ascii", "application/json; odata=verbose"),
    ],
)
def test_a_json_content_type_with_parameters_is_accepted(http: httpx.Client, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    assert http.post("/api/predict", content=b'{"home_size": 900}', headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/api/predict", "/api/predict/batch"])
@pytest.mark.parametrize("encoding", ["identity", "Identity", "IDENTITY", "", "identity, identity", ","])
def test_a_content_encoding_of_identity_is_accepted_in_all_spellings(
    http: httpx.Client, path: str, encoding: str
) -> None:
    body = b'{"home_size": 900}' if path == "/api/predict" else b'{"homes": []}'
    assert http.post(path, content=body, headers=JSON | {"Content-Encoding": encoding}).status_code == 200


def test_a_body_of_16_kib_is_accepted_and_a_larger_one_is_refused(http: httpx.Client) -> None:
    body = b'{"home_size": 900}'
    assert http.post("/api/predict", content=body.ljust(16 * 1024), headers=JSON).status_code == 200
    too_large = body.ljust(16 * 1024 + 1)
    problem = assert_problem(
        http.post("/api/predict", content=too_large, headers=JSON), 413, "content-too-large"
    )
    assert "16 KB" in problem["detail"]


def test_a_large_body_in_chunks_is_refused(http: httpx.Client) -> None:
    response = http.post("/api/predict", content=(b" " * 1024 for _ in range(64)), headers=JSON)
    assert_problem(response, 413, "content-too-large")


@pytest.mark.parametrize("accept", ["text/csv", "text/html, */*;q=0.1", "application/json; charset=utf-8"])
def test_a_prediction_is_json_whatever_accept_names(http: httpx.Client, accept: str) -> None:
    response = http.post("/api/predict", json={"home_size": 900}, headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


def test_an_unknown_route_is_a_problem(http: httpx.Client) -> None:
    assert_problem(http.get("/api/puppies"), 404, "not-found")


def test_another_method_is_refused_and_allow_names_the_right_ones(http: httpx.Client) -> None:
    response = http.delete("/api/predict")
    assert_problem(response, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_a_valid_request_id_is_kept(http: httpx.Client) -> None:
    response = http.get("/api/predict?home_size=900", headers={"X-Request-ID": "order-66.a_b"})
    assert response.headers["X-Request-ID"] == "order-66.a_b"


@pytest.mark.parametrize("hostile", ['"><script>', "a b", "x" * 129, "é"])
def test_any_other_request_id_is_replaced(http: httpx.Client, hostile: str) -> None:
    response = http.get("/api/predict?home_size=900", headers=[(b"X-Request-ID", hostile.encode())])
    assert len(response.headers["X-Request-ID"]) == 32


@given(body=st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_no_body_is_a_server_error(http: httpx.Client, body: bytes) -> None:
    assert http.post("/api/predict", content=body, headers=JSON).status_code in {200, 400, 422}


@given(body=json_values | st.fixed_dictionaries({"home_size": json_values}, optional={"unit": json_values}))
def test_no_json_body_is_a_server_error(http: httpx.Client, body: object) -> None:
    response = http.post("/api/predict", content=json.dumps(body), headers=JSON)
    assert response.status_code in {200, 422}
    if response.status_code == 422:
        assert response.json()["detail"]
