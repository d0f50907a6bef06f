"""Watching one deployment, by its id, to its end."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from ecs import service as services
from ecs.aws import Aws
from ecs.errors import NotTakenBackError
from ecs.stack import Foundation

POLL_SECONDS = 2.0
STALE_SECONDS = 30.0
"""So long AWS may go on describing a service as it was before a call that changed it."""
TASKS_A_CALL = 100
ENDED_BY_ITSELF = "EssentialContainerExited"


class Outcome(Enum):
    """How a deployment ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    REPLACED = "replaced by another deployment"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Snapshot:
    """The service at one moment, as AWS describes it; newest events first."""

    service: dict[str, Any]
    tasks: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    alarms: list[dict[str, Any]]

    @property
    def running(self) -> list[dict[str, Any]]:
        """The tasks that are not stopped or stopping."""
        return [task for task in self.tasks if task.get("desiredStatus") != "STOPPED"]

    def stopped(self, task_definition: str) -> list[dict[str, Any]]:
        """The stopped tasks of one revision: those that ended by themselves first, then the newest."""
        found = [
            task
            for task in self.tasks
            if task.get("desiredStatus") == "STOPPED" and task["taskDefinitionArn"] == task_definition
        ]
        return sorted(
            found,
            key=lambda task: (task.get("stopCode") == ENDED_BY_ITSELF, str(task.get("createdAt", ""))),
            reverse=True,
        )

    def target_state(self, task: dict[str, Any]) -> str:
        """What the balancer thinks of a task; empty where it doesn't know it."""
        address = private_address(task)
        return next(
            (item["TargetHealth"]["State"] for item in self.targets if item["Target"]["Id"] == address), ""
        )


def private_address(task: dict[str, Any]) -> str:
    """Give a task's address in the network; empty as long as it has none."""
    details = [item for attachment in task.get("attachments", []) for item in attachment.get("details", [])]
    return next((item["value"] for item in details if item.get("name") == "privateIPv4Address"), "")


def observe(aws: Aws, foundation: Foundation) -> Snapshot | None:
    """Read all that there is to see of the service; None where there is no service."""
    service = services.find(aws, foundation)
    if service is None:
        return None
    statuses: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")
    arns = [
        arn
        for status in statuses
        for page in aws.ecs.get_paginator("list_tasks").paginate(
            cluster=foundation.cluster_name,
            serviceName=aws.settings.stack,
            desiredStatus=status,
        )
        for arn in page["taskArns"]
    ]
    tasks = [
        dict(task)
        for start in range(0, len(arns), TASKS_A_CALL)
        for task in aws.ecs.describe_tasks(
            cluster=foundation.cluster_name, tasks=arns[start : start + TASKS_A_CALL]
        )["tasks"]
    ]
    targets = aws.elbv2.describe_target_health(TargetGroupArn=foundation.target_group_arn)
    alarms = aws.cloudwatch.describe_alarms(
        AlarmNames=[
            foundation.unhealthy_hosts_alarm_name,
            foundation.server_errors_alarm_name,
            foundation.balancer_errors_alarm_name,
        ]
    )
    return Snapshot(
        service,
        tasks,
        [dict(item) for item in targets["TargetHealthDescriptions"]],
        [dict(item) for item in alarms["MetricAlarms"]],
    )


def judge(service: dict[str, Any], identifier: str, task_definition: str) -> Outcome | None:
    """Say how a deployment ended, or None while it is under way.

    A service can be "stable" on the release before; only this deployment, completed with this task
    definition, is a success.
    """
    mine = services.deployment(service, identifier)
    if mine is None:
        said = [event["message"] for event in service.get("events", [])]
        failed = any(identifier in message and "failed" in message for message in said)
        return Outcome.FAILED if failed else Outcome.REPLACED
    if mine["taskDefinition"] != task_definition:
        return Outcome.REPLACED
    state = mine.get("rolloutState")
    if state == "FAILED":
        return Outcome.FAILED
    if mine["status"] != "PRIMARY":
        taken_back = "roll" in services.primary(service).get("rolloutStateReason", "").lower()
        return Outcome.FAILED if taken_back else Outcome.REPLACED
    return Outcome.COMPLETED if state == "COMPLETED" else None


def follow(
    aws: Aws,
    foundation: Foundation,
    identifier: str,
    task_definition: str,
    on_snapshot: Callable[[Snapshot], None],
) -> tuple[Outcome, Snapshot]:
    """Watch a deployment until it has ended, or its time is up.

    Raises:
        NotTakenBackError: the service is gone.
    """
    begun, seen = time.monotonic(), False

    def ended(snapshot: Snapshot) -> Outcome | None:
        nonlocal seen
        outcome = judge(snapshot.service, identifier, task_definition)
        seen = seen or services.deployment(snapshot.service, identifier) is not None
        if outcome is Outcome.REPLACED and not seen and time.monotonic() < begun + STALE_SECONDS:
            return None
        others = any(task["taskDefinitionArn"] != task_definition for task in snapshot.running)
        # As long as a task of the release before still answers, the smoke test would ask that one too.
        return None if outcome is Outcome.COMPLETED and others else outcome

    return wait_for(aws, foundation, ended, on_snapshot)


def wait_for(
    aws: Aws,
    foundation: Foundation,
    ended: Callable[[Snapshot], Outcome | None],
    on_snapshot: Callable[[Snapshot], None],
) -> tuple[Outcome, Snapshot]:
    """Look at the service until `ended` has an outcome for it, or the time for a rollout is up.

    Raises:
        NotTakenBackError: the service is gone.
    """
    begun = time.monotonic()
    while True:
        snapshot = observe(aws, foundation)
        elapsed = time.monotonic() - begun
        if snapshot:
            on_snapshot(snapshot)
            if outcome := ended(snapshot):
                return outcome, snapshot
            if elapsed > aws.settings.deploy_minutes * 60:
                return Outcome.TIMED_OUT, snapshot
        elif elapsed > STALE_SECONDS:
            raise NotTakenBackError(
                f"The service {aws.settings.stack} is gone: somebody deleted it meanwhile.",
                cure="Run `python -m ecs up` again; it makes a new one.",
            )
        time.sleep(POLL_SECONDS)
