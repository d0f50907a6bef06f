"""The `run` command: run a command once in the image that serves."""

import shlex
from typing import Any

import click

from ecs.errors import NotAllowedError, NotRolledBackError, UsageError
from ecs.release import service
from ecs.release.one_off import OneOff
from ecs.release.task import short
from ecs.run import Run, command, dry_run_option

OWN_CODES = {kind.exit_code for kind in (UsageError, NotAllowedError, NotRolledBackError)}


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
    task = OneOff(run.aws, foundation, run.output, serving["taskDefinition"])
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
