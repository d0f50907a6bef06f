"""What was changed by hand in the stack: CloudFormation's drift detection."""

import time
from typing import TYPE_CHECKING

from ecs.errors import DeployError
from ecs.foundation.changeset import ResourceChange
from ecs.output import FieldChange

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackResourceDriftTypeDef

POLL_SECONDS = 2.0
WAIT_SECONDS = 180.0
"""How long to wait; CloudFormation asks for each resource in turn."""


def _is_shifted(drift: "StackResourceDriftTypeDef") -> bool:
    """Return whether a listener rule differs only in its action, of which ECS shifts the weights."""
    paths = [difference["PropertyPath"] for difference in drift.get("PropertyDifferences", [])]
    is_rule = drift["ResourceType"] == "AWS::ElasticLoadBalancingV2::ListenerRule"
    return is_rule and bool(paths) and all(path.startswith("/Actions") for path in paths)


def find_drift(cloudformation: "CloudFormationClient", name: str) -> tuple[list[ResourceChange], str]:
    """Return what differs from what the stack made; and why some could not be compared, or "".

    CloudFormation compares only properties that the template sets, of resource types for which it can. Raises
    `DeployError` if it has not compared them in time.
    """
    detection = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        answer = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if answer["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        if time.monotonic() > deadline:
            raise DeployError(f"CloudFormation has compared for {WAIT_SECONDS:.0f} s, and goes on.")
        time.sleep(POLL_SECONDS)
    # A page has up to 100, which is more than the stack has.
    found = cloudformation.describe_stack_resource_drifts(
        StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], MaxResults=100
    )["StackResourceDrifts"]
    changes = [
        ResourceChange(
            "Remove" if drift["StackResourceDriftStatus"] == "DELETED" else "Modify",
            drift["LogicalResourceId"],
            drift["ResourceType"],
            properties=tuple(
                FieldChange(item["PropertyPath"].strip("/"), item["ExpectedValue"], item["ActualValue"])
                for item in drift.get("PropertyDifferences", [])
            ),
        )
        for drift in found
        if not _is_shifted(drift)
    ]
    return changes, answer.get("DetectionStatusReason", "")
