"""The same API for every problem: one reader, one document, and answers that agree."""

import csv
import html
import io
import json
import re
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from model.problem.rows import example_row
from tests.problems import FOLDER
from tests.problems.rows import as_texts, rows
from tests.webapp.conftest import Service

CSV = {"Content-Type": "text/csv", "Accept": "application/json"}


def test_the_document_is_valid_and_so_is_every_example_in_it(service: Service) -> None:
    document = service.client.get("/api/openapi.json").get_json()
    validate(document)
    assert document["info"]["title"] == service.predictor.problem.title
    examples = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            described = [operation["responses"][status] for status in operation["responses"]]
            for body in [operation.get("requestBody", {}), *described]:
                for content in body.get("content", {}).values():
                    schema = content["schema"] | {"components": document["components"]}
                    for example in content.get("examples", {}).values():
                        Draft202012Validator(schema).validate(example["value"])
                        examples += 1
    assert examples >= 18


@given(data=st.data())
@settings(max_examples=25)
def test_json_query_and_csv_get_the_same_answer_which_is_the_predictors(
    service: Service, data: st.DataObject
) -> None:
    problem = service.predictor.problem
    row: dict[str, Any] = data.draw(rows(problem))
    posted = service.client.post("/api/predict", json=row)
    assert posted.status_code == 200, posted.text
    answer = posted.get_json()
    expected = service.predictor.predict(service.predictor.reader.from_json(row))
    assert answer[problem.target.name] == expected.key
    assert answer["probability"] == round(expected.probability, 6)
    assert answer["outside_training_range"] == expected.outside_training_range
    for name, value in row.items():
        assert answer[name] == value or answer[name]["value"] == value
    texts = as_texts(row)
    assert service.client.get(f"/api/predict?{urlencode(texts)}").get_json() == answer
    table = io.StringIO()
    csv.writer(table, delimiter=";").writerows([list(texts), list(texts.values())])
    [line] = service.client.post("/api/predict/batch", data=table.getvalue(), headers=CSV).get_json()[
        "results"
    ]
    assert line == {name: answer[name] for name in line}
    [in_json] = service.client.post("/api/predict/batch", json={problem.rows_member: [row]}).get_json()[
        "results"
    ]
    assert in_json == line


def test_a_file_that_trains_can_be_sent_as_a_batch(service: Service) -> None:
    if service.name == "puppy":
        table = "breed,home_size_m2,street\ndachshund,80,A\ngerman_shepherd,300,B\n"
        ignored, right = ["street"], 2
    else:
        [file] = (FOLDER / service.name).glob("*.csv")
        table = file.read_text()
        ignored, right = (["year"], 330) if service.name == "penguins" else ([], 2_400)
    answer = service.client.post("/api/predict/batch", data=table, headers=CSV).get_json()
    assert answer["ignored_columns"] == ignored
    target = service.predictor.problem.target.name
    truth = [line[target] for line in csv.DictReader(io.StringIO(table))]
    assert len(answer["results"]) == len(truth)
    answered = [result[target] for result in answer["results"]]
    assert sum(map(str.__eq__, answered, truth)) >= right
    as_csv = service.client.post("/api/predict/batch", data=table, headers=CSV | {"Accept": "text/csv"})
    assert as_csv.headers.get("X-Ignored-Columns", "") == ",".join(ignored)


def test_the_answer_has_a_reason_for_each_feature(service: Service) -> None:
    problem = service.predictor.problem
    answer = service.client.post("/api/predict?explain=true", json=example_row(problem)).get_json()
    assert {reason["feature"] for reason in answer["reasons"]} == set(problem.features_by_name)
    weights = [abs(reason["contribution"]) for reason in answer["reasons"]]
    assert weights == sorted(weights, reverse=True)
    assert all(reason["text"].endswith(".") for reason in answer["reasons"])


def test_each_kind_of_error_of_a_row_is_explained_in_a_sentence(service: Service) -> None:
    page = html.unescape(service.client.get("/problems").text)
    sentences = {
        "puppy": ["home_size is missing, not a number or outside 50 to 100,000 sq ft."],
        "yard": [
            "has_yard is neither true nor false.",
            "hours_away is not a number or outside 0 to 24 h.",
        ],
        "penguins": ["sex is none of its choices.", "island is missing or none of its choices."],
    }
    for sentence in sentences[service.name]:
        assert sentence in page


def test_all_that_is_wrong_with_a_row_is_told_at_once(penguins: FlaskClient) -> None:
    row = {"island": "Torgerson", "bill_length": "long", "body_mass": 9, "unit": "kg", "wings": 2}
    problem = penguins.post("/api/predict", json=row).get_json()
    assert problem["type"].endswith("/problems#invalid-request")
    assert {error["pointer"]: error["detail"] for error in problem["errors"]} == {
        "/wings": (
            "wings is not known here; the known names are island, bill_length, bill_depth, flipper_length, "
            "body_mass, unit and sex."
        ),
        "/island": (
            'island must be "Biscoe", "Dream" or "Torgersen"; got Torgerson. Did you mean "Torgersen"?'
        ),
        "/bill_length": "bill_length must be a number; got a string.",
        "/body_mass": "body_mass must be between 2 and 8 kg; got 9.",
    }


def test_the_kind_of_an_error_is_the_features(penguins: FlaskClient) -> None:
    problem = penguins.get("/api/predict?island=Dream&flipper_length=999").get_json()
    assert problem["type"].endswith("/problems#invalid-flipper-length")
    assert problem["title"] == "Invalid flipper length"
    assert 'id="invalid-flipper-length"' in penguins.get("/problems").text
    batch = penguins.post("/api/predict/batch", json={"penguins": [{"island": "Dream"}, {}]}).get_json()
    assert batch["type"].endswith("/problems#invalid-penguins")
    assert batch["detail"].startswith("1 penguin of 2 can't be answered. Penguin 2: island is missing.")


@pytest.mark.parametrize("blank", ["", "NA", "n/a", "NaN", "null", "None", " "])
def test_blanks_are_read_alike_in_every_form(penguins: FlaskClient, blank: str) -> None:
    absent = penguins.post("/api/predict", json={"island": "Dream"}).get_json()
    assert absent["sex"] is None
    assert penguins.post("/api/predict", json={"island": "Dream", "sex": None}).get_json() == absent
    query = {"island": "Dream", "sex": blank, "bill_depth": blank}
    assert penguins.get("/api/predict", query_string=query).get_json() == absent
    table = f"ISLAND,Bill Depth mm,sex\nDream,{blank},{blank}\n"
    [line] = penguins.post("/api/predict/batch", data=table, headers=CSV).get_json()["results"]
    assert line == {name: absent[name] for name in line}


def test_a_column_that_is_nearly_a_feature_is_not_passed_over(penguins: FlaskClient) -> None:
    problem = penguins.post("/api/predict/batch", data="island,bil_depth\nDream,17\n", headers=CSV).get_json()
    assert 'The column bil_depth is not known. Did you mean "bill_depth"?' in problem["detail"]


def test_nothing_of_another_problem_speaks_of_a_puppy(penguins: FlaskClient) -> None:
    row = {"island": "Biscoe", "flipper_length": "220"}
    addresses = [
        "/",
        f"/recommendation?{urlencode(row)}",
        "/recommendation",
        "/species",
        "/model",
        "/problems",
    ]
    addresses += ["/nowhere", "/api/docs", "/api/openapi.json", "/api/model", "/api/classes", "/api/predict"]
    for address in addresses:
        text = penguins.get(address).text
        assert not re.search(r"\b(pupp(y|ies)|homes?|breeds?|dogs?|households?)\b", text, re.IGNORECASE), (
            address
        )
    assert penguins.get("/breeds").status_code == 404


def test_the_model_is_described_by_its_features(penguins: FlaskClient) -> None:
    model = penguins.get("/api/model").get_json()
    assert [feature["name"] for feature in model["features"]][:2] == ["island", "bill_length"]
    assert model["features"][0]["counts"].keys() == {"Biscoe", "Dream", "Torgersen"}
    assert model["features"][5]["blanks"] > 0
    assert sum(json.loads(json.dumps(model["data"]["rows"])).values()) == 344


@pytest.mark.parametrize("query", ["", "?errors=report"])
def test_the_errors_of_a_batch_are_at_most_twice_as_long_as_its_body(
    penguins: FlaskClient, query: str
) -> None:
    wrong = dict.fromkeys("abcdefghijklmnopqrst", 1)
    body = json.dumps({"penguins": [wrong] * 100})
    answer = penguins.post(f"/api/predict/batch{query}", data=body, content_type="application/json")
    errors = answer.get_json()["errors"]
    assert 20 <= len(errors) < 100 * 20
    assert len(answer.data) < 2 * len(body) + 16_000
    if not query:
        assert f"The first {len(errors) // 20} are listed." in answer.get_json()["detail"]


def test_the_header_names_the_first_twenty_columns_that_are_passed_over(penguins: FlaskClient) -> None:
    others = [f"größe {number}" for number in range(30)]
    table = f"{','.join(others)},island\n{',' * 30}Dream\n"
    answer = penguins.post("/api/predict/batch", data=table.encode(), content_type="text/csv")
    named = answer.headers["X-Ignored-Columns"].split(",")
    assert [unquote(name) for name in named] == others[:20]
    in_json = penguins.post("/api/predict/batch", data=table.encode(), headers=CSV).get_json()
    assert in_json["ignored_columns"] == others


def test_a_comma_between_semicolons_is_asked_back(penguins: FlaskClient) -> None:
    table = "island;bill_length;body_mass\nDream;45,1;3,700\nDream;45.1;3700\n"
    batch = penguins.post("/api/predict/batch?errors=report", data=table, headers=CSV).get_json()
    assert [(error["row"], error["column"]) for error in batch["errors"]] == [
        (1, "bill_length"),
        (1, "body_mass"),
    ]
    assert [result is None for result in batch["results"]] == [True, False]
