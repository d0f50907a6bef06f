"""The API's OpenAPI document: valid, complete, and true to the server's answers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from webapp import create_app
from webapp.api.operations import operations_of
from webapp.http.state import state_of
from webapp.server.unreadable import STATUSES, UNREADABLE, status_of

APP = create_app({"TESTING": True, "LOG_LEVEL": "error"})
OPERATIONS = operations_of(state_of(APP))
KINDS = state_of(APP).kinds
DOCUMENT: dict[str, Any] = json.loads(APP.test_client().get("/api/openapi.json").data)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            yield path, method.upper(), described


def of(endpoint: str) -> tuple[str, str, dict[str, Any]]:
    """Return path, method and description of the operation with a Flask endpoint."""
    [found] = [each for each in operations() if each[2]["operationId"] == OPERATIONS[endpoint].name]
    return found


def test_the_document_is_valid_openapi_3_1() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_the_same_document_is_served_by_every_worker(base_url: str) -> None:
    response = httpx.get(f"{base_url}/api/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == DOCUMENT


def test_every_route_of_the_api_is_in_the_document(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")}
    assert routes - {"docs.ui"} == set(OPERATIONS)
    assert {described["operationId"] for _, _, described in operations()} == {
        operation.name for operation in OPERATIONS.values()
    }


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_each_operation_has_descriptions_examples_and_its_error_statuses(endpoint: str) -> None:
    path, method, described = of(endpoint)
    assert described["summary"]
    assert described["description"].endswith(".")
    assert all(response["description"] for response in described["responses"].values())
    assert {"200", "400", "408", "414", "417", "431", "500", "503"} <= described["responses"].keys()
    if method == "POST":
        assert {"413", "415", "422"} <= described["responses"].keys()
        assert all(each["examples"] for each in described["requestBody"]["content"].values())
    for parameter in described["parameters"]:
        assert parameter["description"], f"{path}: {parameter['name']}"


@pytest.mark.parametrize(
    ("endpoint", "name"), [(key, name) for key, each in OPERATIONS.items() for name in each.examples]
)
def test_each_example_request_is_answered_as_the_document_shows(
    base_url: str, endpoint: str, name: str
) -> None:
    path, method, described = of(endpoint)
    example = OPERATIONS[endpoint].examples[name]
    response = httpx.request(
        method,
        f"{base_url}{path}",
        params=example.query,
        content=example.body.encode(),
        headers={"X-Request-ID": "an-id-of-yours"}
        | ({"Content-Type": example.content_type} if example.body else {}),
    )
    media_type = response.headers["Content-Type"].partition(";")[0]
    answers = described["responses"][str(response.status_code)]["content"][media_type]["examples"]
    said = response.text if media_type == "text/csv" else json.dumps(response.json())
    expected = answers[name]["value"]
    text = expected if media_type == "text/csv" else json.dumps(expected)
    assert said == text.replace("https://example.com", base_url)


def resolved(schema: dict[str, Any]) -> Draft202012Validator:
    """Return a validator of a schema of the document, with the components that it refers to."""
    return Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def examples_of_requests() -> Iterator[tuple[str, str, str, Any, Any]]:
    """Yield each example of a request body, with the example answer of the same name."""
    for path, _, described in operations():
        for media_type, content in described.get("requestBody", {}).get("content", {}).items():
            answers = described["responses"]["200"]["content"][media_type]["examples"]
            for name, example in content["examples"].items():
                yield path, media_type, name, example["value"], answers[name]["value"]


@pytest.mark.parametrize(("path", "media_type", "_name", "body", "answer"), list(examples_of_requests()))
def test_each_example_body_gets_the_example_answer_of_the_same_name(
    base_url: str, path: str, media_type: str, _name: str, body: Any, answer: Any
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    response = httpx.post(f"{base_url}{path}", content=content, headers={"Content-Type": media_type})
    assert response.status_code == 200, response.text
    said = response.text if isinstance(answer, str) else response.json()
    assert json.dumps(said).replace(base_url, "https://example.com") == json.dumps(answer)
    schema = DOCUMENT["paths"][path]["post"]["requestBody"]["content"][media_type]["schema"]
    resolved(schema).validate(body)


def examples_of_answers() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for _, _, described in operations():
        for status, response in described["responses"].items():
            for media_type, content in response.get("content", {}).items():
                for example in content.get("examples", {}).values():
                    yield status, media_type, example["description"], example | {"schema": content["schema"]}


ASKED = re.compile(
    r"Asked: `(GET|POST) (\S+?)(?:`\.|`, with `Content-Type: (\S+)` and the body:\n\n```\n(.*)\n```)",
    re.DOTALL,
)


@pytest.mark.parametrize(("status", "media_type", "asked", "example"), list(examples_of_answers()))
def test_each_example_answer_follows_from_the_request_in_its_description(
    base_url: str, status: str, media_type: str, asked: str, example: dict[str, Any]
) -> None:
    found = ASKED.fullmatch(asked)
    assert found
    method, target, sends, body = found.groups()
    response = httpx.request(
        method,
        f"{base_url}{target}",
        content=body,
        headers={"X-Request-ID": "an-id-of-yours"} | ({"Content-Type": sends} if sends else {}),
    )
    assert str(response.status_code) == status
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    said = response.text if media_type == "text/csv" else response.json()
    assert json.dumps(said).replace(base_url, "https://example.com") == json.dumps(example["value"])
    resolved(example["schema"]).validate(said)


@pytest.mark.parametrize("endpoint", [key for key, each in OPERATIONS.items() if each.query])
def test_each_query_parameter_is_accepted_or_refused_as_its_schema_says(base_url: str, endpoint: str) -> None:
    path, method, described = of(endpoint)
    parameters = [each for each in described["parameters"] if each["in"] == "query"]
    required = {each["name"]: each["example"] for each in parameters if each.get("required")}
    body: dict[str, Any] = {"json": {"homes": []}} if method == "POST" else {}

    def status(**query: object) -> int:
        return httpx.request(method, f"{base_url}{path}", params=required | query, **body).status_code

    assert status() == 200
    for each in parameters:
        schema = each["schema"]
        for value in [*schema.get("enum", []), *([each["example"]] if "example" in each else [])]:
            assert status(**{each["name"]: value}) == 200
            resolved(schema).validate(value)
        assert status(**{each["name"]: "none of these"}) == 422
        assert not resolved(schema).is_valid("none of these")


def test_the_schemas_limits_of_a_home_size_are_the_widest_of_both_units(base_url: str) -> None:
    [schema] = [
        each["schema"] for each in of("api.predict_by_query")[2]["parameters"] if each["name"] == "home_size"
    ]

    def answered(size: float) -> bool:
        queries = [{"home_size": size, "unit": unit} for unit in ("sqft", "m2")]
        return any(httpx.get(f"{base_url}/api/predict", params=query).status_code == 200 for query in queries)

    assert answered(schema["minimum"])
    assert answered(schema["maximum"])
    assert not answered(schema["minimum"] - 0.01)
    assert not answered(schema["maximum"] + 1)


def test_each_kind_of_problem_is_explained_on_the_problems_page(base_url: str) -> None:
    page = httpx.get(f"{base_url}/problems").text
    assert set(re.findall(r'id="([a-z-]+)"', page)) >= KINDS.keys()


def test_each_required_member_of_a_schema_is_among_its_properties() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), name


def test_each_status_of_an_unreadable_request_has_a_kind_of_problem() -> None:
    known = {status for kind in KINDS.values() for status in kind.meanings}
    assert {status_of(error) for error in (*UNREADABLE, *STATUSES)} <= known


def test_the_document_names_each_kind_of_problem_that_a_route_can_answer_with() -> None:
    text = json.dumps(DOCUMENT)
    beyond_the_routes = {"not-found", "method-not-allowed"}
    for kind in KINDS.values():
        assert (f"**{kind.title}**" in text) is (kind.slug not in beyond_the_routes)
