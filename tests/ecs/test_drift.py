"""What was changed by hand in the stack, of what CloudFormation's drift detection answers."""

from typing import Any

import pytest

from ecs.errors import DeployError
from ecs.foundation import drift
from tests.ecs.stack_calls import NAME, NOW, Step, call, cloudformation

BEGUN = call("detect_stack_drift", {"StackDriftDetectionId": "one"}, StackName=NAME)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "POLL_SECONDS", 0)


def status(status: str, **more: str) -> Step:
    answer = {
        "StackId": NAME,
        "StackDriftDetectionId": "one",
        "DetectionStatus": status,
        "Timestamp": NOW,
        **more,
    }
    return call("describe_stack_drift_detection_status", answer, StackDriftDetectionId="one")


def drifts(*found: dict[str, Any]) -> Step:
    listed = [
        {"StackId": NAME, "ResourceType": "AWS::Logs::LogGroup", "Timestamp": NOW, **item} for item in found
    ]
    return call("describe_stack_resource_drifts", {"StackResourceDrifts": listed})


def found(*steps: Step) -> list[str]:
    with cloudformation(*steps) as client:
        return [str(item) for item in drift.find_drift(client, NAME)[0]]


def test_each_property_is_shown_from_the_stack_s_value_to_the_actual_one() -> None:
    changed = {
        "PropertyPath": "/RetentionInDays",
        "ExpectedValue": "30",
        "ActualValue": "7",
        "DifferenceType": "NOT_EQUAL",
    }
    modified = {
        "LogicalResourceId": "LogGroup",
        "StackResourceDriftStatus": "MODIFIED",
        "PropertyDifferences": [changed],
    }
    deleted = {"LogicalResourceId": "EventsLogGroup", "StackResourceDriftStatus": "DELETED"}
    assert found(
        BEGUN, status("DETECTION_IN_PROGRESS"), status("DETECTION_COMPLETE"), drifts(modified, deleted)
    ) == [
        "~ LogGroup (AWS::Logs::LogGroup)\n      ~ RetentionInDays: 30 → 7",
        "- EventsLogGroup (AWS::Logs::LogGroup)",
    ]


def test_what_ecs_shifts_in_a_blue_green_release_is_no_drift() -> None:
    def rule(name: str, path: str) -> dict[str, Any]:
        differs = {
            "PropertyPath": path,
            "ExpectedValue": "1",
            "ActualValue": "0",
            "DifferenceType": "NOT_EQUAL",
        }
        return {
            "LogicalResourceId": name,
            "ResourceType": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [differs],
        }

    shifted = rule("ProductionRule", "/Actions/0/ForwardConfig/TargetGroups/0/Weight")
    moved = rule("TestRule", "/Priority")
    assert found(BEGUN, status("DETECTION_COMPLETE"), drifts(shifted, moved)) == [
        "~ TestRule (AWS::ElasticLoadBalancingV2::ListenerRule)\n      ~ Priority: 1 → 0"
    ]


def test_without_drift_nothing_is_found() -> None:
    assert found(BEGUN, status("DETECTION_COMPLETE"), drifts()) == []


def test_what_could_be_compared_is_shown_with_why_the_rest_could_not() -> None:
    why = "Failed to detect drift on resource [Vpc]."
    deleted = {"LogicalResourceId": "EventsLogGroup", "StackResourceDriftStatus": "DELETED"}
    failed = status("DETECTION_FAILED", DetectionStatusReason=why)
    with cloudformation(BEGUN, failed, drifts(deleted)) as client:
        [change], left_out = drift.find_drift(client, NAME)
    assert (change.logical_id, left_out) == ("EventsLogGroup", why)


def test_it_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "WAIT_SECONDS", 0)
    with pytest.raises(DeployError, match="and goes on"):
        found(BEGUN, status("DETECTION_IN_PROGRESS"))
