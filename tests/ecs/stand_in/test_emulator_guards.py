"""Rollbacks on the stand-in by circuit breaker, alarms and health checks, as AWS documents them."""

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.ecs.stand_in.lab import FAILS, GUARDED, RUNS, Lab, Service, guarded, one_runs
from tests.load.clients import until


def test_three_failures_trip_the_breaker_and_roll_back(lab: Lab) -> None:
    service = lab.service(RUNS, **guarded())
    service.ends("SUCCESSFUL")
    before = service.told["taskDefinition"]
    service.update(FAILS)
    failing = service.primary["id"]
    service.ends("ROLLBACK_SUCCESSFUL")
    assert service.deployment["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert len([task for task in service.tasks("STOPPED") if task["taskDefinitionArn"] != before]) == 3
    assert [task["taskDefinitionArn"] for task in service.tasks()] == [before]
    said = [event["message"] for event in service.told["events"]]
    failed = f"(service {service.name}) (deployment {failing}) deployment failed: tasks failed to start."
    assert failed in said
    assert f"(service {service.name}) rolling back to deployment {service.primary['id']}." in said


def test_a_first_deployment_that_fails_is_stopped(lab: Lab) -> None:
    service = lab.service(FAILS, **guarded())
    service.ends("STOPPED")
    assert service.primary["rolloutState"] == "FAILED"
    assert "rollback" not in service.deployment


def test_a_rollback_that_fails_is_reported_as_failed(lab: Lab) -> None:
    """The revision before fails now too, because its port is taken."""
    script = one_runs()
    service = lab.service(script, **guarded())
    service.ends("SUCCESSFUL")
    lab.running.set(bake_seconds=60)
    service.update(RUNS, **guarded(lab.alarm("quiet", "OK")))
    assert until(lambda: len(service.tasks()) == 1 and service.primary["runningCount"] == 1), "it bakes"
    other = lab.service(script)
    other.ends("SUCCESSFUL")
    service.stop()
    service.ends("ROLLBACK_FAILED")


@pytest.mark.parametrize(
    ("settings", "reset"),
    [
        ({}, True),
        ({"resetOnHealthyTask": True}, True),
        ({"resetOnHealthyTask": False, "thresholdConfiguration": {"type": "COUNT", "value": 3}}, False),
    ],
    ids=["by default", "as set", "never"],
)
def test_a_healthy_task_resets_the_count_unless_configured_otherwise(
    lab: Lab, settings: dict[str, Any], reset: bool
) -> None:
    """One task runs, and the other fails again and again."""
    breaker = {"deploymentCircuitBreaker": GUARDED | settings}
    service = lab.service(one_runs(), desired=2, deploymentConfiguration=breaker)
    counts = [0]

    def failed() -> bool:
        told = service.deployment
        counts.append(told["deploymentCircuitBreaker"]["failureCount"])
        return bool(told["status"] == "STOPPED")

    assert until(failed, 40), counts
    assert counts[-1] == 3
    assert (counts != sorted(counts)) == reset, counts


@pytest.mark.parametrize(
    ("type_", "value", "threshold"),
    [("COUNT", 7, 7), ("BOUNDED_PERCENT", 50, 3), ("UNBOUNDED_PERCENT", 50, 1)],
)
def test_the_breakers_threshold_is_as_set(lab: Lab, type_: str, value: int, threshold: int) -> None:
    breaker = GUARDED | {"thresholdConfiguration": {"type": type_, "value": value}}
    service = lab.service(RUNS, desired=2, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    assert service.deployment["deploymentCircuitBreaker"]["threshold"] == threshold


def test_the_alarms_are_watched_until_the_bake_time_ends(lab: Lab) -> None:
    lab.running.set(bake_seconds=2)
    service = lab.service(RUNS, **guarded(lab.alarm("quiet", "OK")))
    assert until(lambda: service.primary["runningCount"] == 1)
    assert service.deployment["alarms"]["status"] == "MONITORING"
    started = time.monotonic()
    service.ends("SUCCESSFUL")
    assert time.monotonic() > started + 1
    assert service.deployment["alarms"]["status"] == "MONITORING_COMPLETE"


def test_the_bake_time_that_is_set_is_honoured(lab: Lab) -> None:
    lab.running.set(bake_seconds=60, minute_seconds=0.1)
    service = lab.service(RUNS, **guarded(lab.alarm("quiet", "OK"), bakeTimeInMinutes=2))
    service.ends("SUCCESSFUL")


def rings_in_the_bake_time(service: Service) -> None:
    assert until(lambda: len(service.tasks()) == 1 and service.primary["runningCount"] == 1), "it bakes"


def rings_at_once(_service: Service) -> None: ...


@pytest.mark.parametrize("when", [rings_at_once, rings_in_the_bake_time])
def test_an_alarm_rolls_the_deployment_back(lab: Lab, when: Callable[[Service], None]) -> None:
    lab.running.set(bake_seconds=60)
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    before = service.told["taskDefinition"]
    service.update(RUNS, **guarded(lab.alarm("loud", "OK")))
    when(service)
    lab.alarm("loud", "ALARM")
    service.ends("ROLLBACK_SUCCESSFUL")
    assert service.deployment["alarms"] == {
        "status": "TRIGGERED", "alarmNames": ["loud"], "triggeredAlarmNames": ["loud"]
    }  # fmt: skip
    assert "alarm detected" in service.deployment["rollback"]["reason"]
    assert [task["taskDefinitionArn"] for task in service.tasks()] == [before]


def test_an_alarm_that_rings_at_the_start_turns_all_alarms_off(lab: Lab) -> None:
    """No alarm rolls the deployment back then, not even the other one."""
    lab.running.set(bake_seconds=60)
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    service.update(RUNS, **guarded(lab.alarm("loud", "ALARM"), lab.alarm("quiet", "OK")))
    assert service.deployment["alarms"]["status"] == "DISABLED"
    lab.alarm("quiet", "ALARM")
    service.ends("SUCCESSFUL")
    assert service.deployment["alarms"]["triggeredAlarmNames"] == []


def test_a_task_that_is_never_healthy_is_stopped_and_says_why(lab: Lab, real: boto3.Session) -> None:
    group = real.client("elbv2").create_target_group(
        Name="lab", Protocol="HTTP", Port=8098, VpcId="vpc-1", TargetType="ip", HealthCheckPath="/none",
        UnhealthyThresholdCount=2, Matcher={"HttpCode": "200-299"},
    )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
    balancer = {"targetGroupArn": group, "containerName": "web", "containerPort": 8098}
    service = lab.service(one_runs(), loadBalancers=[balancer], healthCheckGracePeriodSeconds=0)

    def states() -> list[dict[str, Any]]:
        told = real.client("elbv2").describe_target_health(TargetGroupArn=group)
        return [dict(item["TargetHealth"]) for item in told["TargetHealthDescriptions"]]

    assert until(lambda: [item["State"] for item in states()] == ["initial"])
    mismatch = {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [404]",
    }
    assert until(lambda: mismatch in states())
    assert until(lambda: bool(service.tasks("STOPPED")), 40)
    task = service.tasks("STOPPED")[0]
    assert task["stopCode"] == "ServiceSchedulerInitiated"
    assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {group})"
    assert any(
        f"is unhealthy in (target-group {group}) due to (reason {mismatch['Description']})"
        in event["message"]
        for event in service.told["events"]
    )
