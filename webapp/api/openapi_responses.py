"""The answers of a route, for the API's document: those it gave to the examples, and all its problems."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from webapp.api.openapi_schemas import Json, schema_of
from webapp.api.operations import Example, Operation
from webapp.http.problem_details import ProblemDetails
from webapp.http.problem_kinds import KINDS, Kind

PROBLEM = "application/problem+json"

_BY_EVERY_ROUTE = ("bad-request", "request-timeout", "internal-error", "unavailable")
_HEADERS: Mapping[str, tuple[str, Json]] = {
    "X-Request-ID": ("The request's own, if it was sane, or one we made.", {"type": "string"}),
    "X-Model-Version": ("The model that answered.", {"type": "string"}),
    "ETag": ("Send it as `If-None-Match` to ask whether the answer still holds.", {"type": "string"}),
    "Cache-Control": ("How long the answer may be kept.", {"type": "string"}),
    "Retry-After": ("Try again after so many seconds.", {"type": "integer"}),
    "Allow": ("The methods that can be used.", {"type": "string"}),
}


@dataclass(frozen=True)
class Answered:
    """An example, how it is asked, and what the app really answered it."""

    name: str
    example: Example
    asked: str
    status: str
    media_type: str
    said: Any


def all_headers() -> Json:
    """Describe the headers that answers have, by name."""
    return {
        name: {"description": description, "schema": schema}
        for name, (description, schema) in _HEADERS.items()
    }


def responses_of(operation: Operation, answered: Sequence[Answered]) -> dict[str, Json]:
    """Describe each status that a route can answer, with its examples."""
    headers = ["X-Request-ID"]
    if operation.tag != "This document":
        headers.append("X-Model-Version")
    if operation.cached:
        headers += ["ETag", "Cache-Control"]
    responses: dict[str, Json] = {
        "200": {
            "description": "The answer.",
            "headers": _headers(headers),
            "content": {
                media: {"schema": schema_of(form)} | _examples(answered, "200", media)
                for media, form in operation.answers.items()
            },
        }
    }
    if operation.cached:
        responses["304"] = {
            "description": "The answer that you have still holds.",
            "headers": _headers(headers),
        }
    kinds: dict[int, list[Kind]] = {}
    for kind in (KINDS[slug] for slug in (*operation.problems, *_BY_EVERY_ROUTE)):
        for status in kind.meanings:
            kinds.setdefault(status, []).append(kind)
    for status, of_status in sorted(kinds.items()):
        names = ["X-Request-ID", "Retry-After"] if status == 503 else ["X-Request-ID"]
        responses[str(status)] = {
            "description": "\n\n".join(f"**{kind.title}**: {kind.meanings[status]}" for kind in of_status),
            "headers": _headers(names),
            "content": {
                PROBLEM: {"schema": schema_of(ProblemDetails)}
                | (_examples(answered, str(status), PROBLEM) or _made_up(of_status[0], status))
            },
        }
    return responses


def _examples(answered: Iterable[Answered], status: str, media: str) -> Json:
    examples = {
        each.name: {"summary": each.example.summary, "description": each.asked, "value": each.said}
        for each in answered
        if (each.status, each.media_type) == (status, media)
    }
    return {"examples": examples} if examples else {}


def _made_up(kind: Kind, status: int) -> Json:
    """Give an example of a problem that can't be had by asking."""
    details = ProblemDetails(
        type=f"https://puppy.example/problems#{kind.slug}",
        title=kind.title,
        status=status,
        detail=kind.meanings[status],
        request_id="an-id-of-yours",
    )
    return {"example": msgspec.to_builtins(details)}


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
