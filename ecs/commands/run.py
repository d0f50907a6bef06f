"""The `run` command: run a command once in the image that serves, as a task of its own."""

import shlex
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from ecs.errors import NotAllowedError, NotRolledBackError, UsageError
from ecs.failure.diagnosis import diagnose
from ecs.failure.evidence import Evidence, save
from ecs.foundation.stack_outputs import Foundation
from ecs.release import service
from ecs.release.task import CONTAINER, ecs_tags, short
from ecs.run import Run, command, dry_run_option

OWN_CODES = {kind.exit_code for kind in (UsageError, NotAllowedError, NotRolledBackError)}
POLL_SECONDS = 2.0
LATE_SECONDS = 4.0
"""How long CloudWatch may take to list the last lines of a task that has stopped."""


@command(dry_run_option, click.argument("words", metavar="-- COMMAND...", nargs=-1, required=True))
def run(run: Run, *, words: tuple[str, ...], dry_run: bool) -> dict[str, Any]:
    """Run a command in a task of its own, of the revision that serves; follow its log to stdout.

    The task has the service's image, size, network, roles, variables and secrets, and takes no requests.
    Ctrl-C stops it. The exit code is the command's; its 2, 3 and 4 become 102, 103 and 104, since 2, 3 and 4
    mean that this tool failed. `run -- check` verifies the model in the image.
    """
    foundation = run.foundation()
    serving = service.find(run.aws, foundation)
    if serving is None:
        raise UsageError("There is no service whose image could run it.", hint="Make it: python -m ecs up.")
    result = {"task_definition_arn": serving["taskDefinition"], "command": list(words)}
    click.echo(f"{short(serving['taskDefinition'])}: {shlex.join(words)}", err=True)
    if dry_run:
        return result
    lines = []
    task = OneOff(run, foundation, serving["taskDefinition"])
    task.launch(words)
    click.echo(f"task {short(task.arn)}", err=True)
    try:
        for line in task.log_lines():
            click.echo(line, err=run.output.as_json)
            lines.append(line)
    except KeyboardInterrupt as error:
        task.halt()
        hint = "Its command gets SIGTERM, and SIGKILL if it does not end then."
        raise NotRolledBackError(f"Stopped, and the task {short(task.arn)} too.", hint=hint) from error
    except BrokenPipeError:  # nobody reads what it prints
        task.halt()
        raise
    code = task.exit_status()
    click.echo(f"exit code {code}", err=True)
    told = {"task_arn": task.arn, "lines": lines, "task_exit_code": code}
    return result | told | {"exit_code": code + 100 if code in OWN_CODES else code}


@dataclass
class OneOff:
    """Runs one command, with the network, roles and variables of the service's tasks."""

    run: Run
    foundation: Foundation
    task_definition: str
    arn: str = ""
    _token: dict[str, Any] = field(default_factory=dict)

    def launch(self, words: tuple[str, ...]) -> None:
        """Start the task; raise `NotRolledBackError` with the cause if ECS refuses."""
        answer = self.run.aws.ecs.run_task(
            cluster=self.foundation.cluster_name,
            taskDefinition=self.task_definition,
            launchType="FARGATE",
            networkConfiguration=service.network(self.foundation),  # type: ignore[arg-type]
            overrides={"containerOverrides": [{"name": CONTAINER, "command": list(words)}]},
            clientToken=uuid.uuid4().hex,
            tags=ecs_tags(self.run.aws),  # type: ignore[arg-type]
        )
        if not answer["tasks"]:
            refused = (
                f"{item.get('reason')} {item.get('detail', '')}".strip() for item in answer["failures"]
            )
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
        cluster = self.foundation.cluster_name
        self.run.aws.ecs.stop_task(cluster=cluster, task=self.arn, reason="python -m ecs run")

    def _described(self) -> dict[str, Any]:
        cluster = self.foundation.cluster_name
        found = self.run.aws.ecs.describe_tasks(cluster=cluster, tasks=[self.arn])["tasks"]
        return dict(found[0]) if found else {"lastStatus": "PROVISIONING"}  # until AWS lists a new task

    def _new_lines(self) -> Iterator[str]:
        logs = self.run.aws.logs
        while True:
            try:
                answer = logs.get_log_events(
                    logGroupName=self.foundation.log_group_name,
                    logStreamName=f"task/{CONTAINER}/{short(self.arn)}",
                    startFromHead=True,
                    **self._token,
                )
            except logs.exceptions.ResourceNotFoundException:  # until the first line
                return
            yield from (event["message"].rstrip("\n") for event in answer["events"])
            if (token := {"nextToken": answer["nextForwardToken"]}) == self._token:
                return
            self._token = token

    def _failure(self, reason: str, stopped: list[dict[str, Any]]) -> NotRolledBackError:
        evidence = Evidence(reason, self.task_definition, stopped, [], {}, [], [], [])
        cause = diagnose(evidence)
        path = save(self.run.settings.stack, evidence, cause.sentence, self.run.output.warn)
        sentence = f"The command did not run. {cause.sentence}"
        return NotRolledBackError(sentence, hint=cause.hint, evidence=path)
