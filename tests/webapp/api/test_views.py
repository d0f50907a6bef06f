"""The JSON API, over a real Gunicorn with gevent workers (or any server, by BASE_URL)."""

import gzip
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webapp.api.helpers import (
    JSON,
    MAX_SQFT,
    MIN_SQFT,
    PREDICTOR,
    SQFT_PER_M2,
    answer_for,
    assert_problem,
    by_kind,
    json_values,
)


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
    expected = answer_for(size)
    assert answer["breed"] == expected.key
    assert answer["probability"] == pytest.approx(expected.probability, abs=1e-6)
    assert answer["outside_training_range"] == expected.outside_training_range


INVALID_BODIES = by_kind(
    {
        (400, "malformed-json", None): {
            "empty": (b"", "The body is empty"),
            "not JSON": (b"home_size=900", "not JSON"),
            "cut off": (b'{"home_size": 900', "not JSON"),
            "more behind": (b'{"home_size": 900}}', "not JSON"),
            "NaN": (b'{"home_size": NaN}', "not JSON"),
            "infinity": (b'{"home_size": Infinity}', "not JSON"),
            "invalid UTF-8": (b'{"home_size": 900, "unit": "\xff"}', "UTF-8"),
            "invalid UTF-8 in a name": (b'{"\xff": 900}', "UTF-8"),
            "only space": (b" \n", "not JSON"),
            "only a BOM": (b"\xef\xbb\xbf", "The body is empty"),
            "UTF-16 with BOM": ('{"home_size": 900}'.encode("utf-16"), "UTF-8"),
            "UTF-16": ('{"home_size": 900}'.encode("utf-16-le"), "UTF-8"),
            "a NUL behind": (b'{"home_size": 900}\0', "not JSON"),
            "a NUL": (b'{"home_size": 900, "unit": "m2\0"}', "not JSON"),
            "a leading zero": (b'{"home_size": 0900}', "not JSON"),
            "a plus": (b'{"home_size": +900}', "not JSON"),
            "no digit after the dot": (b'{"home_size": 900.}', "not JSON"),
            "hexadecimal": (b'{"home_size": 0x384}', "not JSON"),
            "single quotes": (b"{'home_size': 900}", "not JSON"),
            "a last comma": (b'{"home_size": 900,}', "not JSON"),
            "wrong, and cut off": (b'{"home_size": "9"', "not JSON"),
            "half a pair": (b'{"home_size": 900, "unit": "\\ud800"}', "not JSON"),
            "half a pair behind 1e400": (b'{"home_size": 1e400, "unit": "\\ud800"}', "not JSON"),
            "NaN behind 1e400": (b'{"home_size": 1e400, "unit": NaN}', "not JSON"),
            "deep in a member": (b'{"home_size": %s}' % (b"[" * 5000), "Send an object such as"),
            "deep": (b"[" * 10_000, "too deep"),
        },
        (422, "invalid-request", None): {
            "an array": (b"[900]", "must be a JSON object"),
            "a number": (b"900", "must be a JSON object"),
            "null": (b"null", "must be a JSON object"),
        },
        (422, "invalid-home-size", "/home_size"): {
            "missing": (b"{}", "home_size is missing"),
            "unit only": (b'{"unit": "m2"}', "home_size is missing"),
            "a string": (b'{"home_size": "900"}', "a string"),
            "an empty string": (b'{"home_size": ""}', "a string"),
            "a boolean": (b'{"home_size": true}', "a boolean"),
            "null size": (b'{"home_size": null}', "null"),
            "a list": (b'{"home_size": [900]}', "an array"),
            "an object": (b'{"home_size": {}}', "an object"),
            "negative": (b'{"home_size": -5}', "got -5."),
            "0": (b'{"home_size": 0}', "between 50 and 100,000 sq ft"),
            "below 50": (b'{"home_size": 49.99}', "got 49.99."),
            "above 100,000": (b'{"home_size": 100000.01}', "100,000"),
            "4.6 m2": (b'{"home_size": 4.6, "unit": "m2"}', "4.65"),
            "9291 m2": (b'{"home_size": 9291, "unit": "m2"}', "9,290.3"),
            "1e400": (b'{"home_size": 1e400}', "got too large a number."),
            "-1e400": (b'{"home_size": -1e400}', "got too small a number."),
            "1e300": (b'{"home_size": 1e300}', "100,000"),
            "400 digits": (b'{"home_size": %s}' % (b"9" * 400), "digits"),
            "400 digits m2": (b'{"home_size": %s, "unit": "m2"}' % (b"9" * 400), "digits"),
            "9,999 digits": (b'{"home_size": %s}' % (b"9" * 9999), ""),
            "negative zero": (b'{"home_size": -0.0}', "got -0.0."),
        },
        (422, "invalid-unit", "/unit"): {
            "unit": (b'{"home_size": 900, "unit": "acre"}', '"sqft" or "m2"'),
            "null unit": (b'{"home_size": 900, "unit": null}', '"sqft" or "m2"'),
            "an empty unit": (b'{"home_size": 900, "unit": " "}', "; got an empty text."),
            "a large unit": (b'{"home_size": 900, "unit": 1e999}', "unit"),
            "a list of units": (b'{"home_size": 900, "unit": ["m2"]}', "unit"),
        },
        (422, "invalid-request", "/Expected `int`, got `str` - at `$.unit`"): {
            "a name like a sentence": (
                b'{"home_size": 900, "Expected `int`, got `str` - at `$.unit`": 1}',
                "is not known here; the known names are home_size and unit.",
            ),
        },
        (422, "invalid-request", "/size"): {
            "unknown member": (b'{"home_size": 900, "size": 1}', "not known"),
        },
        (422, "invalid-request", "/a~1b~0"): {
            "escaped pointer": (b'{"home_size": 900, "a/b~": 1}', "not known"),
        },
    }
)


@pytest.mark.parametrize(("body", "words", "status", "slug", "pointer"), INVALID_BODIES)
def test_an_invalid_body_is_refused_in_a_sentence(
    http: httpx.Client, body: bytes, words: str, status: int, slug: str, pointer: str | None
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
        b'{"home_size": "9", "home_size": 1200}',
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
        ("home_size=", "invalid-home-size", "home_size is missing", "home_size"),
        ("home_size=abc", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=1,20", "invalid-home-size", "not with a decimal comma", "home_size"),
        ("home_size=true", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=null", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=nan", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=inf", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=1e400", "invalid-home-size", "", "home_size"),
        ("home_size=-5", "invalid-home-size", "got -5", "home_size"),
        ("home_size=49", "invalid-home-size", "between", "home_size"),
        ("home_size=900&unit=acre", "invalid-unit", "unit", "unit"),
        ("home_size=900&home_size=901", "invalid-home-size", "2 times", "home_size"),
        ("home_size=900&colour=red", "invalid-request", "home_size, unit and explain.", "colour"),
        ("home_size=%FF", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=1_200", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=0x384", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=%D9%A9%D9%A0%D9%A0", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=900%00", "invalid-home-size", "plain figures", "home_size"),
        ("home_size=900&unit=m%C2%B2", "invalid-unit", "unit", "unit"),
        ("home_size[]=900&home_size=9e2", "invalid-request", "not known", "home_size[]"),
        ("HOME_SIZE=900&home_size=900", "invalid-request", "not known", "HOME_SIZE"),
    ],
)
def test_an_invalid_query_is_refused_in_a_sentence(
    http: httpx.Client, query: str, slug: str, words: str, parameter: str
) -> None:
    problem = assert_problem(http.get(f"/api/predict?{query}"), 422, slug)
    assert words in problem["detail"]
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


def test_all_that_is_wrong_is_told_at_once(http: httpx.Client) -> None:
    wrong = {"home_size": "big", "unit": "acre", "rooms": 3}
    body = assert_problem(http.post("/api/predict", json=wrong), 422, "invalid-request")
    assert [error["pointer"] for error in body["errors"]] == ["/rooms", "/unit", "/home_size"]
    assert body["detail"] == (
        "rooms is not known here; the known names are home_size and unit. 2 more are listed in errors."
    )
    query = assert_problem(http.get("/api/predict?home_size=big&unit=acre"), 422, "invalid-request")
    assert [error["parameter"] for error in query["errors"]] == ["unit", "home_size"]


def test_all_that_is_wrong_with_the_options_is_told_at_once(http: httpx.Client) -> None:
    response = http.post("/api/predict?explain=yes&colour=red", json={"home_size": 900})
    errors = assert_problem(response, 422, "invalid-request")["errors"]
    assert [error["parameter"] for error in errors] == ["explain", "colour"]


@pytest.mark.parametrize("blank", ["", "+"])
def test_a_blank_unit_in_a_query_is_the_first(http: httpx.Client, blank: str) -> None:
    assert http.get(f"/api/predict?home_size=900&unit={blank}").json()["home_size"]["unit"] == "sqft"


def test_an_answer_is_explained_if_asked(http: httpx.Client) -> None:
    [reason] = http.post("/api/predict?explain=true", json={"home_size": 900}).json()["reasons"]
    assert (reason["feature"], reason["contribution"] > 0) == ("home_size", True)
    assert reason["text"].startswith("Homes under about 1,760 sq ft lean to a Dachshund")
    assert http.get("/api/predict?home_size=900&explain=true").json()["reasons"] == [reason]
    assert "reasons" not in http.get("/api/predict?home_size=900&explain=false").json()
    problem = assert_problem(http.get("/api/predict?home_size=900&explain=yes"), 422, "invalid-request")
    assert problem["detail"] == 'explain must be "false" or "true".'


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
