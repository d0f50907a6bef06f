"""Start a deployment, and watch its service deployment until it ends."""

import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.foundation.stack_outputs import Foundation
from ecs.release import service as services
from ecs.release import service_deployment as deployments
from ecs.release.service_deployment import ONGOING, ServiceDeployment
from ecs.release.snapshot import Snapshot, take_snapshot

POLL_SECONDS = 2.0
POLLS_IN_A_ROW = 2
"""How many polls in a row must find only new tasks behind the balancer before the smoke test may begin."""
SHIFTED = {"", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"}
"""The stages in which ECS has shifted users' requests to the new tasks; a rolling deployment has no stage."""
STALE_SECONDS = 30.0
"""How long AWS may describe a service as it was before a change."""


class Outcome(Enum):
    """The outcome of a deployment."""

    PAUSED = "waits until its hidden tasks have been tested"
    SERVING = "takes all requests, and has not completed yet"
    COMPLETED = "completed"
    FAILED = "failed"
    REPLACED = "replaced by another deployment"
    TIMED_OUT = "timed out"


def start(
    aws: Aws, foundation: Foundation, arn: str, *, alarms: bool = True, again: bool = False
) -> ServiceDeployment | None:
    """Start a deployment of a revision, or continue one that an earlier run has started.

    It replaces any other deployment. Returns None if the service runs the revision already, unless `again`.
    Raises `NotRolledBackError` if ECS does not list the deployment in time.
    """
    service = services.find(aws, foundation)
    first = service is None or service["desiredCount"] == 0
    if service is None:
        service = services.create(aws, foundation, arn, alarms=alarms)
    else:
        current = services.primary_deployment(service)
        state, same = current.get("rolloutState"), current["taskDefinition"] == arn
        if first or not same or state != "IN_PROGRESS":
            # A service that was scaled to zero after a failed first release needs its tasks back.
            more: dict[str, Any] = {"desiredCount": aws.settings.min_tasks} if first else {}
            more["forceNewDeployment"] = same and (first or again or state == "FAILED")
            service = services.update(aws, foundation, arn, service, alarms=alarms, **more)
    made = services.primary_deployment(service)
    if made.get("rolloutState") == "COMPLETED":
        return None
    deadline = time.monotonic() + STALE_SECONDS
    while time.monotonic() < deadline:
        if found := deployments.find(aws, foundation, arn, made["createdAt"]):
            return replace(found, source=None) if first else found
        time.sleep(POLL_SECONDS)
    raise NotRolledBackError(
        f"ECS took the deployment {made['id']} and does not list it.",
        hint="See: python -m ecs status --watch.",
    )


def outcome_of(deployment: ServiceDeployment, service: dict[str, Any]) -> Outcome | None:
    """Return the outcome of a service deployment, or None while it is in progress.

    Ignores the state of the service, because the service can be stable on the previous revision.
    """
    if deployment.status.startswith("STOP"):
        replaced = services.primary_deployment(service)["taskDefinition"] != deployment.target
        return Outcome.REPLACED if replaced else Outcome.FAILED
    if deployment.status.startswith("ROLLBACK"):
        return Outcome.FAILED
    return Outcome.COMPLETED if deployment.status == "SUCCESSFUL" else None


def follow(
    aws: Aws, foundation: Foundation, arn: str, show: Callable[[Snapshot], None], *, early: bool = False
) -> tuple[Outcome, Snapshot]:
    """Watch a service deployment until it ends or times out; with `early`, until it takes all requests.

    Returns earlier if it waits at a hook. Calls `show` at each poll. Raises `NotRolledBackError` if
    the service is gone.
    """
    polls, started = 0, time.monotonic()
    last_seen = started
    while True:
        snapshot, now = take_snapshot(aws, foundation), time.monotonic()
        if snapshot:
            last_seen, deployment = now, deployments.read(aws, arn)
            show(snapshot)
            shifted = early and deployment.stage in SHIFTED
            polls = polls + 1 if shifted and snapshot.all_requests_go_to(deployment.target) else 0
            serving = Outcome.SERVING if polls >= POLLS_IN_A_ROW else None
            if outcome := outcome_of(deployment, snapshot.service) or serving:
                return outcome, snapshot
            if deployment.hook:
                return Outcome.PAUSED, snapshot
            if now - started > aws.settings.deploy_minutes * 60:
                return Outcome.TIMED_OUT, snapshot
        elif now - last_seen > STALE_SECONDS:
            raise NotRolledBackError(
                f"The service {aws.settings.stack} is gone: somebody deleted it meanwhile.",
                hint="Run `python -m ecs up` again; it makes a new one.",
            )
        time.sleep(POLL_SECONDS)


def proceed(aws: Aws, arn: str) -> None:
    """Let a service deployment that waits at a hook go on, unless it has been rolled back meanwhile."""
    hook, deadline = deployments.read(aws, arn).hook, time.monotonic() + STALE_SECONDS
    try:
        if hook:
            deployments.answer_hook(aws, arn, hook, "CONTINUE")
    except ClientError:
        if deployments.read(aws, arn).hook:
            raise
    while deployments.read(aws, arn).hook and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def wait_for_rollback(aws: Aws, arn: str) -> bool:
    """Wait until ECS has rolled a service deployment back; return whether it succeeded in time."""
    deadline = time.monotonic() + aws.settings.deploy_minutes * 60
    while (status := deployments.read(aws, arn).status) in ONGOING and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return status == "ROLLBACK_SUCCESSFUL"
