"""A deployment: started, and watched to its end by ECS's own record of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.foundation.outputs import Foundation
from ecs.release import deployment as deployments
from ecs.release import service as services
from ecs.release.deployment import STALE_SECONDS, Deployment
from ecs.release.snapshot import Snapshot, observe

POLL_SECONDS = 2.0
LOOKS = 2
"""How many looks in a row must find no other task in the balancer before the smoke test may ask it."""


class Outcome(Enum):
    """What came of a deployment."""

    SERVING = "takes all requests, and has not completed yet"
    COMPLETED = "completed"
    FAILED = "failed"
    REPLACED = "replaced by another deployment"
    TIMED_OUT = "timed out"


@dataclass
class Rollout:
    """A deployment under way.

    Attributes:
        identifier: The deployment's id.
        arn: Its task definition.
        since: When it was made, by AWS's clock.
        first: Whether nothing served when it began.
        record: The service deployment as last seen; None as long as ECS does not list it.
        begun: When this run began to watch it, by the monotonic clock.
    """

    identifier: str
    arn: str
    since: datetime
    first: bool = False
    record: Deployment | None = None
    begun: float = field(default_factory=time.monotonic)


def start(aws: Aws, foundation: Foundation, arn: str, *, alarms: bool = True) -> Rollout | None:
    """Start a deployment of a revision, or take up the one that an earlier run of ours had started.

    Whatever else is under way is replaced. None is for a service that is on the revision already.
    """
    service = services.find(aws, foundation)
    if service is None:
        service, first = services.create(aws, foundation, arn, alarms=alarms), True
    else:
        current, first = services.primary(service), service["desiredCount"] == 0
        state, same = current.get("rolloutState"), current["taskDefinition"] == arn
        if first or not same or state != "IN_PROGRESS":
            # What was scaled to zero after a failed first release wants its tasks back.
            desired = aws.settings.min_tasks if first else None
            force = same and (first or state == "FAILED")
            service = services.update(aws, foundation, arn, desired=desired, force=force, alarms=alarms)
    made = services.primary(service)
    if made.get("rolloutState") == "COMPLETED":
        return None
    return Rollout(made["id"], arn, made["createdAt"], first)


def judge(record: Deployment, service: dict[str, Any], identifier: str) -> Outcome | None:
    """Say what came of a service deployment, or None while it is under way.

    A service can be "stable" on the release before; only this deployment, once successful, is a success.
    """
    if record.status.startswith("STOP"):
        replaced = services.primary(service)["id"] != identifier
        return Outcome.REPLACED if replaced else Outcome.FAILED
    if record.status.startswith("ROLLBACK"):
        return Outcome.FAILED
    return Outcome.COMPLETED if record.status == "SUCCESSFUL" else None


def follow(
    aws: Aws,
    foundation: Foundation,
    rollout: Rollout,
    on_snapshot: Callable[[Snapshot], None],
    *,
    early: bool,
) -> tuple[Outcome, Snapshot]:
    """Watch a deployment until it has ended or its time is up; with `early` until it takes all requests.

    Raises:
        NotRolledBackError: the service is gone.
    """
    looks = 0

    def ended(snapshot: Snapshot) -> Outcome | None:
        nonlocal looks
        if rollout.record:
            rollout.record = deployments.read(aws, rollout.record.arn)
        else:
            rollout.record = deployments.find(aws, foundation, rollout.arn, rollout.since)
        if rollout.record is None:
            other = services.primary(snapshot.service)["id"] != rollout.identifier
            late = time.monotonic() > rollout.begun + STALE_SECONDS
            return Outcome.REPLACED if other and late else None
        looks = looks + 1 if early and snapshot.all_requests_go_to(rollout.arn) else 0
        serving = Outcome.SERVING if looks >= LOOKS else None
        return judge(rollout.record, snapshot.service, rollout.identifier) or serving

    return wait_for(aws, foundation, ended, on_snapshot, begun=rollout.begun)


def wait_for(
    aws: Aws,
    foundation: Foundation,
    ended: Callable[[Snapshot], Outcome | None],
    on_snapshot: Callable[[Snapshot], None] = lambda _: None,
    *,
    begun: float = 0,
) -> tuple[Outcome, Snapshot]:
    """Look at the service until `ended` has an outcome for it, or the time for a rollout is up.

    Raises:
        NotRolledBackError: the service is gone.
    """
    looked = time.monotonic()
    begun = begun or looked
    while True:
        snapshot, now = observe(aws, foundation), time.monotonic()
        if snapshot:
            looked = now
            on_snapshot(snapshot)
            if outcome := ended(snapshot):
                return outcome, snapshot
            if now - begun > aws.settings.deploy_minutes * 60:
                return Outcome.TIMED_OUT, snapshot
        elif now - looked > STALE_SECONDS:
            raise NotRolledBackError(
                f"The service {aws.settings.stack} is gone: somebody deleted it meanwhile.",
                hint="Run `python -m ecs up` again; it makes a new one.",
            )
        time.sleep(POLL_SECONDS)
