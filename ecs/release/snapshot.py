"""What there is to see of the service at one moment."""

from dataclasses import dataclass
from typing import Any, Literal

from ecs.aws import Aws
from ecs.failure.evidence import ENDED_BY_ITSELF, Evidence, last_lines
from ecs.foundation.outputs import Foundation
from ecs.release import service as services
from ecs.release.deployment import Deployment
from ecs.release.task import CONTAINER, short

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

    @property
    def states(self) -> dict[str, str]:
        """What the balancer thinks of each of its targets, by address."""
        return {item["Target"]["Id"]: item["TargetHealth"]["State"] for item in self.targets}

    def stopped(self, task_definition: str) -> list[dict[str, Any]]:
        """The stopped tasks of one revision: those that ended by themselves first, then the newest."""
        stopped = [task for task in self.tasks if task.get("desiredStatus") == "STOPPED"]
        return sorted(
            (task for task in stopped if task["taskDefinitionArn"] == task_definition),
            key=lambda task: (task.get("stopCode") == ENDED_BY_ITSELF, str(task.get("createdAt", ""))),
            reverse=True,
        )

    def target_state(self, task: dict[str, Any]) -> str:
        """What the balancer thinks of a task; empty where it doesn't know it."""
        return self.states.get(private_address(task), "")

    def all_requests_go_to(self, task_definition: str) -> bool:
        """Whether the balancer asks tasks of this revision only, as many as are wanted.

        In a rolling update both versions answer until the old tasks drain: before, an answer tells nothing.
        """
        new = {private_address(task) for task in self.running if task["taskDefinitionArn"] == task_definition}
        asked = {address for address, state in self.states.items() if state not in NOT_ASKED}
        healthy = sum(self.states[address] == "healthy" for address in asked)
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
    cluster, tasks = foundation.cluster_name, dict[str, dict[str, Any]]()  # one may stop between two lists
    statuses: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")
    for status in statuses:
        pages = aws.ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, serviceName=aws.settings.stack, desiredStatus=status
        )
        for page in pages:
            if arns := page["taskArns"]:  # at most 100, which DescribeTasks takes
                told = aws.ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
                tasks |= {task["taskArn"]: dict(task) for task in told}
    targets = aws.elbv2.describe_target_health(TargetGroupArn=foundation.target_group_arn)
    names = [*foundation.release_alarms, foundation.balancer_errors_alarm_name]
    alarms = aws.cloudwatch.describe_alarms(AlarmNames=names)
    return Snapshot(
        service,
        list(tasks.values()),
        [dict(item) for item in targets["TargetHealthDescriptions"]],
        [dict(item) for item in alarms["MetricAlarms"]],
    )


def gather(aws: Aws, foundation: Foundation, snapshot: Snapshot, record: Deployment) -> Evidence:
    """Collect what tells why a deployment failed."""
    arn, group = record.target, foundation.log_group_name
    stopped = snapshot.stopped(arn)
    running = [task for task in snapshot.running if task["taskDefinitionArn"] == arn]
    newest = [task["taskArn"] for task in [*stopped, *running][:TASKS_WITH_LOGS]]
    told = snapshot.service.get("events", [])
    events = [event["message"] for event in told if event["createdAt"] >= record.since]
    return Evidence(
        reason=record.reason,
        task_definition=arn,
        stopped=stopped,
        running=running,
        logs={task: last_lines(aws, group, f"task/{CONTAINER}/{short(task)}") for task in newest},
        targets=snapshot.targets,
        alarms=snapshot.alarms,
        events=events,
        triggered=record.alarms,
    )
