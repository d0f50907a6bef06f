"""What there is to see of the service at one moment."""

from dataclasses import dataclass
from typing import Any, Literal

from ecs.aws import Aws
from ecs.failure.evidence import ENDED_BY_ITSELF, Evidence, last_lines
from ecs.foundation.outputs import Foundation
from ecs.release import service as services
from ecs.release.deployment import Deployment
from ecs.release.task import CONTAINER

TASKS_A_CALL = 100
TASKS_WITH_LOGS = 3
NOT_ASKED = {"initial", "draining", "unused"}
"""The states in which a target gets no new request; one that is unhealthy does, where all are."""


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

    def all_requests_go_to(self, task_definition: str) -> bool:
        """Whether the balancer asks tasks of this revision only, as many as are wanted.

        In a rolling update both versions answer until the old tasks drain: before, an answer tells nothing.
        """
        new = {private_address(task) for task in self.running if task["taskDefinitionArn"] == task_definition}
        states = {item["Target"]["Id"]: item["TargetHealth"]["State"] for item in self.targets}
        asked = {address for address, state in states.items() if state not in NOT_ASKED}
        healthy = sum(states[address] == "healthy" for address in asked)
        return asked <= new and healthy >= max(1, self.service["desiredCount"])


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


def gather(aws: Aws, foundation: Foundation, snapshot: Snapshot, record: Deployment) -> Evidence:
    """Collect what tells why a deployment failed."""
    arn = record.target
    stopped = snapshot.stopped(arn)
    running = [task for task in snapshot.running if task["taskDefinitionArn"] == arn]
    told = snapshot.service.get("events", [])
    events = [event["message"] for event in told if event["createdAt"] >= record.since]
    return Evidence(
        reason=record.reason,
        task_definition=arn,
        stopped=stopped,
        running=running,
        logs={
            task["taskArn"]: last_lines(aws, foundation.log_group_name, _log_stream(task))
            for task in [*stopped, *running][:TASKS_WITH_LOGS]
        },
        targets=snapshot.targets,
        alarms=snapshot.alarms,
        events=events,
        triggered=record.alarms,
    )


def _log_stream(task: dict[str, Any]) -> str:
    return f"task/{CONTAINER}/{task['taskArn'].rpartition('/')[2]}"
