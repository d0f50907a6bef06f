"""The `verify` command: check everything that a release needs, without changing anything."""

import sys
from collections.abc import Iterator
from typing import Any

import click
from rich.markup import escape

from ecs.checks import Check, CheckContext, run_checks
from ecs.errors import NotAllowedError, UsageError
from ecs.foundation.operator_policy import operator_policy
from ecs.output import Output, to_json
from ecs.release.warnings import find_warnings
from ecs.run import Run, command

STYLE = {"OK": "green", "SKIP": "dim", "FAIL": "bold red"}
WIDTH = 14


@command(
    click.option("--allow-dirty", is_flag=True, help="Let uncommitted changes pass."),
    click.option("--policy", is_flag=True, help="Print the IAM policy that you need, and check nothing."),
)
def verify(run: Run, *, allow_dirty: bool, policy: bool) -> dict[str, Any]:
    """Check all that a release needs, and change nothing.

    One line each: credentials, region, Docker, the model, the revision, the template, the image and its
    platform, the roles, the target group, the domain, GitHub. Each FAIL says what to do. A WARNING stops no
    release.
    """
    if policy:
        settings, region = run.settings, run.region or run.settings.region
        click.echo(to_json(operator_policy(settings.stack, region, settings.hosted_zone_id)))
        sys.exit(0)
    context = CheckContext(run.aws, allow_dirty)
    checks = list(print_checks(run.output, context))
    errors = [check.error for check in checks if check.error]
    denied = any(isinstance(error, NotAllowedError) for error in errors)
    warnings = find_warnings(run.aws, context.foundation) if checks[0].state == "OK" else []
    run.output.warn(*warnings)
    return {
        "checks": [
            {"name": check.name, "state": check.state, "detail": check.detail, "hint": check.hint or None}
            for check in checks
        ],
        "warnings": warnings,
        "exit_code": NotAllowedError.exit_code if denied else UsageError.exit_code if errors else 0,
    }


def print_checks(output: Output, context: CheckContext) -> Iterator[Check]:
    """Run all checks, print a line for each with its hint below, and yield it."""
    for check in run_checks(context):
        style = STYLE[check.state]
        output.console.print(f"[{style}]{check.state:<5}[/]{check.name:<{WIDTH}}{escape(check.detail)}")
        if check.hint:
            output.say(f"{'':5}{'':{WIDTH}}→ {check.hint}")
        yield check
