"""A deployment: started, and watched to its end by ECS's own record of it."""

import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.foundation.outputs import Foundation
from ecs.release import deployment as deployments
from ecs.release import service as services
from ecs.release.deployment import ONGOING, Deployment
from ecs.release.snapshot import Snapshot, observe

POLL_SECONDS = 2.0
LOOKS = 2
"""How many looks in a row must find no other task in the balancer before the smoke test may ask it."""
STALE_SECONDS = 30.0
"""So long AWS may go on describing a service as it was before a call that changed it."""


class Outcome(Enum):
    """What came of a deployment."""

    SERVING = "takes all requests, and has not completed yet"
    COMPLETED = "completed"
    FAILED = "failed"
    REPLACED = "replaced by another deployment"
    TIMED_OUT = "timed out"


def start(aws: Aws, foundation: Foundation, arn: str, *, alarms: bool = True) -> Deployment | None:
    """Start a deployment of a revision, or take up the one that an earlier run had started.

    Whatever else is under way is replaced. None is for a service that is on the revision already.

    Raises:
        NotRolledBackError: ECS does not list the deployment.
    """
    service = services.find(aws, foundation)
    first = service is None or service["desiredCount"] == 0
    if service is None:
        service = services.create(aws, foundation, arn, alarms=alarms)
    else:
        current = services.primary(service)
        state, same = current.get("rolloutState"), current["taskDefinition"] == arn
        if first or not same or state != "IN_PROGRESS":
            # What was scaled to zero after a failed first release wants its tasks back.
            more: dict[str, Any] = {"desiredCount": aws.settings.min_tasks} if first else {}
            more["forceNewDeployment"] = same and (first or state == "FAILED")
            service = services.update(aws, foundation, arn, alarms=alarms, **more)
    made = services.primary(service)
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


def judge(record: Deployment, service: dict[str, Any]) -> Outcome | None:
    """Say what came of a service deployment, or None while it is under way.

    A service can be "stable" on the release before; only this deployment, once successful, is a success.
    """
    if record.status.startswith("STOP"):
        replaced = services.primary(service)["taskDefinition"] != record.target
        return Outcome.REPLACED if replaced else Outcome.FAILED
    if record.status.startswith("ROLLBACK"):
        return Outcome.FAILED
    return Outcome.COMPLETED if record.status == "SUCCESSFUL" else None


def follow(
    aws: Aws,
    foundation: Foundation,
    arn: str,
    on_snapshot: Callable[[Snapshot], None],
    *,
    early: bool = False,
) -> tuple[Outcome, Snapshot]:
    """Watch a service deployment until it ends or its time is up; with `early` until it takes all requests.

    Raises:
        NotRolledBackError: the service is gone.
    """
    looks, begun = 0, time.monotonic()
    looked = begun
    while True:
        snapshot, now = observe(aws, foundation), time.monotonic()
        if snapshot:
            looked, record = now, deployments.read(aws, arn)
            on_snapshot(snapshot)
            looks = looks + 1 if early and snapshot.all_requests_go_to(record.target) else 0
            serving = Outcome.SERVING if looks >= LOOKS else None
            if outcome := judge(record, snapshot.service) or serving:
                return outcome, snapshot
            if now - begun > aws.settings.deploy_minutes * 60:
                return Outcome.TIMED_OUT, snapshot
        elif now - looked > STALE_SECONDS:
            raise NotRolledBackError(
                f"The service {aws.settings.stack} is gone: somebody deleted it meanwhile.",
                hint="Run `python -m ecs up` again; it makes a new one.",
            )
        time.sleep(POLL_SECONDS)


def wait_for_rollback(aws: Aws, arn: str) -> bool:
    """Wait until ECS has rolled a service deployment back; False where it did not come to that in time."""
    deadline = time.monotonic() + aws.settings.deploy_minutes * 60
    while (status := deployments.read(aws, arn).status) in ONGOING and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return status == "ROLLBACK_SUCCESSFUL"
