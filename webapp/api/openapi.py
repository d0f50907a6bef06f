"""The OpenAPI 3.1 document, made from the routes, their types, the problems and the app's own responses.

`make openapi` writes it to the file that the app serves; a test compares the two.
"""

import json
import sys
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from webapp import create_app
from webapp.api.docs import FILE
from webapp.api.openapi_responses import HEADERS, responses_of
from webapp.api.openapi_schemas import Json, all_schemas, parameters_of, schema_of
from webapp.api.operations import OPERATIONS, Example, Operation
from webapp.http.negotiation import JSON

_ABOUT = """\
Type the size of a home; see which puppy suits it. The model that we ship learnt from **simulated** homes: \
it shows how such a service works, and is no advice on choosing a dog.

**Errors** are problem details (RFC 9457), for every status: `detail` is a sentence, `errors` has the place \
of each thing that is wrong, `type` is an address that explains the kind: branch on what stands after its \
`#`, which never changes. A `503` has `Retry-After`. A request that can't be read as HTTP at all gets one of \
400, 408, 414, 417 or 431 in the same form.

**Requests** may bring an `X-Request-ID` of their own; the answer has it or one we made. Pages of other \
sites may ask, without credentials. Large answers are gzipped where `Accept-Encoding` allows.

**Changes** are additions only: read what you know, and pass over what you don't.
"""


def make_document(app: Flask) -> Json:
    """Return the document of an app, with its responses to the examples."""
    client = app.test_client()
    paths: Json = {}
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
        "components": {"schemas": all_schemas(), "headers": HEADERS},
    }


def _describe(client: FlaskClient, path: str, method: str, operation: Operation) -> Json:
    examples: dict[tuple[int, str], Json] = {}
    for name, example in operation.examples.items():
        status, media_type, answered = _ask(client, path, method, example)
        examples.setdefault((status, media_type), {})[name] = answered
    described: Json = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": parameters_of(operation),
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
                        if name in examples[200, media_type] and not example.query
                    },
                }
                for media_type, schema in operation.requests.items()
            },
        }
    described["responses"] = responses_of(operation, examples)
    return described


def _ask(client: FlaskClient, path: str, method: str, example: Example) -> tuple[int, str, Json]:
    """Send an example; return the response's status and media type, and the document's example object."""
    response = client.open(
        path,
        method=method,
        base_url="https://puppy.example",
        query_string=example.query,
        data=example.body or None,
        content_type=example.content_type if example.body else None,
        headers={"X-Request-ID": "an-id-of-yours"},
    )
    query = f"?{urlencode(example.query)}" if example.query else ""
    request = f"Asked: `{method} {path}{query}`"
    if example.body:
        body = example.body.replace("\r\n", "\n").rstrip("\n")
        request += f", with `Content-Type: {example.content_type}` and the body:\n\n```\n{body}\n```"
    else:
        request += "."
    value = response.get_json() if response.is_json else response.text
    answered = {"summary": example.summary, "description": request, "value": value}
    return response.status_code, response.mimetype or "", answered


def _value(example: Example) -> Any:
    return json.loads(example.body) if example.content_type == JSON else example.body


def encode(document: Json) -> bytes:
    """Return the content of the file."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    FILE.write_bytes(encode(make_document(create_app({"LOG_LEVEL": "error"}))))
    sys.stdout.write(f"Wrote {FILE.name}.\n")
