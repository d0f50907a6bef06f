"""The JSON Schemas and parameters of the OpenAPI document, made from the API's types."""

from collections.abc import Mapping
from typing import Any

import msgspec

from model.predictor import Predictor
from model.problem.rows import example_row
from webapp.api.batch import OPTIONS
from webapp.api.model_schemas import ClassesResponse, ModelResponse
from webapp.api.operations import Operation
from webapp.api.reading import EXPLAIN
from webapp.api.schemas import types_of
from webapp.http.problem_details import ProblemDetails

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an answer that you have.",
    "schema": {"type": "string"},
}


def schema_of(schema: str | Mapping[str, Any]) -> Json:
    """Return a reference to the schema of a type, given by its name; a JSON Schema is returned as it is."""
    return {"$ref": _REFERENCE.format(name=schema)} if isinstance(schema, str) else dict(schema)


def all_schemas(predictor: Predictor) -> Json:
    """Return the schemas of all types of the API by name."""
    types = types_of(predictor)
    ours = (types.request, types.response, types.batch_request, types.batch_response)
    others = (ModelResponse, ClassesResponse, ProblemDetails)
    _, schemas = msgspec.json.schema_components([*ours, *others], ref_template=_REFERENCE)
    return {name: _tidy(schema) for name, schema in sorted(schemas.items())}


def _tidy(schema: Json) -> Json:
    """Leave out the title of a type, and write its properties as generators of clients read them best.

    They have no `default`: openapi-typescript takes a property with one for required.
    """
    del schema["title"]
    schema["properties"] = {
        name: {key: value for key, value in _merged(prop).items() if key != "default"}
        for name, prop in schema["properties"].items()
    }
    return schema


def _merged(prop: Json) -> Json:
    """Write one schema in place of a choice between a value and null."""
    options = [_merged(option) for option in prop.get("anyOf", ())]
    kinds = [option.get("type") for option in options]
    if not options or None in kinds:  # without a choice, or with one of a type that has a name
        return {"type": "string"} | prop if "enum" in prop else prop
    merged: Json = {}
    for option in options:
        merged |= option
    merged["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "null" in kinds and "enum" in merged:
        merged["enum"] = [*merged["enum"], None]
    return merged | {key: value for key, value in prop.items() if key != "anyOf"}


def parameters_of(operation: Operation, predictor: Predictor) -> list[Json]:
    """Return the parameters of an operation: the members of its query's type, and its options."""
    parameters: list[Json] = []
    if operation.query:
        query, typical = all_schemas(predictor)[operation.query], example_row(predictor.problem)
        for name, schema in query["properties"].items():
            description = schema.pop("description", "")
            parameter = {"name": name, "in": "query", "description": description, "schema": schema}
            if name in query.get("required", ()):
                parameter["required"] = True
            if name in typical:
                parameter["example"] = typical[name]
            parameters.append(parameter)
    for name, description in operation.options.items():
        values = {**EXPLAIN, **OPTIONS}[name]
        schema = {"enum": list(values), "type": "string", "default": values[0]}
        if values == ("false", "true"):
            schema = {"type": "boolean", "default": False}
        parameters.append({"name": name, "in": "query", "description": description, "schema": schema})
    if operation.cached:
        parameters.append(_IF_NONE_MATCH)
    return parameters
