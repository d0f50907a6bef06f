"""Service deployments: ECS's records of rollouts, used to watch and to stop them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ecs.aws import Aws
from ecs.foundation.stack_outputs import Foundation

ONGOING = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
"""The statuses of a service deployment that has not ended."""
SKEW = timedelta(seconds=30)
"""By how much the creation times of a service deployment and of its entry in the service may differ."""


@dataclass(frozen=True)
class ServiceDeployment:
    """A service deployment.

    Attributes:
        status: Its status in ECS; those of a rollback begin with ROLLBACK.
        target: The task definition that it rolls out.
        source: The task definition that a rollback of it returns to; None if no earlier one completed.
        alarms: The alarms that made it fail.
        failed_by_itself: Whether the circuit breaker or an alarm ended it, rather than a request to stop.
        stage: The lifecycle stage of a blue/green deployment; empty for a rolling one.
        hook: The id of the hook at which it waits for an answer; None if it does not wait.
        unanswered: Whether nobody answered the hook in time.
    """

    arn: str
    status: str
    reason: str
    since: datetime
    target: str
    source: str | None
    alarms: list[str]
    failed_by_itself: bool
    stage: str = ""
    hook: str | None = None
    unanswered: bool = False


def read(aws: Aws, arn: str) -> ServiceDeployment:
    """Describe a service deployment."""
    [answer] = aws.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    target = answer["targetServiceRevision"]["arn"]
    sources = [item["arn"] for item in answer.get("sourceServiceRevisions", [])]
    source = answer.get("rollback", {}).get("serviceRevisionArn") or next(iter(sources), "")
    revisions = aws.ecs.describe_service_revisions(serviceRevisionArns=[*filter(None, (target, source))])
    runs = {item["serviceRevisionArn"]: item["taskDefinition"] for item in revisions["serviceRevisions"]}
    alarms = answer.get("alarms", {})
    hooks = {item["status"]: item["hookId"] for item in answer.get("lifecycleHookDetails", [])}
    ended_by = {alarms.get("status"), answer.get("deploymentCircuitBreaker", {}).get("status")}
    return ServiceDeployment(
        arn, answer["status"], answer.get("statusReason", ""), answer["createdAt"], runs.get(target, ""),
        runs.get(source), alarms.get("triggeredAlarmNames", []), "TRIGGERED" in ended_by,
        answer.get("lifecycleStage", ""), hooks.get("AWAITING_ACTION"), "TIMED_OUT" in hooks,
    )  # fmt: skip


def answer_hook(aws: Aws, arn: str, hook: str, action: Literal["CONTINUE", "ROLLBACK"]) -> None:
    """Let a service deployment that waits at a hook go on, or roll it back."""
    aws.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook, action=action)


def ongoing(aws: Aws, foundation: Foundation, service: dict[str, Any]) -> ServiceDeployment | None:
    """Return the service deployment in progress, or None; a service scaled to zero counts as having none."""
    return next(_newest(aws, foundation, status=list(ONGOING)), None) if service["desiredCount"] else None


def find(aws: Aws, foundation: Foundation, task_definition: str, since: datetime) -> ServiceDeployment | None:
    """Return the newest service deployment of a task definition since then; None until ECS lists it."""
    found = _newest(aws, foundation, createdAt={"after": since - SKEW})
    return next((item for item in found if item.target == task_definition), None)


def _newest(aws: Aws, foundation: Foundation, **wanted: Any) -> Iterator[ServiceDeployment]:
    answer = aws.ecs.list_service_deployments(
        cluster=foundation.cluster_name, service=aws.settings.stack, **wanted
    )
    for item in sorted(answer["serviceDeployments"], key=lambda item: item["createdAt"], reverse=True):
        yield read(aws, item["serviceDeploymentArn"])
