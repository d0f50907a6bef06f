"""A snapshot of the service: its tasks, targets and alarms at one moment."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ecs.aws import Aws
from ecs.failure.evidence import ENDED_BY_ITSELF, Evidence, last_lines
from ecs.foundation.stack_outputs import Foundation
from ecs.release import service as services
from ecs.release.service_deployment import ServiceDeployment
from ecs.release.task import CONTAINER, short
from ecs.release.traffic import live_target_group, other_target_group

TASKS_WITH_LOGS = 3
NOT_ROUTED = {"initial", "draining", "unused"}
"""The states in which a target gets no new requests. An unhealthy one does get them if all are unhealthy."""


@dataclass(frozen=True)
class Snapshot:
    """The service, its tasks, the balancer's targets and the alarms, as AWS describes them.

    `targets` are those in the target group that gets users' requests; `idle` those in the other one, where a
    blue/green release begins and its predecessor waits.
    """

    service: dict[str, Any]
    tasks: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    idle: list[dict[str, Any]] = field(default_factory=list)

    @property
    def running(self) -> list[dict[str, Any]]:
        """The tasks that are neither stopped nor stopping."""
        return [task for task in self.tasks if task.get("desiredStatus") != "STOPPED"]

    def stopped(self, task_definition: str) -> list[dict[str, Any]]:
        """Return a revision's stopped tasks: those that exited by themselves first, each newest first."""
        stopped = [task for task in self.tasks if task.get("desiredStatus") == "STOPPED"]
        return sorted(
            (task for task in stopped if task["taskDefinitionArn"] == task_definition),
            key=lambda task: (task.get("stopCode") == ENDED_BY_ITSELF, str(task.get("createdAt", ""))),
            reverse=True,
        )

    def target_state(self, task: dict[str, Any]) -> str:
        """Return the state of a task as a target of the balancer; "" if it is no target."""
        return (_states(self.idle) | _states(self.targets)).get(private_address(task), "")

    def all_requests_go_to(self, task_definition: str) -> bool:
        """Return whether only tasks of this revision get requests, and as many are healthy as desired.

        In a rolling update old tasks answer too until they drain, so an answer may not be the new revision's.
        """
        since = services.primary_deployment(self.service)["createdAt"]  # `redeploy` replaces equal tasks
        tasks = (task for task in self.running if task.get("createdAt", since) >= since)
        new = {private_address(task) for task in tasks if task["taskDefinitionArn"] == task_definition}
        states = _states(self.targets)
        routed = {address for address, state in states.items() if state not in NOT_ROUTED}
        healthy = list(states.values()).count("healthy")
        return routed <= new and healthy >= max(1, self.service["desiredCount"])


def _states(targets: list[dict[str, Any]]) -> dict[str, str]:
    """Return the state of each target of the balancer, by IP address."""
    return {item["Target"]["Id"]: item["TargetHealth"]["State"] for item in targets}


def private_address(task: dict[str, Any]) -> str:
    """Return a task's private IP address; "" until it has one."""
    details = [item for attachment in task.get("attachments", []) for item in attachment.get("details", [])]
    return next((item["value"] for item in details if item.get("name") == "privateIPv4Address"), "")


def take_snapshot(aws: Aws, foundation: Foundation) -> Snapshot | None:
    """Read the state of the service; return None if there is no service."""
    service = services.find(aws, foundation)
    if service is None:
        return None
    cluster = foundation.cluster_name
    tasks: dict[str, dict[str, Any]] = {}  # by ARN: a task may stop between the two lists
    statuses: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")
    for status in statuses:
        pages = aws.ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, serviceName=aws.settings.stack, desiredStatus=status
        )
        for page in pages:
            if arns := page["taskArns"]:  # a page has at most 100, the limit of DescribeTasks
                described = aws.ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
                tasks |= {task["taskArn"]: dict(task) for task in described}
    live = live_target_group(aws, foundation)
    groups = filter(None, (live, other_target_group(foundation, live)))  # an older stack has only one
    health = [aws.elbv2.describe_target_health(TargetGroupArn=arn) for arn in groups]
    targets, *idle = ([dict(item) for item in answer["TargetHealthDescriptions"]] for answer in health)
    names = [
        *foundation.release_alarms,
        foundation.balancer_errors_alarm_name,
        foundation.drift_alarm_name,
        foundation.slow_answers_alarm_name,
    ]
    alarms = aws.cloudwatch.describe_alarms(AlarmNames=[*filter(None, names)])["MetricAlarms"]
    return Snapshot(service, list(tasks.values()), targets, [dict(item) for item in alarms], *idle)


def gather(aws: Aws, foundation: Foundation, snapshot: Snapshot, deployment: ServiceDeployment) -> Evidence:
    """Collect the evidence of a failed deployment; read the last log lines of a few of its tasks."""
    arn, since, group = deployment.target, deployment.since, foundation.log_group_name
    stopped = [task for task in snapshot.stopped(arn) if task.get("createdAt", since) >= since]
    running = [task for task in snapshot.running if task["taskDefinitionArn"] == arn]
    newest = [task["taskArn"] for task in [*stopped, *running][:TASKS_WITH_LOGS]]
    events = [event for event in snapshot.service.get("events", []) if event["createdAt"] >= since]
    return Evidence(
        reason=deployment.reason,
        task_definition=arn,
        stopped=stopped,
        running=running,
        logs={task: last_lines(aws, group, f"task/{CONTAINER}/{short(task)}") for task in newest},
        targets=[*snapshot.targets, *snapshot.idle],
        alarms=snapshot.alarms,
        events=[event["message"] for event in events],
        triggered=deployment.alarms,
    )
