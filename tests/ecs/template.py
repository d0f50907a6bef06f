"""The template of the foundation, parsed, and helpers to read its resources."""

from typing import Any

from cfnlint.decode.cfn_yaml import load

from ecs.foundation.changeset import TEMPLATE

Resource = dict[str, Any]
template: dict[str, Any] = load(str(TEMPLATE))
resources: dict[str, Resource] = template["Resources"]
outputs: dict[str, Resource] = template["Outputs"]


def properties(name: str) -> dict[str, Any]:
    return dict(resources[name]["Properties"])


def attributes(name: str, key: str) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in properties(name)[key]}


def of_type(name: str) -> list[str]:
    return [key for key, resource in resources.items() if resource["Type"] == f"AWS::{name}"]


def statements(role_or_policy: dict[str, Any]) -> list[dict[str, Any]]:
    return list(role_or_policy["PolicyDocument"]["Statement"])


def actions(statement: dict[str, Any]) -> list[str]:
    given = statement["Action"]
    return [given] if isinstance(given, str) else list(given)
