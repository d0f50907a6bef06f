"""What is known of a failed release, gathered and kept in a file."""

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
LINES = 30
ENDED_BY_ITSELF = "EssentialContainerExited"
"""How ECS marks a task whose container ended without being told to."""


@dataclass(frozen=True)
class Evidence:
    """A failed release.

    Attributes:
        reason: What ECS says of the deployment.
        stopped: Its stopped tasks, newest first.
        logs: The last lines of the newest of these tasks, oldest line first, by task.
        events: The service's, newest first, since the deployment began.
        triggered: The alarms that made ECS roll it back.
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
        """The last log lines of the newest task that logged any."""
        return next((lines for lines in self.logs.values() if lines), [])


def last_lines(aws: Aws, log_group: str, log_stream: str) -> list[str]:
    """Read the end of a task's log; empty where it never logged, or that can't be seen: no rollback waits."""
    try:
        answer = aws.logs.get_log_events(
            logGroupName=log_group, logStreamName=log_stream, limit=LINES, startFromHead=False
        )
    except AWS_ERRORS:
        return []
    return [event["message"].rstrip() for event in answer["events"]]


def save(stack: str, evidence: Evidence, cause: str, warn: Callable[[str], None]) -> Path | None:
    """Write the evidence beside the repository's files, where git does not look; give the file.

    If it can't be written, `warn` is called with a sentence.
    """
    path = FOLDER / f"{stack}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json({"cause": cause} | vars(evidence)) + "\n", encoding="utf-8")
    except OSError as error:
        warn(f"The evidence could not be written: {error}.")
        return None
    return path
