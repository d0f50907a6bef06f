"""The JSON Schemas and parameters of the OpenAPI document, made from the API's types."""

from collections.abc import Iterable
from typing import Any

import msgspec

from webapp.api.operations import Operation, Schema
from webapp.http.problem_details import ProblemDetails

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an answer that you have.",
    "schema": {"type": "string"},
}


def schema_of(schema: Schema) -> Json:
    """Return a reference to a type's schema; a JSON Schema is returned as it is."""
    return {"$ref": _REFERENCE.format(name=schema.__name__)} if isinstance(schema, type) else dict(schema)


def all_schemas(operations: Iterable[Operation]) -> Json:
    """Return the schemas of all types of the API by name."""
    types = [
        schema
        for operation in operations
        for schema in (*operation.requests.values(), *operation.responses.values())
        if isinstance(schema, type)
    ]
    _, schemas = msgspec.json.schema_components([*types, ProblemDetails], ref_template=_REFERENCE)
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


def parameters_of(operation: Operation) -> list[Json]:
    """Return the parameters of an operation: the members of its query's type, and its options."""
    parameters: list[Json] = []
    if operation.query:
        [_], schemas = msgspec.json.schema_components([operation.query], ref_template=_REFERENCE)
        query = _tidy(schemas[operation.query.__name__])
        for name, schema in query["properties"].items():
            description = schema.pop("description", "")
            parameter = {"name": name, "in": "query", "description": description, "schema": schema}
            if name in query.get("required", ()):
                parameter["required"] = True
            if name in operation.example:
                parameter["example"] = operation.example[name]
            parameters.append(parameter)
    parameters += [
        {
            "name": name,
            "in": "query",
            "description": description,
            "schema": {"type": "boolean", "default": False}
            if values == ("false", "true")
            else {"enum": list(values), "type": "string", "default": values[0]},
        }
        for name, (values, description) in operation.options.items()
    ]
    if operation.cached:
        parameters.append(_IF_NONE_MATCH)
    return parameters
