"""The `run` command: run a command once in the image that serves, as a task of its own."""

import shlex
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
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
    revision = serving["taskDefinition"]
    result = {"task_definition_arn": revision, "command": list(words)}
    click.echo(f"{short(revision)}: {shlex.join(words)}", err=True)
    if dry_run:
        return result
    lines = []
    arn = _launch(run, foundation, revision, words)
    click.echo(f"task {short(arn)}", err=True)
    try:
        for line in _log_lines(run, foundation, arn):
            click.echo(line, err=run.output.as_json)
            lines.append(line)
    except (KeyboardInterrupt, BrokenPipeError) as error:
        run.aws.ecs.stop_task(cluster=foundation.cluster_name, task=arn, reason="python -m ecs run")
        if isinstance(error, BrokenPipeError):  # nobody reads what it prints
            raise
        hint = "Its command gets SIGTERM, and SIGKILL if it does not end then."
        raise NotRolledBackError(f"Stopped, and the task {short(arn)} too.", hint=hint) from error
    task = _described(run, foundation, arn)
    code = next((item.get("exitCode") for item in task["containers"] if item["name"] == CONTAINER), None)
    if code is None:
        raise _failure(run, revision, task.get("stoppedReason", ""), [task])
    click.echo(f"exit code {code}", err=True)
    told = {"task_arn": arn, "lines": lines, "task_exit_code": code}
    return result | told | {"exit_code": code + 100 if code in OWN_CODES else code}


def _launch(run: Run, foundation: Foundation, revision: str, words: tuple[str, ...]) -> str:
    """Start a task of the command, and return its ARN; raise `NotRolledBackError` if ECS refuses."""
    answer = run.aws.ecs.run_task(
        cluster=foundation.cluster_name,
        taskDefinition=revision,
        launchType="FARGATE",
        networkConfiguration=service.network(foundation),  # type: ignore[arg-type]
        overrides={"containerOverrides": [{"name": CONTAINER, "command": list(words)}]},
        clientToken=uuid.uuid4().hex,
        tags=ecs_tags(run.aws),  # type: ignore[arg-type]
    )
    if not answer["tasks"]:
        refused = (f"{item.get('reason')} {item.get('detail', '')}".strip() for item in answer["failures"])
        raise _failure(run, revision, "; ".join(refused), [])
    return answer["tasks"][0]["taskArn"]


def _log_lines(run: Run, foundation: Foundation, arn: str) -> Iterator[str]:
    """Yield the lines of the task's log until it has stopped and no late line can come."""
    logs, group, stream = run.aws.logs, foundation.log_group_name, f"task/{CONTAINER}/{short(arn)}"
    stopped, token = None, dict[str, Any]()
    while stopped is None or time.monotonic() - stopped < LATE_SECONDS:
        if stopped is None and _described(run, foundation, arn)["lastStatus"] == "STOPPED":
            stopped = time.monotonic()
        with suppress(logs.exceptions.ResourceNotFoundException):  # until the first line
            last = None
            while token != last:  # CloudWatch returns the same token at the end of what there is
                last = token
                answer = logs.get_log_events(
                    logGroupName=group, logStreamName=stream, startFromHead=True, **last
                )
                yield from (event["message"].rstrip("\n") for event in answer["events"])
                token = {"nextToken": answer["nextForwardToken"]}
        time.sleep(POLL_SECONDS)


def _described(run: Run, foundation: Foundation, arn: str) -> dict[str, Any]:
    found = run.aws.ecs.describe_tasks(cluster=foundation.cluster_name, tasks=[arn])["tasks"]
    return dict(found[0]) if found else {"lastStatus": "PROVISIONING"}  # until AWS lists a new task


def _failure(run: Run, revision: str, reason: str, stopped: list[dict[str, Any]]) -> NotRolledBackError:
    evidence = Evidence(reason, revision, stopped, [], {}, [], [], [])
    cause = diagnose(evidence)
    path = save(run.settings.stack, evidence, cause.sentence, run.output.warn)
    return NotRolledBackError(f"The command did not run. {cause.sentence}", hint=cause.hint, evidence=path)
