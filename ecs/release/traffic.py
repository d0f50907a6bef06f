"""Which of the two target groups gets users' requests, as the listener rules of blue/green releases say."""

from contextlib import suppress
from typing import Any

from ecs.aws import Aws
from ecs.errors import UsageError
from ecs.foundation.changeset import ResourceChange
from ecs.foundation.stack_outputs import Foundation


def live_target_group(aws: Aws, foundation: Foundation) -> str:
    """Return the ARN of the target group that gets users' requests: the first, until ECS shifts them."""
    rule = _find(aws, foundation.production_rule_arn)
    groups = rule["Actions"][-1]["ForwardConfig"]["TargetGroups"] if rule else []
    heaviest = max(groups, key=lambda group: group.get("Weight", 0), default=None)
    return heaviest["TargetGroupArn"] if heaviest else foundation.target_group_arn


def other_target_group(foundation: Foundation, arn: str) -> str:
    """Return the ARN of the target group beside this one."""
    first, second = foundation.target_group_arn, foundation.second_target_group_arn
    return second if arn == first else first


def require_rules(aws: Aws, foundation: Foundation) -> None:
    """Raise `UsageError` if a rule that a blue/green release needs is not there."""
    for kind, arn in (("production", foundation.production_rule_arn), ("test", foundation.test_rule_arn)):
        if arn and not _find(aws, arn):  # a stack of an earlier version has none until `up` makes them
            raise UsageError(
                f"The {kind} rule of the listener is gone, which a blue/green release needs: {arn}.",
                hint='Somebody deleted it: release with strategy = "rolling", or make all anew with destroy '
                "and up.",
            )


def refuse_outage(aws: Aws, foundation: Foundation, changes: list[ResourceChange]) -> None:
    """Raise `UsageError` if a change of the stack would turn users' requests to a group without tasks.

    A production rule that is made anew, because HTTPS is turned on or off, begins with the first group.
    """
    rule = [item for item in changes if item.logical_id == "ProductionRule"]
    anew = any(item.replacement or item.may_replace for item in rule)
    if anew and live_target_group(aws, foundation) != foundation.target_group_arn:
        raise UsageError(
            "This makes the production rule anew, which begins with the first target group, and the tasks "
            "are in the second: users would get 503 until the next release.",
            hint="Make one more blue/green release of another commit without this change; then the first one "
            "serves, and this can be made.",
        )


def _find(aws: Aws, arn: str) -> dict[str, Any] | None:
    with suppress(aws.elbv2.exceptions.RuleNotFoundException):
        if arn.startswith("arn:"):
            return dict(aws.elbv2.describe_rules(RuleArns=[arn])["Rules"][0])
    return None
