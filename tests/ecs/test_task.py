"""Equal task definitions are one revision, even if two runs register them at the same time."""

from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from ecs.aws import Aws
from ecs.release.candidate import Candidate
from ecs.release.pending_changes import placeholder_foundation
from ecs.release.task import register, task_definition

FAMILY = "perfect-puppy-prod"


def arn(number: int) -> str:
    return f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{FAMILY}:{number}"


@pytest.mark.parametrize(
    ("before", "taken"),
    [
        ({"status": "ACTIVE"}, 8),
        ({"status": "INACTIVE"}, 9),
        ({"status": "ACTIVE", "cpu": "4096"}, 9),
    ],
)
def test_two_runs_that_register_the_same_at_once_take_the_first(
    aws: Aws, candidate: Candidate, before: dict[str, Any], taken: int
) -> None:
    wanted = task_definition(aws, placeholder_foundation(), candidate)

    def told(number: int, **more: Any) -> dict[str, Any]:
        return {
            "taskDefinition": wanted | {"taskDefinitionArn": arn(number), "revision": number} | more,
            "tags": [],
        }

    with Stubber(aws.ecs) as ecs:
        ecs.add_response("register_task_definition", told(9), {**wanted, "tags": ANY})
        for number, answer in ((8, before), (7, {"status": "ACTIVE", "memory": "1024"})):
            asked = {"taskDefinition": f"{FAMILY}:{number}", "include": ["TAGS"]}
            ecs.add_response("describe_task_definition", told(number, **answer), asked)
        assert register(aws, wanted, candidate) == arn(taken)
