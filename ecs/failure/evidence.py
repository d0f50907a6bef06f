"""The evidence of a failed release, and the file in which it is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecs.aws import Aws
from ecs.errors import AWS_ERRORS
from ecs.output import to_json
from ecs.settings import ROOT

FOLDER = ROOT / ".ecs" / "evidence"
LOG_LINES = 30
ENDED_BY_ITSELF = "EssentialContainerExited"
"""The stop code that ECS gives a task whose container exited by itself."""


@dataclass(frozen=True)
class Evidence:
    """What AWS says about a failed deployment.

    Attributes:
        reason: ECS's reason for the status of the deployment.
        stopped: The deployment's stopped tasks. Tasks that exited by themselves come first, then the rest;
            each group is sorted from newest to oldest.
        logs: The last log lines of some tasks, oldest line first, by task ARN.
        events: The events of the service since the deployment began, newest first.
        triggered: The alarms that made ECS roll the deployment back.
    """

    reason: str
    task_definition: str
    stopped: list[dict[str, Any]]
    running: list[dict[str, Any]]
    logs: dict[str, list[str]]
    targets: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    events: list[str]
    triggered: list[str] = field(default_factory=list)

    @property
    def last_lines(self) -> list[str]:
        """The last log lines of the first task that logged any."""
        return next((lines for lines in self.logs.values() if lines), [])


def last_lines(aws: Aws, log_group: str, log_stream: str) -> list[str]:
    """Return the end of a task's log, or [] if AWS fails, because a rollback must not depend on the log."""
    try:
        answer = aws.logs.get_log_events(
            logGroupName=log_group, logStreamName=log_stream, limit=LOG_LINES, startFromHead=False
        )
    except AWS_ERRORS:
        return []
    return [event["message"].rstrip() for event in answer["events"]]


def save(stack: str, evidence: Evidence, cause: str, warn: Callable[[str], None]) -> Path | None:
    """Write the evidence to a file that git ignores, and return its path.

    If that fails, call `warn` with a sentence and return None.
    """
    path = FOLDER / f"{stack}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json({"cause": cause} | vars(evidence)) + "\n", encoding="utf-8")
    except OSError as error:
        warn(f"The evidence could not be written: {error}.")
        return None
    return path
