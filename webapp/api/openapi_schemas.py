"""The types of the API as the JSON Schemas of its document."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from model.home_size import Unit
from webapp.api.operations import OPERATIONS, Form, Operation
from webapp.home import limits
from webapp.http.problem_details import ProblemDetails

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_UNITS: Mapping[Unit, list[str]] = {"sqft": ["home_size"], "m2": ["home_size", "unit"]}


def schema_of(form: Form) -> Json:
    """Refer to a type's schema, or give that of what is none of our types."""
    return {"$ref": _REFERENCE.format(name=form.__name__)} if isinstance(form, type) else dict(form)


def all_schemas() -> Json:
    """Make the schemas of all types of the API, by name."""
    forms = [
        form
        for operation in OPERATIONS.values()
        for form in (*operation.takes.values(), *operation.answers.values())
        if isinstance(form, type)
    ]
    _, schemas = msgspec.json.schema_components([*forms, ProblemDetails], ref_template=_REFERENCE)
    tidy: Json = _tidy(dict(sorted(schemas.items())))
    # What a type can't say: the limits depend on the unit.
    tidy["PredictRequest"]["anyOf"] = [
        {
            "properties": {
                "home_size": {"type": "number", "minimum": limits(unit)[0], "maximum": limits(unit)[1]},
                "unit": {"const": unit},
            },
            "required": required,
        }
        for unit, required in _UNITS.items()
    ]
    return tidy


def _tidy(schema: Any) -> Any:
    """Say `number` for "an integer or a number", and leave out titles and Python's line ends."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("anyOf") == [{"type": "integer"}, {"type": "number"}]:
        schema = {"type": "number"} | {name: value for name, value in schema.items() if name != "anyOf"}
    if isinstance(schema.get("description"), str):
        schema |= {"description": re.sub(r"\s+", " ", schema["description"]).strip()}
    # A property may be called so too: then its value is a schema.
    return {
        name: _tidy(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str))
    }


def parameters_of(operation: Operation) -> list[Json]:
    """Make the parameters of an operation, from the type that reads its query."""
    found: list[Json] = []
    if operation.query:
        [_], schemas = msgspec.json.schema_components([operation.query], ref_template=_REFERENCE)
        form = _tidy(schemas[operation.query.__name__])
        for name, schema in form["properties"].items():
            description = schema.pop("description")
            parameter = {"name": name, "in": "query", "description": description, "schema": schema}
            if name in form.get("required", ()):
                parameter["required"] = True
            if name == "home_size":
                schema |= {"minimum": limits("m2")[0], "maximum": limits("sqft")[1]}
                parameter["example"] = 1200
            found.append(parameter)
    if operation.cached:
        found.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The `ETag` of an answer that you have.",
                "schema": {"type": "string"},
            }
        )
    return found
