"""Each route of the API as its OpenAPI document describes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from webapp.api import batch, csv_results
from webapp.api.model_schemas import BreedsResponse, ModelResponse
from webapp.api.schemas import (
    MAX_HOME_BYTES,
    BatchOptions,
    BatchRequest,
    BatchResponse,
    PredictRequest,
    PredictResponse,
)
from webapp.home import MAX_HOMES
from webapp.http.admission import BODY_LIMIT
from webapp.http.negotiation import CSV, JSON

Schema = type[msgspec.Struct] | Mapping[str, object]
"""A type of the API, or a JSON Schema for a body that no type describes, such as CSV."""

_CSV_BODY = 'home_size,unit\r\n900,sqft\r\n"4,000",sqft\r\n100,m2\r\n'

CSV_HOMES: Schema = {
    "type": "string",
    "title": "Homes in CSV",
    "description": (
        "UTF-8, with or without a byte order mark; lines end in CRLF or LF. The header is `home_size` or "
        "`home_size,unit`, in any order; an empty unit is sq ft. Thousands may be set off by commas where "
        f'the cell is in quotes: `"1,200"`. A line takes at most {MAX_HOME_BYTES:,} characters. A blank line '
        "is a home whose size is missing, so that each answer stands in the row of its home; before the "
        "header and at the end of the file blank lines are no homes."
    ),
    "examples": [_CSV_BODY],
}
CSV_RESULTS: Schema = {
    "type": "string",
    "title": "Answers in CSV",
    "description": (
        "The columns `breed`, `probability` and `outside_training_range`, a line for each home, in their "
        "order; with `errors=report` also the column `error`: empty for a home that was answered, a sentence "
        f"for each that is in the JSON answer's `errors`, and `{csv_results.UNREPORTED}` for any others."
    ),
}


@dataclass(frozen=True)
class Example:
    """A request that the document shows together with the app's own response."""

    summary: str
    body: str = ""
    content_type: str = JSON
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A route and its method.

    Attributes:
        query: the schema of the query string.
        requests: the schema of the request's body by media type.
        responses: the schema of the body of a 200 by media type.
        examples: requests by their names in the document.
        problems: the slugs of the problems that it answers, besides those that every route can answer.
        cached: whether a client may keep the response, and ask with `If-None-Match` if it is still current.
    """

    tag: str
    summary: str
    description: str
    query: type[msgspec.Struct] | None = None
    requests: Mapping[str, Schema] = field(default_factory=dict)
    responses: Mapping[str, Schema]
    examples: Mapping[str, Example] = field(default_factory=dict)
    problems: Sequence[str] = ()
    cached: bool = False


_HOME_PROBLEMS = ("invalid-home-size", "invalid-unit", "invalid-request")
_BODY_PROBLEMS = ("malformed-json", "content-too-large", "unsupported-media-type")

OPERATIONS = {
    "api.predict": Operation(
        tag="Predictions",
        summary="Recommend a puppy for a home",
        description=(
            "Says which breed suits a home of this size, how sure the model is, and whether it has seen "
            f"homes like it. The body is at most {BODY_LIMIT // 1024} KB."
        ),
        requests={JSON: PredictRequest},
        responses={JSON: PredictResponse},
        examples={
            "a small home": Example("1,200 sq ft", '{"home_size": 1200}'),
            "in square metres": Example("370.5 m²", '{"home_size": 370.5, "unit": "m2"}'),
            "too small": Example("A home of 5 sq ft", '{"home_size": 5}'),
            "not JSON": Example("A body cut off", '{"home_size": 12'),
        },
        problems=(*_BODY_PROBLEMS, *_HOME_PROBLEMS),
    ),
    "api.predict_by_query": Operation(
        tag="Predictions",
        summary="Recommend a puppy for a home, by an address",
        description=(
            "Answers as the `POST` does. The answer may be kept for a minute; after that `If-None-Match` "
            "asks whether it still holds."
        ),
        query=PredictRequest,
        responses={JSON: PredictResponse},
        examples={
            "a small home": Example("1,200 sq ft", query={"home_size": "1200", "unit": "sqft"}),
            "too small": Example("A home of 5 sq ft", query={"home_size": "5", "unit": "sqft"}),
        },
        problems=_HOME_PROBLEMS,
        cached=True,
    ),
    "batch.predict_batch": Operation(
        tag="Predictions",
        summary="Recommend a puppy for each of many homes",
        description=(
            f"Takes up to {MAX_HOMES:,} homes, {MAX_HOME_BYTES:,} bytes each and "
            f"{batch.BODY_LIMIT // 1024**2} MB in all, in JSON or in CSV, and answers them in their order, "
            "in the form that `Accept` would rather have (else in the one that was sent). A home that can't "
            "be answered refuses the whole batch and is named; with `errors=report` the others are answered "
            "and it is listed. Only a few batches are worked on at once: a 503 says when to try again."
        ),
        query=BatchOptions,
        requests={JSON: BatchRequest, CSV: CSV_HOMES},
        responses={JSON: BatchResponse, CSV: CSV_RESULTS},
        examples={
            "in JSON": Example(
                "Two homes", '{"homes": [{"home_size": 900}, {"home_size": 370.5, "unit": "m2"}]}'
            ),
            "one bad home": Example(
                "One of them bad, and reported",
                '{"homes": [{"home_size": 900}, {"home_size": 5}]}',
                query={"errors": "report"},
            ),
            "refused": Example(
                "One of them bad, and the whole refused",
                '{"homes": [{"home_size": 900}, {"home_size": 5}, {"home_size": 1500}]}',
            ),
            "in CSV": Example("Three homes", _CSV_BODY, CSV),
            "one bad row": Example(
                "One of them bad, and reported",
                "home_size,unit\r\n900,sqft\r\nhuge,sqft\r\n",
                CSV,
                {"errors": "report"},
            ),
        },
        problems=(*_BODY_PROBLEMS, "malformed-csv", "invalid-request", "invalid-homes", "too-many-homes"),
    ),
    "api.model": Operation(
        tag="The model",
        summary="Say what the model knows, and how good it is",
        description="From the manifest that training wrote: where the answer changes, and the measures.",
        responses={JSON: ModelResponse},
        examples={"the model": Example("The model we ship, of simulated homes")},
        cached=True,
    ),
    "api.breeds": Operation(
        tag="The model",
        summary="List the breeds that the model can answer",
        description="With name, picture, size and needs of each, and who says so.",
        responses={JSON: BreedsResponse},
        examples={"the breeds": Example("The breeds of the model we ship")},
        cached=True,
    ),
    "docs.document": Operation(
        tag="This document",
        summary="Give this document",
        description="OpenAPI 3.1, for tools.",
        responses={JSON: {"type": "object", "description": "An OpenAPI 3.1 document."}},
        cached=True,
    ),
    "docs.page": Operation(
        tag="This document",
        summary="Show this document",
        description="For people: read it, and try each route out.",
        responses={"text/html": {"type": "string", "description": "A page in HTML."}},
        cached=True,
    ),
}
