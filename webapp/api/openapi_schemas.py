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
    """Leave out the title of a type, and write `number` where a property is an integer or a number."""
    del schema["title"]
    for name, prop in schema["properties"].items():
        if prop.get("anyOf") == [{"type": "integer"}, {"type": "number"}]:
            del prop["anyOf"]
            schema["properties"][name] = {"type": "number"} | prop
    return schema


def parameters_of(operation: Operation) -> list[Json]:
    """Return the parameters of an operation: the members of its query's type, and its options."""
    parameters: list[Json] = []
    if operation.query:
        [_], schemas = msgspec.json.schema_components([operation.query], ref_template=_REFERENCE)
        query = _tidy(schemas[operation.query.__name__])
        for name, schema in query["properties"].items():
            description = schema.pop("description", "")
            schema.pop("default", None) if schema.get("default", "") is None else None
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
            "schema": {"enum": list(values), "type": "string", "default": values[0]},
        }
        for name, (values, description) in operation.options.items()
    ]
    if operation.cached:
        parameters.append(_IF_NONE_MATCH)
    return parameters
