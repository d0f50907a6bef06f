"""CloudFormation: what ministack lacks of it.

Change sets that fail early validation, the values of properties in a change set, and types of resources.
"""

import json
import uuid
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, now_iso
from ministack.services import iam, waf
from ministack.services.cloudformation import _change_sets, changesets, handlers, provisioners

from tests.ecs.emulator.control import CONTROLS

REFUSED = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::{name}]. To troubleshoot Early "
    "Validation errors, use the DescribeEvents API for detailed failure information."
)
CHECKS = {"NAME_CONFLICT_VALIDATION": "ResourceExistenceCheck", "PROPERTY_VALIDATION": "PropertyValidation"}
"""How a change set's reason names the check that an event names otherwise."""


_original_diff = changesets._diff_resources
_original_resolve = changesets._resolve_props_for_diff


def install() -> None:
    changesets._diff_resources = diff_with_values
    changesets._resolve_props_for_diff = resolve_what_is_made
    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_change_set
    handlers._ACTION_HANDLERS["DescribeChangeSet"] = describe_change_set
    handlers._ACTION_HANDLERS["DescribeEvents"] = describe_events
    provisioners._RESOURCE_HANDLERS["AWS::WAFv2::WebACLAssociation"] = {
        "create": associate,
        "delete": lambda arn, _properties: waf._associations.pop(arn, None),
    }
    provisioners._RESOURCE_HANDLERS["AWS::Budgets::Budget"] = {
        "create": lambda _name, properties, _stack: (properties["Budget"]["BudgetName"], {}),
        "update": lambda name, _old, _properties, *_more: (name, {}),
        "delete": lambda _name, _properties: None,
    }
    provisioners._RESOURCE_HANDLERS["AWS::IAM::OIDCProvider"] = {
        "create": create_provider,
        "delete": lambda arn, _properties: iam._oidc_providers.pop(arn, None),
    }


def create_change_set(parameters: dict[str, Any]) -> Any:
    """Create a change set, or one that fails early validation if a test has asked for that."""
    answer = changesets._create_change_set(parameters)
    if answer[0] == 200 and CONTROLS.early_validation:
        refused, CONTROLS.early_validation = CONTROLS.early_validation, []
        name, stack = (handlers._p(parameters, key) for key in ("ChangeSetName", "StackName"))
        _refuse(changesets._find_change_set(name, stack)[1], refused)
    return answer


def resolve_what_is_made(template: dict[str, Any], params: dict[str, Any], *more: Any) -> dict[str, Any]:
    """Resolve a template for a comparison, without the resources whose conditions are false."""
    resolved: dict[str, Any] = _original_resolve(template, params, *more)
    if not resolved:
        return resolved
    holds = changesets._evaluate_conditions(template, params)
    made = {
        name: item for name, item in resolved["Resources"].items() if holds.get(item.get("Condition"), True)
    }
    return resolved | {"Resources": made}


def diff_with_values(old: dict[str, Any], new: dict[str, Any], *more: Any) -> list[dict[str, Any]]:
    """Compare two templates; the values of a property that differs are those of the whole property."""
    changes: list[dict[str, Any]] = _original_diff(old, new, *more)
    for change in (item["ResourceChange"] for item in changes):
        sides = [
            template.get("Resources", {}).get(change["LogicalResourceId"], {}).get("Properties") or {}
            for template in (old, new)
        ]
        for target in (detail["Target"] for detail in change.get("Details", [])):
            if name := target.get("Name"):
                values = [
                    side[name] if isinstance(side.get(name), str) else json.dumps(side.get(name))
                    for side in sides
                ]
                target |= {"Path": f"/Properties/{name}", "BeforeValue": values[0], "AfterValue": values[1]}
    return changes


def describe_change_set(parameters: dict[str, Any]) -> Any:
    """Answer DescribeChangeSet, with the values of properties if they are asked for."""
    answer = changesets._describe_change_set(parameters)
    if answer[0] != 200 or handlers._p(parameters, "IncludePropertyValues") != "true":
        return answer
    tree = ElementTree.fromstring(answer[2])
    space = tree.tag.partition("}")[0] + "}"
    ElementTree.register_namespace("", space.strip("{}"))
    found = changesets._find_change_set(
        *(handlers._p(parameters, key) for key in ("ChangeSetName", "StackName"))
    )
    details = [
        detail for change in found[1]["Changes"] for detail in change["ResourceChange"].get("Details", [])
    ]
    for element, detail in zip(tree.iter(f"{space}Target"), details, strict=True):
        for name in detail["Target"].keys() & {"Path", "BeforeValue", "AfterValue"}:
            ElementTree.SubElement(element, f"{space}{name}").text = detail["Target"][name]
    return answer[0], answer[1], ElementTree.tostring(tree)


def _refuse(change_set: dict[str, Any], refused: list[dict[str, str]]) -> None:
    operation = str(uuid.uuid4())
    check = CHECKS.get(refused[0].get("ValidationName", ""), "PropertyValidation")
    change_set |= {
        "Status": "FAILED",
        "ExecutionStatus": "UNAVAILABLE",
        "StatusReason": REFUSED.format(name=check),
        "_operation_events": [
            {
                "EventId": str(uuid.uuid4()),
                "StackId": change_set["StackId"],
                "OperationId": operation,
                "OperationType": "CREATE_CHANGESET",
                "EventType": "VALIDATION_ERROR",
                "Timestamp": now_iso(),
                "ValidationFailureMode": "FAIL",
                "ValidationStatus": "FAILED",
                **given,
            }
            for given in refused
        ],
    }


def describe_events(parameters: dict[str, Any]) -> Any:
    """Answer DescribeEvents, also for a change set, whose events ministack does not keep."""
    name = handlers._p(parameters, "ChangeSetName")
    operation = handlers._p(parameters, "OperationId")
    if not name and not operation:
        return handlers._describe_events(parameters)
    kept = _change_sets.values()
    if name:
        kept = [changesets._find_change_set(name, handlers._p(parameters, "StackName"))[1]]
        if kept == [None]:
            return handlers._error("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
    events = [event for change_set in kept for event in change_set.get("_operation_events", [])]
    found = [event for event in events if operation in {"", event["OperationId"]}]
    if operation and not found:
        return handlers._describe_events(parameters)
    members = "".join(f"<member>{_elements(event)}</member>" for event in found)
    result = f"<DescribeEventsResult><OperationEvents>{members}</OperationEvents></DescribeEventsResult>"
    return handlers._xml(200, "DescribeEventsResponse", result)


def _elements(event: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in event.items())


def create_provider(_name: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    """Create an OpenID Connect provider, of which an account can have one for each URL."""
    host = properties["Url"].removeprefix("https://")
    arn = f"arn:aws:iam::{get_account_id()}:oidc-provider/{host}"
    if arn in iam._oidc_providers:
        raise ValueError(f"Provider with url {properties['Url']} already exists.")
    iam._oidc_providers[arn] = {
        "Arn": arn,
        "Url": properties["Url"],
        "ClientIDList": properties.get("ClientIdList", []),
        "ThumbprintList": properties.get("ThumbprintList", []),
        "CreateDate": iam._now(),
        "Tags": properties.get("Tags", []),
    }
    return arn, {"Arn": arn}


def associate(_name: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    """Put a firewall before a load balancer."""
    waf._associate_web_acl(properties)
    return properties["ResourceArn"], {}
