"""What the API's document says of each route, beyond what its types say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from webapp.api.model_schemas import BreedsResponse, ModelResponse
from webapp.api.schemas import (
    BatchOptions,
    BatchRequest,
    BatchResponse,
    PredictRequest,
    PredictResponse,
)
from webapp.http.negotiation import CSV, JSON

Form = type[msgspec.Struct] | Mapping[str, object]
"""A type of ours, or a JSON Schema for what is none."""

_CSV_BODY = 'home_size,unit\r\n900,sqft\r\n"4,000",sqft\r\n100,m2\r\n'

CSV_HOMES: Form = {
    "type": "string",
    "title": "Homes in CSV",
    "description": (
        "UTF-8, with or without a byte order mark; lines end in CRLF or LF. The header is `home_size` or "
        "`home_size,unit`, in any order; an empty unit is sq ft. Thousands may be set off by commas where "
        'the cell is in quotes: `"1,200"`. A line takes at most 2,000 characters. A blank line is a home '
        "whose size is missing, so that each answer stands in the row of its home; before the header and at "
        "the end of the file blank lines are no homes."
    ),
    "examples": [_CSV_BODY],
}
CSV_RESULTS: Form = {
    "type": "string",
    "title": "Answers in CSV",
    "description": (
        "The columns `breed`, `probability` and `outside_training_range`, a line for each home, in their "
        "order; with `errors=report` also the column `error`: empty for a home that was answered, a sentence "
        "for each that is in the JSON answer's `errors`, and `?` for any others."
    ),
}
DOCUMENT: Form = {"type": "object", "description": "An OpenAPI 3.1 document."}
PAGE: Form = {"type": "string", "description": "A page in HTML."}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A request that shows something; its real answer is put beside it in the document."""

    summary: str
    query: Mapping[str, str] = field(default_factory=dict)
    sends: str = ""
    body: str = ""
    accept: str = JSON


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A route, for people: `problems` are those beyond the ones that every route can answer."""

    tag: str
    summary: str
    description: str
    answers: Mapping[str, Form]
    query: type[msgspec.Struct] | None = None
    takes: Mapping[str, Form] = field(default_factory=dict)
    examples: Mapping[str, Example] = field(default_factory=dict)
    problems: Sequence[str] = ()
    cached: bool = False


_OF_A_HOME = ("invalid-home-size", "invalid-unit", "invalid-request")
_OF_A_BODY = ("content-too-large", "unsupported-media-type")
_CSV_WITH_A_BAD_ROW = "home_size,unit\r\n900,sqft\r\nhuge,sqft\r\n"

OPERATIONS = {
    "api.predict": Operation(
        tag="Predictions",
        summary="Recommend a puppy for a home",
        description=(
            "Says which breed suits a home of this size, how sure the model is, and whether it has seen "
            "homes like it. The body is at most 16 KB."
        ),
        takes={JSON: PredictRequest},
        answers={JSON: PredictResponse},
        examples={
            "a small home": Example(summary="1,200 sq ft", sends=JSON, body='{"home_size": 1200}'),
            "in square metres": Example(
                summary="370.5 m²", sends=JSON, body='{"home_size": 370.5, "unit": "m2"}'
            ),
            "too small": Example(summary="A home of 5 sq ft", sends=JSON, body='{"home_size": 5}'),
            "not JSON": Example(summary="A body cut off", sends=JSON, body='{"home_size": 12'),
        },
        problems=("malformed-json", *_OF_A_BODY, *_OF_A_HOME),
    ),
    "api.predict_by_query": Operation(
        tag="Predictions",
        summary="Recommend a puppy for a home, by an address",
        description=(
            "Answers as the `POST` does. The answer may be kept for a minute; after that `If-None-Match` "
            "asks whether it still holds."
        ),
        query=PredictRequest,
        answers={JSON: PredictResponse},
        examples={
            "a small home": Example(summary="1,200 sq ft", query={"home_size": "1200", "unit": "sqft"}),
            "too small": Example(summary="A home of 5 sq ft", query={"home_size": "5", "unit": "sqft"}),
        },
        problems=_OF_A_HOME,
        cached=True,
    ),
    "batch.predict_batch": Operation(
        tag="Predictions",
        summary="Recommend a puppy for each of many homes",
        description=(
            "Takes up to 20,000 homes, 2,000 bytes each and 2 MB in all, in JSON or in CSV, and answers them "
            "in their order, in the form that `Accept` would rather have (else in the one that was sent). A "
            "home that can't be answered refuses the whole batch and is named; with `errors=report` the "
            "others are answered and it is listed. Only a few batches are worked on at once: a 503 says when "
            "to try again."
        ),
        query=BatchOptions,
        takes={JSON: BatchRequest, CSV: CSV_HOMES},
        answers={JSON: BatchResponse, CSV: CSV_RESULTS},
        examples={
            "in JSON": Example(
                summary="Two homes",
                sends=JSON,
                body='{"homes": [{"home_size": 900}, {"home_size": 370.5, "unit": "m2"}]}',
            ),
            "one bad home": Example(
                summary="One of them bad, and reported",
                query={"errors": "report"},
                sends=JSON,
                body='{"homes": [{"home_size": 900}, {"home_size": 5}]}',
            ),
            "refused": Example(
                summary="One of them bad, and the whole refused",
                sends=JSON,
                body='{"homes": [{"home_size": 900}, {"home_size": 5}, {"home_size": 1500}]}',
            ),
            "in CSV": Example(summary="Three homes", sends=CSV, accept=CSV, body=_CSV_BODY),
            "one bad row": Example(
                summary="One of them bad, and reported",
                query={"errors": "report"},
                sends=CSV,
                accept=CSV,
                body=_CSV_WITH_A_BAD_ROW,
            ),
        },
        problems=(
            "malformed-json",
            "malformed-csv",
            *_OF_A_BODY,
            "invalid-request",
            "invalid-homes",
            "too-many-homes",
        ),
    ),
    "api.model": Operation(
        tag="The model",
        summary="Say what the model knows, and how good it is",
        description="From the manifest that training wrote: where the answer changes, and the measures.",
        answers={JSON: ModelResponse},
        examples={"the model": Example(summary="The model we ship, of simulated homes")},
        cached=True,
    ),
    "api.breeds": Operation(
        tag="The model",
        summary="List the breeds that the model can answer",
        description="With name, picture, size and needs of each, and who says so.",
        answers={JSON: BreedsResponse},
        examples={"the breeds": Example(summary="The breeds of the model we ship")},
        cached=True,
    ),
    "docs.document": Operation(
        tag="This document",
        summary="Give this document",
        description="OpenAPI 3.1, for tools.",
        answers={JSON: DOCUMENT},
        cached=True,
    ),
    "docs.page": Operation(
        tag="This document",
        summary="Show this document",
        description="For people: read it, and try each route out.",
        answers={"text/html": PAGE},
        cached=True,
    ),
}
