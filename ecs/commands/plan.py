"""`plan`: what would `up` change?"""

from collections.abc import Sequence
from typing import Any

import click

from ecs.checks import Scene, look_up, needed
from ecs.foundation import stack
from ecs.foundation.stack import find_foundation
from ecs.output import Output, bullet
from ecs.release.changes import Changes, find_changes
from ecs.release.revision import Revision
from ecs.run import Run, command

allow_dirty_option = click.option(
    "--allow-dirty", is_flag=True, help="Release uncommitted changes, under a tag made from their content."
)


@command(allow_dirty_option)
def plan(run: Run, *, allow_dirty: bool) -> dict[str, Any]:
    """Show what `up` would change; change nothing, leave nothing.

    The stack's changes come from a CloudFormation change set, which is deleted again.
    """
    scene = look_up(run.aws, allow_dirty=allow_dirty)
    return describe(run, needed(scene.revision), compare(run, scene))


def compare(run: Run, scene: Scene) -> Changes:
    """Find what differs between what is on AWS and what is to be released."""
    with run.output.step("Comparing with what is on AWS"):
        if stack.settle(run.aws.cloudformation, run.settings.stack, run.output.event):
            scene.foundation = find_foundation(run.aws.cloudformation, run.settings.stack)
        return find_changes(run.aws, scene.foundation, needed(scene.revision))


def describe(run: Run, revision: Revision, changes: Changes) -> dict[str, Any]:
    """Say the plan; give it for `--json`."""
    output = run.output
    output.say(f"{run.settings.stack} in {run.aws.region}: {revision.tag}", style="bold")
    _section(output, "foundation", changes.foundation)
    _section(output, "image", [f"+ build and push {changes.image}"] if changes.image else [])
    _section(output, "task definition", changes.task_definition)
    _section(output, "service", changes.service or (["~ a new rollout"] if changes.release else []))
    _section(output, "scaling", changes.scaling)
    for warning in changes.warnings:
        output.warn(warning)
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
        "warnings": changes.warnings,
    }


def _section(output: Output, title: str, lines: Sequence[object]) -> None:
    if lines:
        output.say(f"{title}:")
        output.say(bullet(lines))
    else:
        output.say(f"{title}: no change", style="dim")
