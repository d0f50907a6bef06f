"""Batches, in JSON and in CSV, over a real Gunicorn with gevent workers (or any server, by BASE_URL)."""

import csv
import io
import json
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving import Server
from tests.webapp.api.helpers import (
    JSON,
    MAX_SQFT,
    MIN_SQFT,
    PREDICTOR,
    answer_for,
    assert_problem,
    by_kind,
    json_values,
)

CSV = {"Content-Type": "text/csv"}
PATH = "/api/predict/batch"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
REPORT = f"{PATH}?errors=report"
PREDICTIONS = "predictions_total{.*}"


def rows_of(response: httpx.Response) -> list[list[str]]:
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, *rows = csv.reader(io.StringIO(response.text, newline=""), strict=True)
    assert header[:3] == ["breed", "probability", "outside_training_range"]
    assert all(len(row) == len(header) for row in rows)
    return rows


def test_homes_are_answered_in_order_and_the_model_is_named_once(http: httpx.Client) -> None:
    homes = [{"home_size": 900}, {"home_size": 370.5, "unit": "m2"}, {"home_size": 100_000}]
    response = http.post(PATH, json={"homes": homes})
    assert response.status_code == 200
    assert response.headers["X-Model-Version"] == PREDICTOR.model_version
    answer = response.json()
    assert answer["model_version"] == PREDICTOR.model_version
    assert answer["errors"] == []
    assert [result["breed"] for result in answer["results"]] == [
        "dachshund",
        "german_shepherd",
        "german_shepherd",
    ]
    assert [result["outside_training_range"] for result in answer["results"]] == [False, False, True]
    assert set(answer["results"][0]) == {"breed", "probability", "outside_training_range"}


@given(sizes=st.lists(st.floats(MIN_SQFT, MAX_SQFT), max_size=40))
def test_each_home_is_answered_as_the_predictor_answers_it_alone(
    http: httpx.Client, sizes: list[float]
) -> None:
    many = http.post(PATH, json={"homes": [{"home_size": size} for size in sizes]}).json()["results"]
    assert many == [
        {
            "breed": one.key,
            "probability": round(one.probability, 6),
            "outside_training_range": one.outside_training_range,
        }
        for one in map(answer_for, sizes)
    ]


@given(sizes=st.lists(st.floats(MIN_SQFT, MAX_SQFT), max_size=40), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_csv_and_json_get_the_same_answer(http: httpx.Client, sizes: list[float], end: str) -> None:
    body = end.join(["home_size", *map(repr, sizes), ""])
    from_csv = http.post(PATH, content=body, headers=CSV | {"Accept": "application/json"})
    from_json = http.post(PATH, json={"homes": [{"home_size": size} for size in sizes]})
    assert from_csv.json() == from_json.json()


@pytest.mark.parametrize(
    ("sent", "accept", "answered"),
    [
        ("application/json", "*/*", "application/json"),
        ("application/json", "text/csv", "text/csv; charset=utf-8"),
        ("application/json", "text/csv, application/json;q=0.5", "text/csv; charset=utf-8"),
        ("text/csv", "", "text/csv; charset=utf-8"),
        ("text/csv", "*/*", "text/csv; charset=utf-8"),
        ("text/csv", "application/json", "application/json"),
        ("text/csv", "application/json; charset=utf-8", "application/json"),
        ("application/json", "text/csv; header=present", "text/csv; charset=utf-8"),
        ("application/json", "TEXT/CSV", "text/csv; charset=utf-8"),
        ("application/json", "application/json;q=.5, text/csv;q=.9", "text/csv; charset=utf-8"),
        ("application/json", "text/csv;q=.5, application/json;q=.9", "application/json"),
        ("application/json", "application/json;q=0, */*", "text/csv; charset=utf-8"),
        ("application/json", "text/csv;q=0.5, *", "application/json"),
        ("application/json", JAVA, "application/json"),
        ("text/csv", JAVA, "text/csv; charset=utf-8"),
        ("application/json", "application/xml", "application/json"),
        ("text/csv", "application/xml", "text/csv; charset=utf-8"),
        ("text/csv", "text/csv;q=0, application/json;q=0", "text/csv; charset=utf-8"),
        ("text/csv", ";;;", "text/csv; charset=utf-8"),
        ("text/csv; charset=UTF-8; header=present", "text/*", "text/csv; charset=utf-8"),
    ],
)
def test_the_answers_media_type_is_the_one_accept_prefers(
    http: httpx.Client, sent: str, accept: str, answered: str
) -> None:
    body = "home_size\n900\n" if sent.startswith("text") else '{"homes": [{"home_size": 900}]}'
    response = http.post(PATH, content=body, headers={"Content-Type": sent, "Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == answered
    assert {"Accept", "Accept-Encoding"} <= set(response.headers["Vary"].split(", "))
    assert "dachshund" in response.text


@pytest.mark.parametrize(
    "body",
    [
        b'home_size,unit\n1200,sqft\n"4,000",sqft\n100,m2\n',
        b'home_size,unit\r\n1200,\r\n"4,000.0",\r\n100,m2',
        b"\xef\xbb\xbfhome_size,unit\r\n1200,\r\n4000,\r\n100,m2\r\n",
        b"unit,home_size\nsqft,1.2e3\nsqft,4000\nm2,100\n",
        b"\n\r\n  \n\t\rhome_size,unit\n1200,sqft\n+4000,sqft\n100,m2\n\n\r\n\n",
        b"home_size , unit\n 1200 , sqft \n4000,sqft\n100,m2\n",
    ],
    ids=["LF", "CRLF", "byte order mark", "columns turned round", "blank lines around", "spaces"],
)
def test_csv_is_read_as_spreadsheets_write_it(http: httpx.Client, body: bytes) -> None:
    rows = rows_of(http.post(PATH, content=body, headers=CSV))
    assert [row[0] for row in rows] == ["dachshund", "german_shepherd", "dachshund"]
    assert [float(row[1]) for row in rows] == [
        pytest.approx(answer_for(size).probability, abs=1e-6) for size in (1200, 4000, 1076.39)
    ]
    assert {row[2] for row in rows} == {"false"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("header", ["home_size", "home_size,unit", "unit,home_size"])
@pytest.mark.parametrize("blank", ["", " ", '""', "\t"])
def test_a_blank_line_between_rows_is_a_home_without_a_size(
    http: httpx.Client, end: str, header: str, blank: str
) -> None:
    good = {"home_size": "900", "home_size,unit": "900,", "unit,home_size": ",900"}[header]
    lines = [header, blank, good, blank, blank, good, "", ""]
    answer = http.post(REPORT, content=end.join(lines), headers=CSV | {"Accept": "application/json"}).json()
    assert [result and result["breed"] for result in answer["results"]] == [
        *(None, "dachshund", None, None, "dachshund")
    ]
    assert [error["row"] for error in answer["errors"]] == [1, 3, 4]
    problem = assert_problem(http.post(PATH, content=end.join(lines), headers=CSV), 422, "invalid-homes")
    assert "3 homes of 5 can't be answered. Home 1:" in problem["detail"]
    assert problem["errors"][0]["detail"] == "home_size is missing. Give the size of the home as a number."


@pytest.mark.parametrize("last", ['""', ","])
def test_an_empty_cell_in_the_last_line_is_a_home_without_a_size(http: httpx.Client, last: str) -> None:
    """Pandas writes a missing value so."""
    header = "home_size" if last == '""' else "home_size,unit"
    response = http.post(REPORT, content=f"{header}\n{last}\n\n", headers=CSV)
    assert [row[3] for row in rows_of(response)] == [
        "home_size is missing. Give the size of the home as a number."
    ]


@given(
    lines=st.lists(
        st.sampled_from(["900", "4000", "", " ", "x", '"900"', '"9\n00"', '"\n"', "9,0", ",", '""'])
    ).map(lambda lines: [*lines, "900"]),
    end=st.sampled_from(["\n", "\r\n"]),
    after=st.sampled_from(["", "\n", "\r\n\r\n\n"]),
)
def test_row_n_of_the_answer_belongs_to_row_n_of_the_request(
    http: httpx.Client, lines: list[str], end: str, after: str
) -> None:
    body = end.join(["home_size", *lines]) + after
    breeds = [row[0] for row in rows_of(http.post(REPORT, content=body, headers=CSV))]
    assert breeds == [
        {"900": "dachshund", "4000": "german_shepherd"}.get(line.strip('"'), "") for line in lines
    ]


def test_a_batch_of_no_homes_has_no_results(http: httpx.Client) -> None:
    assert http.post(PATH, json={"homes": []}).json()["results"] == []
    assert rows_of(http.post(PATH, content="home_size\n", headers=CSV)) == []


BAD_HOMES: list[tuple[object, str, str]] = [
    ({"home_size": 5}, "/home_size", "between 50 and 100,000 sq ft; got 5."),
    ({"home_size": "900"}, "/home_size", "must be a number; got a string."),
    ({"home_size": 900, "unit": "acre"}, "/unit", 'must be "sqft" or "m2"; got acre.'),
    ({"unit": "m2"}, "/home_size", "is missing"),
    ({"home_size": 900, "a/b": 1}, "/a~1b", "not known"),
    (900, "", 'A home must be a JSON object such as {"home_size": 1200}; got a number.'),
    (None, "", "got null"),
    ({"home_size": 10**400}, "/home_size", "digits"),
]


@pytest.mark.parametrize(("home", "place", "words"), BAD_HOMES)
def test_an_invalid_home_refuses_the_batch_and_is_named(
    http: httpx.Client, home: object, place: str, words: str
) -> None:
    response = http.post(PATH, json={"homes": [{"home_size": 900}, home]})
    problem = assert_problem(response, 422, "invalid-homes")
    assert problem["detail"].startswith("1 home of 2 can't be answered. Home 2: ")
    assert words in problem["detail"]
    [error] = problem["errors"]
    assert (error["row"], error["pointer"]) == (2, f"/homes/1{place}")


@pytest.mark.parametrize(("home", "place", "words"), BAD_HOMES)
def test_with_errors_report_an_invalid_home_is_listed_and_the_others_are_answered(
    http: httpx.Client, home: object, place: str, words: str
) -> None:
    answer = http.post(REPORT, json={"homes": [home, {"home_size": 900}]}).json()
    assert answer["results"][0] is None
    assert answer["results"][1]["breed"] == "dachshund"
    [error] = answer["errors"]
    assert (error["row"], error["pointer"]) == (1, f"/homes/0{place}")
    assert words in error["detail"]


BAD_ROWS = [
    pytest.param(
        "huge,sqft",
        "home_size",
        "in plain figures, such as 1200; got huge.",
        id="a word",
    ),
    pytest.param(",sqft", "home_size", "is missing", id="an empty cell"),
    pytest.param("5,sqft", "home_size", "between 50 and 100,000 sq ft; got 5.", id="too small"),
    pytest.param("nan,sqft", "home_size", "must be a number", id="nan"),
    pytest.param("inf,sqft", "home_size", "must be a number", id="infinity"),
    pytest.param("1e400,sqft", "home_size", "between", id="1e400"),
    pytest.param("9" * 1000 + ",sqft", "home_size", "between", id="a thousand digits"),
    pytest.param("1_200,sqft", "home_size", "must be a number", id="Python's thousands"),
    pytest.param('"12,00",sqft', "home_size", "got 12,00.", id="thousands out of place"),
    pytest.param('"92,5",m2', "home_size", "got 92,5.", id="a decimal comma"),
    pytest.param("٩٠٠,sqft", "home_size", "must be a number", id="other digits"),
    pytest.param("true,sqft", "home_size", "must be a number", id="a boolean"),
    pytest.param("=1+1,sqft", "home_size", "got =1+1.", id="a formula"),
    pytest.param("9\x0000,sqft", "home_size", "got 9\N{REPLACEMENT CHARACTER}00.", id="a NUL byte"),
    pytest.param("900,acre", "unit", 'unit must be "sqft" or "m2"; got acre.', id="another unit"),
    pytest.param("900", None, "The row has 1 cell, and the header 2.", id="too few cells"),
    pytest.param("1,200,sqft", None, 'needs quotes: "1,200"', id="too many cells"),
]


@pytest.mark.parametrize(("line", "column", "words"), BAD_ROWS)
def test_an_invalid_row_refuses_the_csv_and_is_named(
    http: httpx.Client, line: str, column: str | None, words: str
) -> None:
    response = http.post(PATH, content=f"home_size,unit\n900,sqft\n{line}\n".encode(), headers=CSV)
    problem = assert_problem(response, 422, "invalid-homes")
    [error] = problem["errors"]
    assert words in error["detail"]
    assert (error["row"], error.get("column")) == (2, column)


@pytest.mark.parametrize(("line", "_column", "words"), BAD_ROWS)
def test_with_errors_report_an_invalid_rows_line_has_the_reason(
    http: httpx.Client, line: str, _column: str | None, words: str
) -> None:
    response = http.post(REPORT, content=f"home_size,unit\n{line}\n900,sqft\n".encode(), headers=CSV)
    bad, good = rows_of(response)
    assert bad[:3] == ["", "", ""]
    assert words in bad[3]
    assert (good[0], good[3]) == ("dachshund", "")


@pytest.mark.parametrize("formula", ["=1+1", "@SUM(1)", "-2+3", "+1+1", "\t=1", '"=HYPERLINK(""x"")"'])
def test_no_cell_of_a_csv_answer_is_a_formula(http: httpx.Client, formula: str) -> None:
    response = http.post(REPORT, content=f"home_size\n{formula}\n".encode(), headers=CSV)
    for row in rows_of(response):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


INVALID_CSVS = by_kind(
    {
        (400, "malformed-csv"): {
            "empty": (b"", "The body is empty"),
            "only a byte order mark": (b"\xef\xbb\xbf", "The body is empty"),
            "invalid UTF-8": (b"home_size\n\xff\n", "not UTF-8: byte 11"),
            "UTF-16": ("home_size\n900\n".encode("utf-16"), "UTF-8"),
            "an open quote": (b'home_size\n"900\n', "Check its quotes"),
            "a quote within": (b'home_size\n"900"0\n', "Line 2"),
            "a huge cell": (b"home_size\n" + b"9" * 200_000, "Line 2"),
            "blank lines": (b"\r\n" * 9, "The body is empty"),
            "the line's true number": (b'\n\nhome_size\n"9', "Line 4"),
        },
        (422, "invalid-request"): {
            "a missing column": (
                b"unit\nsqft\n",
                "The column home_size (or home_size_sqft or home_size_m2) is",
            ),
            "no header": (b"900\n4000\n", "is missing. Begin with a line such as home_size,unit."),
            "nearly a column": (b"home_sise\n900\n", "is missing"),
            "a column twice": (b"home_size,home_size\n9,9\n", "2 times"),
            "two columns for one": (b"home_size,home_size_m2\n9,9\n", "has 2 columns"),
            "a NUL in the header": (b"home_size\0\n9\n", "is missing"),
        },
    }
)


@pytest.mark.parametrize("path", [PATH, REPORT])
@pytest.mark.parametrize(("body", "words", "status", "slug"), INVALID_CSVS)
def test_a_body_that_is_not_a_csv_of_homes_is_refused(
    http: httpx.Client, path: str, body: bytes, words: str, status: int, slug: str
) -> None:
    assert words in assert_problem(http.post(path, content=body, headers=CSV), status, slug)["detail"]


INVALID_BODIES = by_kind(
    {
        (400, "malformed-json", None): {
            "empty": (b"", "The body is empty"),
            "cut off": (b'{"homes": [', "not JSON"),
            "NaN": (b'{"homes": [{"home_size": NaN}]}', "not JSON"),
            "invalid UTF-8": (b'{"homes": ["\xff"]}', "UTF-8"),
            "deep, open": (b'{"homes": ' + b"[" * 10_000, "too deep"),
            "deep": (b'{"homes": [' + b"[" * 10_000 + b"]" * 10_001 + b"}", "too deep"),
            "only a BOM": (b"\xef\xbb\xbf", "The body is empty"),
            "UTF-16": ('{"homes": []}'.encode("utf-16"), "UTF-8"),
            "more behind": (b'{"homes": []}}', "not JSON"),
            "a leading zero": (b'{"homes": [01]}', "not JSON"),
            "a last comma": (b'{"homes": [900,]}', "not JSON"),
            "half a pair": (b'{"homes": ["\\ud800"]}', "not JSON"),
            "a line end in a string": (b'{"homes": ["a\nb"]}', "not JSON"),
            "no value": (b'{"homes": [{"home_size"}]}', "not JSON"),
            "NaN behind 1e400": (b'{"homes": [{"home_size": 1e400}, NaN]}', "not JSON"),
            "NaN behind an unknown 1e400": (b'{"homes": [], "x": 1e400, "y": NaN}', "not JSON"),
            "unknown, and cut off": (b'{"a": 1, "homes": [}', "not JSON"),
        },
        (422, "invalid-request", "/[]"): {
            "a name like homes": (b'{"[]": 1, "homes": []}', "[] is not"),
        },
        (422, "invalid-request", "/unit"): {
            "unknown behind many homes": (
                b'{"homes": [%s], "unit": "m2"}' % (b"900, " * 9000 + b"900"),
                "unit is not known",
            ),
            "unknown member": (b'{"homes": [], "unit": "m2"}', "name is homes"),
        },
        (422, "invalid-request", None): {
            "empty name": (b'{"homes": [], "": 1}', "An empty name"),
            "an array": (b"[]", "must be a JSON object"),
            "null": (b"null", "must be a JSON object"),
        },
        (422, "invalid-request", "/homes"): {
            "no homes": (b"{}", "homes is missing"),
            "an object": (b'{"homes": {}}', "must be an array"),
            "null homes": (b'{"homes": null}', "got null"),
            "a large number": (b'{"homes": 1e400}', "got a number"),
            "an object of a large number": (b'{"homes": {"a": 1e400}}', "got an object"),
        },
    }
)


@pytest.mark.parametrize("path", [PATH, REPORT])
@pytest.mark.parametrize(("body", "words", "status", "slug", "pointer"), INVALID_BODIES)
def test_a_body_that_is_not_json_of_homes_is_refused(
    http: httpx.Client, path: str, body: bytes, words: str, status: int, slug: str, pointer: str | None
) -> None:
    problem = assert_problem(http.post(path, content=body, headers=JSON), status, slug)
    assert words in problem["detail"]
    assert [error["pointer"] for error in problem.get("errors", [])] == ([pointer] if pointer else [])


LONG_HOMES = [
    pytest.param(b'{"home_size": %s}' % (b"9" * 1_000_000), id="a number of a million digits"),
    pytest.param(b"9" * 2001, id="a number alone"),
    pytest.param(b'"%s"' % (b"a," * 1000), id="a string with commas"),
    pytest.param(b'"%s"' % (b'\\"' * 1000), id="escaped quotes"),
    pytest.param(b'{"home_size": 900, "unit": "%s"}' % (b"x" * 2000), id="a long unit"),
    pytest.param(b'{"%s": 900}' % (b"x" * 1_000_000), id="a long name"),
    pytest.param(b"[%s0]" % (b"[]," * 1000), id="nested arrays"),
    pytest.param(b"{%s}" % b",".join([b'"home_size": 900'] * 500), id="members again and again"),
    pytest.param(b" " * 3000 + b"900", id="spaces"),
]


@pytest.mark.parametrize("path", [PATH, REPORT])
@pytest.mark.parametrize("home", LONG_HOMES)
def test_a_home_of_more_than_2_000_bytes_refuses_the_batch(
    http: httpx.Client, path: str, home: bytes
) -> None:
    body = b'{"homes": [{"home_size": 900}, %s, {"home_size": 900}]}' % home
    response = http.post(path, content=body, headers=JSON)
    problem = assert_problem(response, 422, "invalid-request")
    assert problem["detail"] == "Home 2 is too long: a home takes at most 2,000 bytes."
    assert [(error["row"], error["pointer"]) for error in problem["errors"]] == [(2, "/homes/1")]
    assert len(response.content) < 1000


@pytest.mark.parametrize("line", ["9" * 2001, "," * 2001, '"' + " " * 2000 + '"'])
def test_a_line_of_more_than_2_000_bytes_refuses_the_csv(http: httpx.Client, line: str) -> None:
    response = http.post(REPORT, content=f"home_size\n900\n{line}\n", headers=CSV)
    assert "Line 3 is too long" in assert_problem(response, 400, "malformed-csv")["detail"]


home_texts = st.sampled_from(
    ["900", '{"home_size": 900}', '{"home_size":900,"unit":"m2"}', "null", "[]", "[[1,2],[{}]]", '"a,]}\\""']
) | json_values.map(json.dumps)


@given(homes=st.lists(home_texts, max_size=8), space=st.sampled_from(["", " ", "\r\n\t"]))
def test_homes_of_any_json_are_answered_as_each_alone(
    http: httpx.Client, homes: list[str], space: str
) -> None:
    body = f'{{"homes": [{space}{f"{space},{space}".join(homes)}{space}]}}'
    answer = http.post(REPORT, content=body, headers=JSON).json()
    alone = [http.post(REPORT, content=f'{{"homes": [{home}]}}', headers=JSON).json() for home in homes]
    assert answer["results"] == [result for one in alone for result in one["results"]]
    assert [error["detail"] for error in answer["errors"]] == [
        error["detail"] for one in alone for error in one["errors"]
    ]


@pytest.mark.parametrize(
    "odd",
    ["9", '{"home_size": 5}', '{"home_size": 900, "unit": "},{"}', '{"home_size": {"a": {}}}', '{"a": "}]"}'],
)
@settings(max_examples=25)
@given(before=st.integers(64 * 1024 - 60, 64 * 1024 + 20))
def test_an_odd_home_is_found_wherever_it_lies_in_a_long_body(
    http: httpx.Client, odd: str, before: int
) -> None:
    home = '{"home_size": 900}, '
    homes = [home] * (before // len(home)) + [" " * (before % len(home)), odd, ", ", home * 5_000 + odd]
    answer = http.post(REPORT, content=f'{{"homes":[{"".join(homes)}]}}', headers=JSON).json()
    assert len(answer["results"]) == before // len(home) + 5_002
    refused = [row for row, result in enumerate(answer["results"], 1) if result is None]
    assert refused == [before // len(home) + 1, len(answer["results"])]
    assert sorted({error["row"] for error in answer["errors"]}) == refused


MANY_BAD = [
    pytest.param("application/json", '{"homes": [' + "0," * 19_999 + "0]}", id="zeros"),
    pytest.param("application/json", '{"homes": [' + "{}," * 19_999 + "{}]}", id="empty homes"),
    pytest.param("application/json", '{"homes": [' + '{"~~~~~~~~":0},' * 19_999 + "0]}", id="names"),
    pytest.param("text/csv", "home_size\n" + "0\n" * 20_000, id="zeros in CSV"),
    pytest.param("text/csv", "home_size\n" + "=\n" * 20_000, id="formulas"),
    pytest.param("text/csv", "home_size,unit\n" + "900,\N{DOG}\n" * 20_000, id="units"),
]


@pytest.mark.parametrize("path", [PATH, REPORT])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
@pytest.mark.parametrize(("sent", "body"), MANY_BAD)
def test_the_answer_to_20_000_invalid_homes_is_less_than_8_times_as_long_as_the_batch(
    http: httpx.Client, path: str, accept: str, sent: str, body: str
) -> None:
    headers = {"Content-Type": sent, "Accept": accept, "Accept-Encoding": "identity"}
    response = http.post(path, content=body.encode(), headers=headers)
    assert response.status_code == (200 if path == REPORT else 422)
    assert len(response.content) < 8 * len(body.encode())


@pytest.mark.parametrize("kilobytes", [1, 20, 40])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
@pytest.mark.parametrize(
    ("sent", "begin", "home", "end"),
    [("application/json", '{"homes": [', "0,", "0]}"), ("text/csv", "home_size\n", "\n", "0")],
)
def test_the_reasons_for_invalid_homes_are_bounded_by_the_batchs_length(
    http: httpx.Client, kilobytes: int, accept: str, sent: str, begin: str, home: str, end: str
) -> None:
    """They take at most 16 KB or twice the batch; each home's row takes some bytes more."""
    homes = min(kilobytes * 1000 // len(home), 19_999)
    body = begin + homes * home + end
    headers = {"Content-Type": sent, "Accept": accept, "Accept-Encoding": "identity"}
    response = http.post(REPORT, content=body, headers=headers)
    assert response.status_code == 200
    rows = 6 * (homes + 1) + 100
    assert len(response.content) <= rows + max(16 * 1024, 2 * len(body))


def test_with_errors_report_the_first_500_invalid_homes_have_a_reason(http: httpx.Client) -> None:
    body: dict[str, Any] = {"homes": [{"unit": "sqft"}] * 2000 + [{"home_size": 900}]}
    answer = http.post(REPORT, json=body).json()
    assert [error["row"] for error in answer["errors"]] == list(range(1, 501))
    assert answer["results"].count(None) == 2000
    *bad, good = rows_of(http.post(REPORT, json=body, headers={"Accept": "text/csv"}))
    assert [row[3] for row in bad] == [
        "home_size is missing. Give the size of the home as a number."
    ] * 500 + ["?"] * 1500
    assert (good[0], good[3]) == ("dachshund", "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"homes": [{"%s": 900}]}' % ("x" * 1900), "x" * 40 + "…"),
        ('{"%s": 900, "homes": []}' % ("x" * 1900), "x" * 40 + "…"),
        (json.dumps({"homes": []} | dict.fromkeys(map(str, range(4000)), 0)), "The body has members"),
    ],
)
def test_a_long_unknown_name_is_shortened_in_the_answer(http: httpx.Client, body: str, words: str) -> None:
    response = http.post(PATH, content=body, headers=JSON)
    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert len(response.content) < 1000


def test_20_000_homes_are_answered_and_20_001_are_not(http: httpx.Client) -> None:
    homes: list[dict[str, Any]] = [{"home_size": 900}] * 20_000
    assert len(http.post(PATH, json={"homes": homes}).json()["results"]) == 20_000
    problem = assert_problem(http.post(PATH, json={"homes": [*homes, homes[0]]}), 422, "too-many-homes")
    assert "20,000" in problem["detail"]
    lines = "home_size\n" + "900\n" * 20_000
    assert len(rows_of(http.post(PATH, content=lines, headers=CSV))) == 20_000
    assert_problem(http.post(PATH, content=f"{lines}900\n", headers=CSV), 422, "too-many-homes")


def test_a_body_of_2_mib_is_accepted_and_a_larger_one_is_refused(http: httpx.Client) -> None:
    body = b'{"homes": [{"home_size": 900}]}'
    limit = 2 * 1024 * 1024
    assert http.post(PATH, content=body.ljust(limit), headers=JSON).status_code == 200
    problem = assert_problem(
        http.post(PATH, content=body.ljust(limit + 1), headers=JSON), 413, "content-too-large"
    )
    assert "2 MB" in problem["detail"]
    in_chunks = (b" " * 64 * 1024 for _ in range(33))
    assert_problem(http.post(PATH, content=in_chunks, headers=JSON), 413, "content-too-large")


def test_a_refused_batch_lists_the_first_100_invalid_homes(http: httpx.Client) -> None:
    problem = assert_problem(http.post(PATH, json={"homes": [{}] * 500}), 422, "invalid-homes")
    assert "500 homes of 500" in problem["detail"]
    assert "The first 100 are listed." in problem["detail"]
    assert [error["row"] for error in problem["errors"]] == list(range(1, 101))
    assert len(http.post(REPORT, json={"homes": [{}] * 500}).json()["results"]) == 500


@pytest.mark.parametrize(
    ("query", "words", "parameter"),
    [
        ("errors=ignore", 'must be "fail" or "report"', "errors"),
        ("errors=", 'must be "fail" or "report"', "errors"),
        ("errors=fail&errors=fail", "2 times", "errors"),
        ("unit=m2", "the known name is errors", "unit"),
    ],
)
def test_an_invalid_query_parameter_is_refused(
    http: httpx.Client, query: str, words: str, parameter: str
) -> None:
    problem = assert_problem(http.post(f"{PATH}?{query}", json={"homes": []}), 422, "invalid-request")
    assert words in problem["detail"]
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data", "text/csv; charset=latin-1", "application/csv", ""]
)
def test_another_content_type_than_json_or_csv_is_refused(http: httpx.Client, content_type: str) -> None:
    response = http.post(PATH, content=b"home_size\n900\n", headers={"Content-Type": content_type})
    assert_problem(response, 415, "unsupported-media-type")


def test_a_byte_order_mark_before_json_is_ignored(http: httpx.Client) -> None:
    body = '{"homes": [{"home_size": 900}]}'.encode("utf-8-sig")
    assert http.post(PATH, content=body, headers=JSON).json()["results"][0]["breed"] == "dachshund"


@given(body=st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_no_body_sent_as_csv_is_a_server_error(http: httpx.Client, body: bytes) -> None:
    for content in (body, b"home_size,unit\n" + body):
        assert http.post(REPORT, content=content, headers=CSV).status_code in {200, 400, 422}


def in_braces(members: dict[str, str]) -> str:
    listed = ",".join(f'"{name}":{value}' for name, value in members.items())
    return f"{{{listed}}}"


nearly_json = st.recursive(
    st.sampled_from(["1e400", "-1e999", "NaN", "-Infinity", '"\\ud800"', "9", "[]", '"a"', "01", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.dictionaries(st.sampled_from(["homes", "home_size", "unit", "x"]), inner, max_size=3).map(
            in_braces
        )
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("path", ["/api/predict", PATH, REPORT])
@given(text=nearly_json | nearly_json.map(lambda rows: f'{{"homes":[{rows}]}}'))
def test_no_body_that_is_nearly_json_is_a_server_error(http: httpx.Client, path: str, text: str) -> None:
    response = http.post(path, content=text.encode("utf-8", "surrogatepass"), headers=JSON)
    assert response.status_code in {200, 400, 422}, response.text
    try:
        msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except msgspec.ValidationError:
        pass  # JSON so far as it was read, with a number beyond a float
    except msgspec.DecodeError:
        assert response.status_code != 200


@given(body=json_values | st.fixed_dictionaries({"homes": st.lists(json_values, max_size=5)}))
def test_no_json_body_is_a_server_error(http: httpx.Client, body: object) -> None:
    response = http.post(REPORT, content=json.dumps(body), headers=JSON)
    assert response.status_code in {200, 422}
    if response.status_code == 200:
        answer = response.json()
        bad = {error["row"] for error in answer["errors"]}
        assert bad == {row for row, result in enumerate(answer["results"], start=1) if result is None}


def test_a_batch_is_counted_by_home_and_logged_in_one_line(server: Server) -> None:
    before = server.metric(PREDICTIONS)
    body = "home_size\n900\n950\nhuge\n99000\n"
    httpx.post(f"{server.url}{REPORT}", content=body, headers=CSV | {"X-Request-ID": "a-batch-of-four"})
    line = server.wait_for_event("a-batch-of-four")
    assert (line["route"], line["status"], line["homes"], line["refused"]) == (PATH, 200, 3, 1)
    assert line["breeds"] == {"dachshund": 2, "german_shepherd": 1}
    assert line["outside_training_range"] == 1
    assert line["model_version"] == PREDICTOR.model_version
    assert server.metric(PREDICTIONS) == before + 3
