"""The API's document: as committed, valid, complete, and true."""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from flask import Flask
from openapi_spec_validator import validate

from webapp.docs import FILE
from webapp.openapi import encode, make_document
from webapp.operations import OPERATIONS
from webapp.problem_kinds import KINDS
from webapp.unreadable import STATUSES, UNREADABLE, status_of

DOCUMENT: dict[str, Any] = json.loads(FILE.read_bytes())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            yield path, method.upper(), described


def of(endpoint: str) -> tuple[str, str, dict[str, Any]]:
    """Find an operation by the endpoint of its route."""
    [found] = [each for each in operations() if each[2]["operationId"] == endpoint.partition(".")[2]]
    return found


def test_it_is_as_committed(app: Flask) -> None:
    made, committed = encode(make_document(app)).decode(), FILE.read_text()
    changes = "".join(
        difflib.unified_diff(
            committed.splitlines(keepends=True), made.splitlines(keepends=True), "committed", "made anew"
        )
    )
    assert not changes, (
        f"The API has changed:\n{changes}\nIf it was meant, and only adds: make openapi, and commit the file."
    )


def test_it_is_valid() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_it_is_what_is_served(base_url: str) -> None:
    response = httpx.get(f"{base_url}/api/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == DOCUMENT


def test_it_has_every_route_of_the_api(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api")}
    assert routes - {"docs.ui"} == set(OPERATIONS)
    assert {described["operationId"] for _, _, described in operations()} == {
        endpoint.partition(".")[2] for endpoint in OPERATIONS
    }


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_each_operation_is_described(endpoint: str) -> None:
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
def test_each_example_gets_the_answer_that_stands_beside_it(base_url: str, endpoint: str, name: str) -> None:
    path, method, described = of(endpoint)
    example = OPERATIONS[endpoint].examples[name]
    response = httpx.request(
        method,
        f"{base_url}{path}",
        params=dict(example.query),
        content=example.body.encode(),
        headers={"Accept": example.accept, "X-Request-ID": "an-id-of-yours"}
        | ({"Content-Type": example.sends} if example.sends else {}),
    )
    media_type = response.headers["Content-Type"].partition(";")[0]
    answers = described["responses"][str(response.status_code)]["content"][media_type]["examples"]
    said = response.text if media_type == "text/csv" else json.dumps(response.json())
    expected = answers[name]["value"]
    text = expected if media_type == "text/csv" else json.dumps(expected)
    assert said == text.replace("https://puppy.example", base_url)


def test_each_kind_of_problem_is_explained_where_its_type_leads(base_url: str) -> None:
    page = httpx.get(f"{base_url}/problems").text
    assert set(re.findall(r'id="([a-z-]+)"', page)) >= KINDS.keys()


def test_each_schema_describes_what_it_requires() -> None:
    for name, schema in json.loads(FILE.read_bytes())["components"]["schemas"].items():
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), name


def test_what_cannot_be_read_has_a_kind_for_its_status() -> None:
    known = {status for kind in KINDS.values() for status in kind.meanings}
    assert {status_of(error) for error in (*UNREADABLE, *STATUSES)} <= known


def test_each_kind_of_problem_stands_in_the_document() -> None:
    text = FILE.read_text()
    beyond_the_routes = {"not-found", "method-not-allowed", "too-many-requests"}
    for kind in KINDS.values():
        assert (f"**{kind.title}**" in text) is (kind.slug not in beyond_the_routes)
