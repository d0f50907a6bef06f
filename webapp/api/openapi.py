"""The OpenAPI 3.1 document, made from the problem, the routes, their types, and the app's own responses."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from flask import Flask

from webapp.api.batch import IGNORED_HEADER
from webapp.api.openapi_schemas import Json, all_schemas, parameters_of, schema_of
from webapp.api.operations import Example, Operation, operations_of, outline_of
from webapp.http.negotiation import CSV, JSON
from webapp.http.problem_details import ProblemDetails
from webapp.http.problem_kinds import Kind
from webapp.http.state import State, state_of
from webapp.http.warm_up import answer_inside

_PROBLEM = "application/problem+json"
_ORIGIN = "https://example.com"
"""The server in the examples."""

_COMMON_PROBLEMS = ("bad-request", "request-timeout", "internal-error", "unavailable")


def make_document(app: Flask) -> Json:
    """Return the document of an app, with its responses to the examples."""
    state = state_of(app)
    document, operations = outline_of(state), operations_of(state)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if operation := operations.get(rule.endpoint):
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            described = _describe(app, state, rule.rule, method, operation)
            document["paths"].setdefault(rule.rule, {})[method.lower()] = described
    document["components"]["schemas"] = all_schemas(state.predictor)
    return document


def _describe(app: Flask, state: State, path: str, method: str, operation: Operation) -> Json:
    examples: dict[tuple[int, str], Json] = {}
    for name, example in operation.examples.items():
        status, media_type, answered = _ask(app, path, method, example)
        examples.setdefault((status, media_type), {})[name] = answered
    described: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": parameters_of(operation, state.predictor),
    }
    if operation.requests:
        described["requestBody"] = {
            "required": True,
            "content": {
                media_type: {
                    "schema": schema_of(schema),
                    "examples": {
                        name: {"summary": example.summary, "value": _value(example)}
                        for name, example in operation.examples.items()
                        # An example of a body can't show a query; the response's example shows both.
                        if name in examples.get((200, media_type), ()) and not example.query
                    },
                }
                for media_type, schema in operation.requests.items()
            },
        }
    described["responses"] = _responses_of(operation, examples, state.kinds)
    return described


def _ask(app: Flask, path: str, method: str, example: Example) -> tuple[int, str, Json]:
    """Send an example; return the response's status and media type, and the document's example object."""
    response = answer_inside(
        app,
        path,
        example.body.encode(),
        method=method,
        base_url=_ORIGIN,
        query_string=example.query,
        content_type=example.content_type if example.body else None,
        headers={"X-Request-ID": "an-id-of-yours"},
    )
    query = f"?{example.query}" if example.query else ""
    request = f"Asked: `{method} {path}{query}`"
    if example.body:
        body = example.body.replace("\r\n", "\n").rstrip("\n")
        request += f", with `Content-Type: {example.content_type}` and the body:\n\n```\n{body}\n```"
    else:
        request += "."
    value = response.get_json() if response.is_json else response.get_data(as_text=True)
    answered = {"summary": example.summary, "description": request, "value": value}
    return response.status_code, response.mimetype or "", answered


def _value(example: Example) -> Any:
    return json.loads(example.body) if example.content_type == JSON else example.body


def _responses_of(
    operation: Operation, examples: Mapping[tuple[int, str], Json], all_kinds: Mapping[str, Kind]
) -> dict[str, Json]:
    """Return the responses of a route by status, with its examples by status, media type and name."""
    names = ["X-Request-ID", "X-Model-Version"]
    if operation.cached:
        names += ["ETag", "Cache-Control"]
    if CSV in operation.responses:
        names += [IGNORED_HEADER]
    responses: dict[str, Json] = {
        "200": {
            "description": "The answer.",
            "headers": _headers(names),
            "content": {
                media_type: {"schema": schema_of(schema)}
                | ({"examples": examples[200, media_type]} if (200, media_type) in examples else {})
                for media_type, schema in operation.responses.items()
            },
        }
    }
    if operation.cached:
        responses["304"] = {
            "description": "The answer that you have still holds.",
            "headers": _headers(names),
        }
    kinds: dict[int, list[Kind]] = {}
    for kind in (all_kinds[slug] for slug in (*operation.problems.split(), *_COMMON_PROBLEMS)):
        for status in kind.meanings:
            kinds.setdefault(status, []).append(kind)
    for status, with_status in sorted(kinds.items()):
        found = examples.get((status, _PROBLEM))
        example = {"examples": found} if found else {"example": _example_problem(with_status[0], status)}
        responses[str(status)] = {
            "description": "\n\n".join(f"**{kind.title}**: {kind.meanings[status]}" for kind in with_status),
            "headers": _headers(["X-Request-ID", "Retry-After"] if status == 503 else ["X-Request-ID"]),
            "content": {_PROBLEM: {"schema": schema_of("ProblemDetails")} | example},
        }
    return responses


def _example_problem(kind: Kind, status: int) -> Any:
    """Return the body that stands for a problem which none of the route's examples causes."""
    details = ProblemDetails(
        type=f"{_ORIGIN}/problems#{kind.slug}",
        title=kind.title,
        status=status,
        detail=kind.meanings[status],
        request_id="an-id-of-yours",
    )
    return msgspec.to_builtins(details)


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
