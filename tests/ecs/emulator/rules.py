"""Listener rules that forward by weight, of which ECS shifts the weights in a blue/green deployment."""

from typing import Any

from ministack.services import alb
from ministack.services.cloudformation import provisioners

_original_actions = provisioners._elbv2_listener_actions
_original_xml = alb._action_xml
_original_describe = alb._describe_rules


def install() -> None:
    provisioners._elbv2_listener_actions = listener_actions
    alb._action_xml = action_xml
    alb._ACTION_MAP["DescribeRules"] = describe_rules


def listener_actions(properties: dict[str, Any], *given: Any, prop: str = "DefaultActions") -> Any:
    """Keep the weights of a forward action, and forward to the heaviest group: here the others have 0."""
    actions = _original_actions(properties, *given, prop=prop)
    for action, asked in zip(actions, properties.get(prop) or [], strict=True):
        if groups := (asked.get("ForwardConfig") or {}).get("TargetGroups"):
            action.update(_forward({group["TargetGroupArn"]: int(group["Weight"]) for group in groups}))
    return actions


def _forward(weights: dict[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    heaviest = max(weights, key=lambda arn: weights[arn])
    return {"TargetGroupArn": heaviest, "ForwardConfig": {"TargetGroups": groups}}


def action_xml(action: dict[str, Any]) -> str:
    """Describe a forward action as AWS does, with its groups and their weights."""
    told = str(_original_xml(action)).removesuffix("</member>")
    groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
    members = "".join(
        f"<member><TargetGroupArn>{group['TargetGroupArn']}</TargetGroupArn>"
        f"<Weight>{group['Weight']}</Weight></member>"
        for group in groups
    )
    weights = f"<ForwardConfig><TargetGroups>{members}</TargetGroups></ForwardConfig>" if groups else ""
    return f"{told}{weights}</member>"


def describe_rules(parameters: dict[str, Any]) -> Any:
    """Answer DescribeRules; a rule asked for by its ARN must exist."""
    missing = [arn for arn in alb._parse_member_list(parameters, "RuleArns") if arn not in alb._rules]
    if missing:
        return alb._error("RuleNotFound", f"One or more rules not found: {', '.join(missing)}")
    return _original_describe(parameters)


def exists(arn: str) -> bool:
    """Return whether there is such a rule."""
    return arn in alb._rules


def live(arn: str) -> str:
    """Return the target group that a rule forwards to."""
    return str(alb._rules[arn]["Actions"][0]["TargetGroupArn"])


def shift(arn: str, to: str, other: str) -> None:
    """Give one target group the whole weight of a rule."""
    alb._rules[arn]["Actions"] = [{"Type": "forward", "Order": 1} | _forward({to: 100, other: 0})]
