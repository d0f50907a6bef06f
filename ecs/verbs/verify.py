"""`verify`: is all in order for a release?"""

from typing import Any

import click
from rich.markup import escape

from ecs.checks import Check, run_checks
from ecs.cli import Run, verb
from ecs.errors import DeployError, WrongUseError
from ecs.output import Output

STYLE = {"OK": "green", "SKIP": "dim", "FAIL": "bold red"}
WIDTH = 14


@verb(click.option("--allow-dirty", is_flag=True, help="Let uncommitted changes pass."))
def verify(run: Run, *, allow_dirty: bool) -> dict[str, Any]:
    """Check all that a release needs, and change nothing.

    One line each: credentials, region, Docker, the model, the revision, the template, the image and its
    platform, the roles, the target group. Each FAIL says what to do.
    """
    checks, errors = verified(run, allow_dirty=allow_dirty)
    return {
        "checks": [
            {"name": check.name, "state": check.state, "detail": check.detail, "cure": check.cure or None}
            for check in checks
        ],
        "exit_code": worst(errors),
    }


def verified(run: Run, *, allow_dirty: bool) -> tuple[list[Check], list[DeployError]]:
    """Make all checks, with a line for each; give them, and the errors of those that failed."""
    checks = []
    for check in run_checks(run.aws, allow_dirty=allow_dirty):
        show(run.output, check)
        checks.append(check)
    return checks, [check.error for check in checks if check.error]


def show(output: Output, check: Check) -> None:
    """Say a check's line, and the cure below it."""
    style = STYLE[check.state]
    output.console.print(f"[{style}]{check.state:<5}[/]{check.name:<{WIDTH}}{escape(check.detail)}")
    if check.cure:
        output.say(f"{'':5}{'':{WIDTH}}→ {check.cure}")


def worst(errors: list[DeployError]) -> int:
    """Give the exit code for failed checks: credentials and permissions first, then all else as wrong use."""
    if not errors:
        return 0
    return max(error.exit_code if error.exit_code == 3 else WrongUseError.exit_code for error in errors)
