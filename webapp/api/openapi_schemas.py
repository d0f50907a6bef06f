"""The JSON Schemas and parameters of the OpenAPI document, made from the API's types."""

from typing import Any

import msgspec

from webapp.api.operations import OPERATIONS, Operation, Schema
from webapp.home import LIMITS
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


def all_schemas() -> Json:
    """Return the schemas of all types of the API by name."""
    types = [
        schema
        for operation in OPERATIONS.values()
        for schema in (*operation.requests.values(), *operation.responses.values())
        if isinstance(schema, type)
    ]
    _, schemas = msgspec.json.schema_components([*types, ProblemDetails], ref_template=_REFERENCE)
    schemas = {name: _tidy(schema) for name, schema in sorted(schemas.items())}
    # The limits depend on the unit, which a type cannot express. Without a unit the size is in sq ft.
    schemas["PredictRequest"]["anyOf"] = [
        {
            "properties": {
                "home_size": {"type": "number", "minimum": smallest, "maximum": largest},
                "unit": {"const": unit},
            },
            "required": ["home_size"] if unit == "sqft" else ["home_size", "unit"],
        }
        for unit, (smallest, largest) in LIMITS.items()
    ]
    return schemas


def _tidy(schema: Json) -> Json:
    """Leave out the title of a type, and write `number` where a property is an integer or a number."""
    del schema["title"]
    for name, prop in schema["properties"].items():
        if prop.get("anyOf") == [{"type": "integer"}, {"type": "number"}]:
            del prop["anyOf"]
            schema["properties"][name] = {"type": "number"} | prop
    return schema


def parameters_of(operation: Operation) -> list[Json]:
    """Return the parameters of an operation, made from the schema of its query."""
    parameters: list[Json] = []
    if operation.query:
        [_], schemas = msgspec.json.schema_components([operation.query], ref_template=_REFERENCE)
        query = _tidy(schemas[operation.query.__name__])
        for name, schema in query["properties"].items():
            description = schema.pop("description")
            parameter = {"name": name, "in": "query", "description": description, "schema": schema}
            if name in query.get("required", ()):
                parameter["required"] = True
            if name == "home_size":
                schema |= {"minimum": LIMITS["m2"][0], "maximum": LIMITS["sqft"][1]}
                parameter["example"] = 1200
            parameters.append(parameter)
    if operation.cached:
        parameters.append(_IF_NONE_MATCH)
    return parameters
