"""A one-off task: a command in the serving revision's image, on Fargate, with its log and exit code."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.failure.diagnosis import diagnose
from ecs.failure.evidence import Evidence, save
from ecs.foundation.stack_outputs import Foundation
from ecs.output import Output
from ecs.release.service import network
from ecs.release.task import CONTAINER, ecs_tags, short

POLL_SECONDS = 2.0
LATE_SECONDS = 4.0
"""How long CloudWatch may take to list the last lines of a task that has stopped."""


@dataclass
class OneOff:
    """Runs one command, with the network, roles and variables of the service's tasks."""

    aws: Aws
    foundation: Foundation
    output: Output
    task_definition: str
    arn: str = ""
    _token: dict[str, Any] = field(default_factory=dict)

    def launch(self, words: tuple[str, ...]) -> None:
        """Start the task; raise `NotRolledBackError` with the cause if ECS refuses."""
        answer = self.aws.ecs.run_task(
            cluster=self.foundation.cluster_name,
            taskDefinition=self.task_definition,
            launchType="FARGATE",
            networkConfiguration=network(self.foundation),  # type: ignore[arg-type]
            overrides={"containerOverrides": [{"name": CONTAINER, "command": list(words)}]},
            clientToken=uuid.uuid4().hex,
            tags=ecs_tags(self.aws),  # type: ignore[arg-type]
        )
        if not answer["tasks"]:
            refused = [
                f"{item.get('reason')} {item.get('detail', '')}".strip() for item in answer["failures"]
            ]
            raise self._failure("; ".join(refused), [])
        self.arn = answer["tasks"][0]["taskArn"]

    def log_lines(self) -> Iterator[str]:
        """Yield the lines of the task's log until it has stopped and no late line can come."""
        stopped = None
        while stopped is None or time.monotonic() - stopped < LATE_SECONDS:
            if stopped is None and self._described()["lastStatus"] == "STOPPED":
                stopped = time.monotonic()
            yield from self._new_lines()
            time.sleep(POLL_SECONDS)

    def exit_status(self) -> int:
        """Return the exit code of the command; raise `NotRolledBackError` with the cause if it never ran."""
        task = self._described()
        code = next((item.get("exitCode") for item in task["containers"] if item["name"] == CONTAINER), None)
        if code is None:
            raise self._failure(task.get("stoppedReason", ""), [task])
        return int(code)

    def halt(self) -> None:
        """Stop the task: its command gets SIGTERM, and SIGKILL after the stop timeout."""
        self.aws.ecs.stop_task(
            cluster=self.foundation.cluster_name, task=self.arn, reason="python -m ecs run"
        )

    def _described(self) -> dict[str, Any]:
        found = self.aws.ecs.describe_tasks(cluster=self.foundation.cluster_name, tasks=[self.arn])["tasks"]
        return dict(found[0]) if found else {"lastStatus": "PROVISIONING"}  # until AWS lists a new task

    def _new_lines(self) -> Iterator[str]:
        while True:
            try:
                answer = self.aws.logs.get_log_events(
                    logGroupName=self.foundation.log_group_name,
                    logStreamName=f"task/{CONTAINER}/{short(self.arn)}",
                    startFromHead=True,
                    **self._token,
                )
            except self.aws.logs.exceptions.ResourceNotFoundException:  # until the first line
                return
            yield from (event["message"].rstrip("\n") for event in answer["events"])
            if (token := {"nextToken": answer["nextForwardToken"]}) == self._token:
                return
            self._token = token

    def _failure(self, reason: str, stopped: list[dict[str, Any]]) -> NotRolledBackError:
        evidence = Evidence(reason, self.task_definition, stopped, [], {}, [], [], [])
        cause = diagnose(evidence)
        path = save(self.aws.settings.stack, evidence, cause.sentence, self.output.warn)
        return NotRolledBackError(
            f"The command did not run. {cause.sentence}", hint=cause.hint, evidence=path
        )
