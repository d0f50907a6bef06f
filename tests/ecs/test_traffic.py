"""Which target group gets users' requests, and a change of the stack that would take them from the tasks."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ecs.errors import UsageError
from ecs.foundation.changeset import ResourceChange
from ecs.release.pending_changes import placeholder_foundation
from ecs.release.traffic import refuse_outage

FIRST, SECOND = (f"arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/{name}/1" for name in ("a", "b"))
RULE = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/a/1/2/3"
FOUNDATION = placeholder_foundation().__class__(
    **vars(placeholder_foundation())
    | {"target_group_arn": FIRST, "second_target_group_arn": SECOND, "production_rule_arn": RULE}
)


def rule(replaced: bool) -> ResourceChange:
    kind = "AWS::ElasticLoadBalancingV2::ListenerRule"
    return ResourceChange("Modify", "ProductionRule", kind, may_replace=replaced)


@contextmanager
def serving(group: str) -> Iterator[Any]:
    """Yield AWS with a production rule that sends all requests to this target group."""
    client = boto3.client("elbv2", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    weights = [{"TargetGroupArn": arn, "Weight": 100 * (arn == group)} for arn in (FIRST, SECOND)]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}
    with Stubber(client) as stubber:
        stubber.add_response("describe_rules", {"Rules": [{"Actions": [action]}]}, {"RuleArns": [RULE]})
        yield SimpleNamespace(elbv2=client)


def test_a_new_production_rule_is_refused_while_the_second_group_serves() -> None:
    with (
        serving(SECOND) as aws,
        pytest.raises(UsageError, match="users would get 503 until the next release"),
    ):
        refuse_outage(aws, FOUNDATION, [rule(replaced=True)])


def test_it_is_made_while_the_first_group_serves() -> None:
    with serving(FIRST) as aws:
        refuse_outage(aws, FOUNDATION, [rule(replaced=True)])


@pytest.mark.parametrize("changes", [[], [rule(replaced=False)]])
def test_other_changes_are_made_while_the_second_group_serves(changes: list[ResourceChange]) -> None:
    with serving(SECOND) as aws:
        refuse_outage(aws, FOUNDATION, changes)
