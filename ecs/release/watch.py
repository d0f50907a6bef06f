"""Watching one deployment, by its id, to its end."""

import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.foundation.outputs import Foundation
from ecs.release import service as services
from ecs.release.snapshot import Snapshot, observe

POLL_SECONDS = 2.0
STALE_SECONDS = 30.0
"""So long AWS may go on describing a service as it was before a call that changed it."""


class Outcome(Enum):
    """How a deployment ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    REPLACED = "replaced by another deployment"
    TIMED_OUT = "timed out"


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
        NotRolledBackError: the service is gone.
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
        NotRolledBackError: the service is gone.
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
            raise NotRolledBackError(
                f"The service {aws.settings.stack} is gone: somebody deleted it meanwhile.",
                hint="Run `python -m ecs up` again; it makes a new one.",
            )
        time.sleep(POLL_SECONDS)
