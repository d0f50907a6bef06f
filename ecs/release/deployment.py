"""Service deployments: ECS's own record of each rollout, by which it is followed and stopped."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ecs.aws import Aws
from ecs.foundation.outputs import Foundation

ONGOING = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
"""The states of a service deployment that has not ended."""
SKEW = timedelta(seconds=30)
"""By how much the times of a service deployment and of its entry in the service may differ."""


@dataclass(frozen=True)
class Deployment:
    """A service deployment.

    Attributes:
        status: Its state, in AWS's words; those of a rollback begin with ROLLBACK.
        target: The task definition that it rolls out.
        source: The task definition to which a rollback of it leads; None where none completed before.
        alarms: Those that made it fail.
        failed_by_itself: Whether the circuit breaker or an alarm ended it, and not a request to stop it.
    """

    arn: str
    status: str
    reason: str
    since: datetime
    target: str
    source: str | None
    alarms: list[str]
    failed_by_itself: bool


def read(aws: Aws, arn: str) -> Deployment:
    """Describe a service deployment."""
    [told] = aws.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    target = told["targetServiceRevision"]["arn"]
    sources = [item["arn"] for item in told.get("sourceServiceRevisions", [])]
    source = told.get("rollback", {}).get("serviceRevisionArn") or next(iter(sources), "")
    revisions = aws.ecs.describe_service_revisions(serviceRevisionArns=[*filter(None, (target, source))])
    runs = {item["serviceRevisionArn"]: item["taskDefinition"] for item in revisions["serviceRevisions"]}
    alarms = told.get("alarms", {})
    ended_by = {alarms.get("status"), told.get("deploymentCircuitBreaker", {}).get("status")}
    return Deployment(
        arn, told["status"], told.get("statusReason", ""), told["createdAt"], runs.get(target, ""),
        runs.get(source), alarms.get("triggeredAlarmNames", []), "TRIGGERED" in ended_by,
    )  # fmt: skip


def ongoing(aws: Aws, foundation: Foundation, service: dict[str, Any]) -> Deployment | None:
    """Find the service deployment that is under way; none counts of a service that is scaled to zero."""
    return next(_newest(aws, foundation, status=list(ONGOING)), None) if service["desiredCount"] else None


def find(aws: Aws, foundation: Foundation, task_definition: str, since: datetime) -> Deployment | None:
    """Find the newest service deployment of a task definition since then; ECS lists it a moment later."""
    found = _newest(aws, foundation, createdAt={"after": since - SKEW})
    return next((item for item in found if item.target == task_definition), None)


def _newest(aws: Aws, foundation: Foundation, **wanted: Any) -> Iterator[Deployment]:
    answer = aws.ecs.list_service_deployments(
        cluster=foundation.cluster_name, service=aws.settings.stack, **wanted
    )
    for item in sorted(answer["serviceDeployments"], key=lambda item: item["createdAt"], reverse=True):
        yield read(aws, item["serviceDeploymentArn"])
