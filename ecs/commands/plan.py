"""The `plan` command: show what `up` would change."""

from collections.abc import Sequence
from typing import Any

import click

from ecs.checks import CheckContext, read_context, require
from ecs.errors import AWS_ERRORS, DeployError, translate
from ecs.foundation import stack
from ecs.foundation.changeset import ResourceChange
from ecs.foundation.drift import find_drift
from ecs.foundation.stack import find_foundation
from ecs.output import Output, bullet
from ecs.release.candidate import Candidate
from ecs.release.pending_changes import PendingChanges, find_pending_changes
from ecs.release.view import model_line
from ecs.run import Run, command

allow_dirty_option = click.option(
    "--allow-dirty", is_flag=True, help="Release uncommitted changes, under a tag made from their content."
)


@command(allow_dirty_option)
def plan(run: Run, *, allow_dirty: bool) -> dict[str, Any]:
    """Show what `up` would change, and what was changed by hand; change nothing, leave nothing.

    The stack's changes come from a CloudFormation change set, which is deleted again; what was changed by
    hand, which `up` leaves as it is, from its drift detection.
    """
    context = read_context(run.aws, allow_dirty=allow_dirty)
    plan = print_plan(run, require(context.candidate), compare_with_aws(run, context))
    return plan | {"drift": print_drift(run) if context.foundation else None}


def print_drift(run: Run) -> list[ResourceChange] | None:
    """Print and return what was changed by hand; warn, and return None, if that could not be looked at."""
    try:
        with run.output.step("Looking for what was changed by hand"):
            drift, left_out = find_drift(run.aws.cloudformation, run.settings.stack)
    except (DeployError, *AWS_ERRORS) as error:
        run.output.warn(f"What was changed by hand in the stack is not known. {translate(error)}")
        return None
    _section(run.output, "changed by hand", drift)
    if left_out:
        run.output.warn(f"Not all of the stack could be compared. {left_out}")
    return drift


def compare_with_aws(run: Run, context: CheckContext) -> PendingChanges:
    """Compare AWS with the candidate, after any operation under way on the stack has ended."""
    with run.output.step("Comparing with what is on AWS"):
        if stack.wait_until_idle(run.aws.cloudformation, run.settings.stack, run.output.event):
            context.foundation = find_foundation(run.aws.cloudformation, run.settings.stack)
        return find_pending_changes(run.aws, context.foundation, require(context.candidate))


def print_plan(run: Run, candidate: Candidate, changes: PendingChanges) -> dict[str, Any]:
    """Print the plan, and return it as the object that `--json` prints."""
    output = run.output
    output.say(f"{run.settings.stack} in {run.aws.region}: {candidate.tag}", style="bold")
    output.say(model_line(changes.model, candidate.model))
    _section(output, "stack", changes.foundation)
    _section(output, "image", [f"+ build and push {changes.image}"] if changes.image else [])
    _section(output, "task definition", changes.task_definition)
    _section(output, "service", changes.service or (["~ a new rollout"] if changes.release else []))
    _section(output, "scaling", changes.scaling)
    output.warn(*changes.warnings)
    return {
        "stack": run.settings.stack,
        "region": run.aws.region,
        "image_tag": candidate.tag,
        "from_model": changes.model,
        "to_model": candidate.model,
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
