"""The API's document (OpenAPI 3.1), from the routes, the types, the problems and real answers.

`make openapi` writes it; a test compares. What is served is the file: nothing is left to do at the start.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Flask
from flask.testing import FlaskClient

from model.home_size import Unit
from webapp import create_app
from webapp.docs import FILE
from webapp.negotiation import JSON
from webapp.operations import OPERATIONS, Example, Form, Operation
from webapp.problems import KINDS, Kind
from webapp.recommend import limits
from webapp.schemas import ProblemDetails

PROBLEM = "application/problem+json"

_Json = dict[str, Any]
_REFERENCE = "#/components/schemas/{name}"
_BY_EVERY_ROUTE = ("bad-request", "not-acceptable", "request-timeout", "internal-error", "unavailable")
_ABOUT = """\
Type the size of a home; see which puppy suits it. The model that we ship learnt from **simulated** homes: \
it shows how such a service works, and is no advice on choosing a dog.

**Errors** are problem details (RFC 9457), for every status: `detail` is a sentence, `errors` has the \
place of each thing that is wrong, `type` is a stable address that explains the kind. A `503` has \
`Retry-After`. \
A request that can't be read as HTTP at all gets one of 400, 408, 414, 417 or 431 in the same form.

**Requests** may bring an `X-Request-ID` of their own; the answer has it or one we made. Pages of other \
sites may ask, without credentials. Large answers are gzipped where `Accept-Encoding` allows.

**Changes** are additions only: read what you know, and pass over what you don't.
"""
_UNITS: Mapping[Unit, list[str]] = {"sqft": ["home_size"], "m2": ["home_size", "unit"]}
_HEADERS: Mapping[str, tuple[str, _Json]] = {
    "X-Request-ID": ("The request's own, if it was sane, or one we made.", {"type": "string"}),
    "X-Model-Version": ("The model that answered.", {"type": "string"}),
    "ETag": ("Send it as `If-None-Match` to ask whether the answer still holds.", {"type": "string"}),
    "Cache-Control": ("How long the answer may be kept.", {"type": "string"}),
    "Retry-After": ("Try again after so many seconds.", {"type": "integer"}),
    "Allow": ("The methods that can be used.", {"type": "string"}),
}


@dataclass(frozen=True)
class Answered:
    """An example, and what the app really answered it."""

    name: str
    example: Example
    status: str
    media_type: str
    said: Any


def make_document(app: Flask) -> _Json:
    """Make the document of an app, whose routes answer the examples."""
    client = app.test_client()
    paths: _Json = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if operation := OPERATIONS.get(rule.endpoint):
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            described = _describe(client, rule.rule, method, operation)
            described["operationId"] = rule.endpoint.partition(".")[2]
            paths.setdefault(rule.rule, {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Perfect Puppy",
            "version": "1",
            "summary": "Which puppy suits a home",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in OPERATIONS.values())],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "headers": {
                name: {"description": description, "schema": schema}
                for name, (description, schema) in _HEADERS.items()
            },
        },
    }


def _describe(client: FlaskClient, path: str, method: str, operation: Operation) -> _Json:
    answered = [_ask(client, path, method, name, each) for name, each in operation.examples.items()]
    described: _Json = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(operation),
    }
    if operation.takes:
        described["requestBody"] = {
            "required": True,
            "content": {
                media: {
                    "schema": _schema(form),
                    "examples": {
                        each.name: {"summary": each.example.summary, "value": _value(each.example)}
                        for each in answered
                        if each.example.sends == media and each.status == "200"
                    },
                }
                for media, form in operation.takes.items()
            },
        }
    described["responses"] = _responses(operation, answered)
    return described


def _ask(client: FlaskClient, path: str, method: str, name: str, example: Example) -> Answered:
    response = client.open(
        path,
        method=method,
        base_url="https://puppy.example",
        query_string=example.query,
        data=example.body or None,
        content_type=example.sends or None,
        headers={"Accept": example.accept, "X-Request-ID": "an-id-of-yours"},
    )
    said = response.get_json() if response.is_json else response.get_data(as_text=True)
    return Answered(name, example, str(response.status_code), response.mimetype or "", said)


def _value(example: Example) -> Any:
    return json.loads(example.body) if example.sends == JSON else example.body


def _parameters(operation: Operation) -> list[_Json]:
    found: list[_Json] = []
    if operation.query:
        [_], schemas = msgspec.json.schema_components([operation.query], ref_template=_REFERENCE)
        form = _tidy(schemas[operation.query.__name__])
        for name, schema in form["properties"].items():
            description = schema.pop("description")
            parameter = {"name": name, "in": "query", "description": description, "schema": schema}
            if name in form.get("required", ()):
                parameter["required"] = True
            if name == "home_size":
                schema |= {"minimum": limits("m2")[0], "maximum": limits("sqft")[1]}
                parameter["example"] = 1200
            found.append(parameter)
    if operation.cached:
        found.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The `ETag` of an answer that you have.",
                "schema": {"type": "string"},
            }
        )
    return found


def _responses(operation: Operation, answered: Sequence[Answered]) -> dict[str, _Json]:
    headers = ["X-Request-ID"]
    if operation.tag != "This document":
        headers.append("X-Model-Version")
    if operation.cached:
        headers += ["ETag", "Cache-Control"]
    responses: dict[str, _Json] = {
        "200": {
            "description": "The answer.",
            "headers": _headers(headers),
            "content": {
                media: {"schema": _schema(form)} | _examples(answered, "200", media)
                for media, form in operation.answers.items()
            },
        }
    }
    if operation.cached:
        responses["304"] = {
            "description": "The answer that you have still holds.",
            "headers": _headers(headers),
        }
    kinds: dict[str, list[Kind]] = {}
    for slug in (*operation.problems, *_BY_EVERY_ROUTE):
        kinds.setdefault(str(KINDS[slug].status), []).append(KINDS[slug])
    for status, of_status in sorted(kinds.items()):
        names = ["X-Request-ID", "Retry-After"] if status == "503" else ["X-Request-ID"]
        responses[status] = {
            "description": "\n\n".join(f"**{kind.title}**: {kind.meaning}" for kind in of_status),
            "headers": _headers(names),
            "content": {PROBLEM: {"schema": _schema(ProblemDetails)} | _examples(answered, status, PROBLEM)},
        }
    return responses


def _examples(answered: Iterable[Answered], status: str, media: str) -> _Json:
    examples = {
        each.name: {"summary": each.example.summary, "value": each.said}
        for each in answered
        if (each.status, each.media_type) == (status, media)
    }
    return {"examples": examples} if examples else {}


def _made_up(kind: Kind) -> _Json:
    """Give an example of a problem that can't be had by asking."""
    details = ProblemDetails(
        type=f"https://puppy.example/problems#{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=kind.meaning,
        request_id="an-id-of-yours",
    )
    return {"example": msgspec.to_builtins(details)}


def _headers(names: Iterable[str]) -> _Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _schema(form: Form) -> _Json:
    return {"$ref": _REFERENCE.format(name=form.__name__)} if isinstance(form, type) else dict(form)


def _schemas() -> _Json:
    forms = [
        form
        for operation in OPERATIONS.values()
        for form in (*operation.takes.values(), *operation.answers.values())
        if isinstance(form, type)
    ]
    _, schemas = msgspec.json.schema_components([*forms, ProblemDetails], ref_template=_REFERENCE)
    tidy: _Json = _tidy(dict(sorted(schemas.items())))
    # What a type can't say: the limits depend on the unit.
    tidy["PredictRequest"]["anyOf"] = [
        {
            "properties": {
                "home_size": {"type": "number", "minimum": limits(unit)[0], "maximum": limits(unit)[1]},
                "unit": {"const": unit},
            },
            "required": required,
        }
        for unit, required in _UNITS.items()
    ]
    return tidy


def _tidy(schema: Any) -> Any:
    """Say `number` for "an integer or a number", and leave out titles and Python's line ends."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("anyOf") == [{"type": "integer"}, {"type": "number"}]:
        schema = {"type": "number"} | {name: value for name, value in schema.items() if name != "anyOf"}
    if isinstance(schema.get("description"), str):
        schema |= {"description": re.sub(r"\s+", " ", schema["description"]).strip()}
    return {name: _tidy(value) for name, value in schema.items() if name != "title"}


def encode(document: _Json) -> bytes:
    """Give the file's content."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    FILE.write_bytes(encode(make_document(create_app({"LOG_LEVEL": "error"}))))
    sys.stdout.write(f"Wrote {FILE.name}.\n")
