"""`plan`: what would `up` change, and what does it cost?"""

from typing import Any

import click

from ecs import cost as costs
from ecs import stack
from ecs.changes import Changes, find_changes
from ecs.cli import Run, verb
from ecs.diff import Change
from ecs.output import Output, bullet
from ecs.revision import Revision, read_predictor, read_revision
from ecs.stack import Foundation, find_foundation
from ecs.verbs.cost import estimate

allow_dirty_option = click.option(
    "--allow-dirty", is_flag=True, help="Release uncommitted changes, under a tag made from their content."
)
NO_HTTPS = (
    "The service answers plain HTTP: anybody on the way can read and change it. Set certificate_arn, or "
    "hosted_zone_id and domain_name, in ecs/settings.toml."
)


@verb(allow_dirty_option)
def plan(run: Run, *, allow_dirty: bool) -> dict[str, Any]:
    """Show what `up` would change, and the monthly cost; change nothing, leave nothing.

    The foundation's changes come from a CloudFormation change set, which is deleted again.
    """
    _, revision, changes = planned(run, allow_dirty=allow_dirty)
    return describe(run, revision, changes)


def planned(run: Run, *, allow_dirty: bool) -> tuple[Foundation | None, Revision, Changes]:
    """Find what is there, what is to be released, and what differs."""
    revision = read_revision(run.settings, read_predictor().model_version, allow_dirty=allow_dirty)
    stack.settle(run.aws.cloudformation, run.settings.stack, run.output.event)
    with run.output.step("Comparing with what is on AWS"):
        foundation = find_foundation(run.aws.cloudformation, run.settings.stack)
        changes = find_changes(run.aws, foundation, revision)
    return foundation, revision, changes


def describe(run: Run, revision: Revision, changes: Changes) -> dict[str, Any]:
    """Say the plan; give it for `--json`."""
    output = run.output
    output.say(f"{run.settings.stack} in {run.aws.region}: {revision.tag}", style="bold")
    _section(output, "foundation", [str(change) for change in changes.foundation])
    _section(output, "image", [f"+ build and push {changes.image}"] if changes.image else [])
    _section(output, "task definition", _lines(changes.task_definition))
    _section(output, "service", _lines(changes.service) or (["~ a new rollout"] if changes.release else []))
    _section(output, "scaling", _lines(changes.scaling))
    money = estimate(run.settings, run.aws.region)
    output.say(costs.summary(money))
    if not (run.settings.certificate_arn or run.settings.hosted_zone_id):
        output.warn(NO_HTTPS)
    if not run.settings.alarm_email:
        output.warn("Nobody hears of an alarm: set alarm_email in ecs/settings.toml.")
    return {
        "stack": run.settings.stack,
        "region": run.aws.region,
        "image_tag": revision.tag,
        "changes": bool(changes),
        "foundation": changes.foundation,
        "build_image": bool(changes.image),
        "task_definition": changes.task_definition,
        "service": changes.service,
        "rollout": changes.release,
        "scaling": changes.scaling,
        "cost": money,
    }


def _lines(changes: list[Change]) -> list[str]:
    return [str(change) for change in changes]


def _section(output: Output, title: str, lines: list[str]) -> None:
    if lines:
        output.say(f"{title}:")
        output.say(bullet(lines))
    else:
        output.say(f"{title}: no change", style="dim")
