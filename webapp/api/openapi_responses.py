"""The responses of each route in the OpenAPI document: to its examples, and one for each problem status."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from webapp.api.openapi_schemas import Json, schema_of
from webapp.api.operations import Operation
from webapp.http.problem_details import ProblemDetails
from webapp.http.problem_kinds import Kind

PROBLEM = "application/problem+json"
ORIGIN = "https://example.com"
"""The server in the examples."""

HEADERS: Json = {
    name: {"description": description, "schema": {"type": kind}}
    for name, description, kind in (
        ("X-Request-ID", "The request's own, if it was sane, or one we made.", "string"),
        ("X-Model-Version", "The model that answered.", "string"),
        ("ETag", "Send it as `If-None-Match` to ask whether the answer still holds.", "string"),
        ("Cache-Control", "How long the answer may be kept.", "string"),
        ("Retry-After", "Try again after so many seconds.", "integer"),
    )
}
_COMMON_PROBLEMS = ("bad-request", "request-timeout", "internal-error", "unavailable")

Examples = Mapping[tuple[int, str], Json]
"""The examples of a route by the status and the media type of the app's response, then by name."""


def responses_of(operation: Operation, examples: Examples, all_kinds: Mapping[str, Kind]) -> dict[str, Json]:
    """Return the responses of a route by status, with its examples."""
    names = ["X-Request-ID", "X-Model-Version"]
    if operation.cached:
        names += ["ETag", "Cache-Control"]
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
    for kind in (all_kinds[slug] for slug in (*operation.problems, *_COMMON_PROBLEMS)):
        for status in kind.meanings:
            kinds.setdefault(status, []).append(kind)
    for status, with_status in sorted(kinds.items()):
        found = examples.get((status, PROBLEM))
        example = {"examples": found} if found else {"example": _example_problem(with_status[0], status)}
        responses[str(status)] = {
            "description": "\n\n".join(f"**{kind.title}**: {kind.meanings[status]}" for kind in with_status),
            "headers": _headers(["X-Request-ID", "Retry-After"] if status == 503 else ["X-Request-ID"]),
            "content": {PROBLEM: {"schema": schema_of(ProblemDetails)} | example},
        }
    return responses


def _example_problem(kind: Kind, status: int) -> Any:
    """Return the body that stands for a problem which none of the route's examples causes."""
    details = ProblemDetails(
        type=f"{ORIGIN}/problems#{kind.slug}",
        title=kind.title,
        status=status,
        detail=kind.meanings[status],
        request_id="an-id-of-yours",
    )
    return msgspec.to_builtins(details)


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
