"""Each route of the API as its OpenAPI document describes it, for a problem."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from model.problem.description import Problem
from model.problem.features import Choice, Number
from model.problem.rows import as_text, example_rows
from webapp.api import batch, csv_results
from webapp.api.csv_rows import as_csv
from webapp.api.model_schemas import ClassesResponse, ModelResponse
from webapp.api.reading import EXPLAIN
from webapp.api.schemas import MAX_ROW_BYTES, types_of
from webapp.http.admission import BODY_LIMIT
from webapp.http.negotiation import CSV, JSON
from webapp.http.problem_kinds import MAX_ROWS, rows_slug, slug_of, too_many_slug
from webapp.http.state import State

Schema = type[msgspec.Struct] | Mapping[str, object]
"""A type of the API, or a JSON Schema for a body that no type describes, such as CSV."""

TAGS = {
    "predictions": "Ask for one answer, or for many.",
    "model": "What the model knows, and how good it is.",
    "documentation": "This document, for tools and for people.",
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
        name: the name of the function in a generated client.
        query: the type of the query string.
        options: further parameters of the query: their values, the default first, and what they do.
        example: examples of the query's parameters.
        requests: the schema of the request's body by media type.
        responses: the schema of the body of a 200 by media type.
        examples: requests by their names in the document.
        problems: the slugs of the problems that it answers, besides those that every route can answer.
        cached: whether a client may keep the response, and ask with `If-None-Match` if it is still current.
    """

    name: str
    tag: str
    summary: str
    description: str
    query: type[msgspec.Struct] | None = None
    options: Mapping[str, tuple[Sequence[str], str]] = field(default_factory=dict)
    example: Mapping[str, object] = field(default_factory=dict)
    requests: Mapping[str, Schema] = field(default_factory=dict)
    responses: Mapping[str, Schema]
    examples: Mapping[str, Example] = field(default_factory=dict)
    problems: Sequence[str] = ()
    cached: bool = False


def operations_of(state: State) -> dict[str, Operation]:
    """Return the operations by the endpoints of their routes."""
    problem, types = state.problem, types_of(state.predictor)
    row, rows, member = problem.row.name, problem.row.plural, problem.rows_member
    answer, classes = problem.answer.name, problem.target.plural
    good, *others = example_rows(problem)
    bad = good | _bad_value(problem)
    explain = {"explain": (EXPLAIN["explain"], "Whether the answer shall have `reasons`.")}
    about_errors = (
        f"What a {row} that can't be answered does: `fail` refuses the whole batch, `report` answers the "
        "others and lists it."
    )
    wrong_values = dict.fromkeys([*problem.features_by_name, *problem.unit_members.values()])
    row_problems = [*map(slug_of, wrong_values), "invalid-request"]
    body_problems = ["malformed-json", "content-too-large", "unsupported-media-type"]
    csv_body = as_csv(problem, good, good)
    report = {"errors": "report"}
    other_unit = {"in another unit": Example("In another unit", json.dumps(others[0]))} if others else {}
    return {
        "api.predict": Operation(
            name="predict",
            tag="predictions",
            summary=f"Find the {answer} for a {row}",
            description=(
                f"Says which {problem.target.name} suits, how sure the model is, and whether it has seen "
                f"{rows} like it. The body is at most {BODY_LIMIT // 1024} KB."
            ),
            options=explain,
            requests={JSON: types.request},
            responses={JSON: types.response},
            examples={
                "typical": Example(f"A typical {row}", json.dumps(good)),
                **other_unit,
                "explained": Example("With reasons", json.dumps(good), query={"explain": "true"}),
                "invalid": Example("A value that is not taken", json.dumps(bad)),
                "not JSON": Example("A body cut off", json.dumps(good)[:-2]),
            },
            problems=(*body_problems, *row_problems),
        ),
        "api.predict_by_query": Operation(
            name="predict_by_query",
            tag="predictions",
            summary=f"Find the {answer} for a {row}, by an address",
            description=(
                "Answers as the `POST` does. The answer may be kept for a minute; after that `If-None-Match` "
                "asks whether it still holds."
            ),
            query=types.request,
            options=explain,
            example=good,
            responses={JSON: types.response},
            examples={
                "typical": Example(f"A typical {row}", query=_texts(good)),
                "invalid": Example("A value that is not taken", query=_texts(bad)),
            },
            problems=row_problems,
            cached=True,
        ),
        "batch.predict_batch": Operation(
            name="predict_batch",
            tag="predictions",
            summary=f"Find the {answer} for each of many {rows}",
            description=(
                f"Takes up to {MAX_ROWS:,} {rows}, {MAX_ROW_BYTES:,} bytes each and "
                f"{batch.BODY_LIMIT // 1024**2} MB in all, in JSON or CSV, and answers them in their order, "
                "in the form that `Accept` would rather have, else in the one that was sent. A "
                f"{row} that can't be answered refuses the whole batch and is named; with `errors=report` "
                "the others are answered and it is listed. Only a few batches are worked on at once: a 503 "
                "says when to try again."
            ),
            options={"errors": (batch.OPTIONS["errors"], about_errors)},
            requests={JSON: types.batch_request, CSV: _csv_rows(problem, csv_body)},
            responses={JSON: types.batch_response, CSV: _csv_results(problem)},
            examples={
                "in JSON": Example(f"Two {rows}", json.dumps({member: [good, good]})),
                "reported": Example(
                    "One of them bad, and reported", json.dumps({member: [good, bad]}), query=report
                ),
                "refused": Example(
                    "One of them bad, and the whole refused", json.dumps({member: [good, bad]})
                ),
                "in CSV": Example(f"Two {rows}", csv_body, CSV),
                "reported in CSV": Example(
                    "One of them bad, and reported", as_csv(problem, good, bad), CSV, report
                ),
            },
            problems=(
                *(*body_problems, "malformed-csv", "invalid-request"),
                *(rows_slug(problem), too_many_slug(problem)),
            ),
        ),
        "api.model": Operation(
            name="get_model",
            tag="model",
            summary="Say what the model knows, and how good it is",
            description="From the manifest that training wrote: where the answer changes, and the measures.",
            responses={JSON: ModelResponse},
            examples={"the model": Example("The model that answers")},
            cached=True,
        ),
        "api.classes": Operation(
            name="list_classes",
            tag="model",
            summary=f"List the {classes} that the model can answer",
            description="With name, picture and facts of each, and who says so.",
            responses={JSON: ClassesResponse},
            examples={"the classes": Example(f"The {classes} of the model that answers")},
            cached=True,
        ),
        "docs.document": Operation(
            name="get_document",
            tag="documentation",
            summary="Give this document",
            description="OpenAPI 3.1, for tools.",
            responses={JSON: {"type": "object", "description": "An OpenAPI 3.1 document."}},
            cached=True,
        ),
        "docs.page": Operation(
            name="show_document",
            tag="documentation",
            summary="Show this document",
            description="For people: read it, and try each route out.",
            responses={"text/html": {"type": "string", "description": "A page in HTML."}},
            cached=True,
        ),
    }


def _bad_value(problem: Problem) -> dict[str, Any]:
    """Return a member with a value that its feature does not take."""
    match problem.features[0]:
        case Number() as number:
            return {number.name: number.max * 10 if number.max > 0 else number.max + 1}
        case feature:
            return {feature.name: "no such choice" if isinstance(feature, Choice) else "perhaps"}


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in row.items()}


def _csv_rows(problem: Problem, example: str) -> Schema:
    row, target = problem.row, problem.target.name
    units = list(problem.unit_members.values())
    empty_unit = f" An empty `{units[0]}` is the first unit." if units else ""
    return {
        "type": "string",
        "title": f"{row.plural.capitalize()} in CSV",
        "description": (
            "UTF-8, with or without a byte order mark; lines end in CRLF or LF; cells are separated by "
            f"commas, semicolons or tabs. The header has the columns `{as_csv(problem).rstrip()}`, in any "
            "order, in upper or lower case, also as `NAME_UNIT`; those that may be blank may be left out."
            f"{empty_unit} A file that trains can be sent: the column `{target}` is passed over, and so is "
            f"any other, which is named in `ignored_columns`, or in the header `{batch.IGNORED_HEADER}`. "
            'Thousands may be set off by commas where the cell is in quotes, as in `"1,200"`, but not where '
            f"semicolons separate the cells. A line takes at most {MAX_ROW_BYTES:,} characters. A blank line "
            f"is a {row.name} whose values are missing, so that each answer stands in the row of its "
            f"{row.name}; before the header and at the end of the file blank lines are none."
        ),
        "examples": [example],
    }


def _csv_results(problem: Problem) -> Schema:
    row = problem.row.name
    return {
        "type": "string",
        "title": "Answers in CSV",
        "description": (
            f"The columns `{problem.target.name}`, `probability` and `outside_training_range`, a line for "
            f"each {row}, in order; with `errors=report` also the column `error`: empty for a {row} that was "
            "answered, a sentence for each that is in the JSON answer's `errors`, and "
            f"`{csv_results.UNREPORTED}` for any others."
        ),
    }
