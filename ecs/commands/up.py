"""The `up` command: release the committed working tree to a healthy service."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import click
from botocore.exceptions import ClientError

from ecs.checks import CheckContext, require
from ecs.commands.plan import allow_dirty_option, compare_with_aws, print_plan
from ecs.commands.verify import print_checks
from ecs.errors import DeployError, NotAllowedError, translate
from ecs.foundation import stack
from ecs.foundation.parameters import template_inputs
from ecs.foundation.stack_outputs import Foundation
from ecs.release import image, scaling, scan, task, traffic
from ecs.release.pending_changes import PendingChanges
from ecs.release.rollout import Release
from ecs.release.smoke import UnreachableError, service_endpoints, smoke
from ecs.run import Run, command, dry_run_option, yes_option


@command(
    allow_dirty_option,
    click.option(
        "--fail-on-findings", is_flag=True, help="Stop if the registry's scan finds something critical."
    ),
    click.option(
        "--ignore-alarms", is_flag=True, help="For a fix: the alarms do not roll this one release back."
    ),
    click.option("--pull", is_flag=True, help="Build on the newest base image, fetched before."),
    dry_run_option,
    yes_option,
)
def up(  # noqa: PLR0913 - each is an option of the command
    run: Run,
    *,
    allow_dirty: bool,
    fail_on_findings: bool,
    ignore_alarms: bool,
    pull: bool,
    dry_run: bool,
    yes: bool,
) -> dict[str, Any]:
    """Deploy what is committed: verify, build, stack, push, rollout, smoke test, scaling.

    It can be run again at any time: it does only what is missing, and goes on where a run was cut off. A
    release that fails is rolled back, with its cause, a hint, and a file of evidence.
    """
    waivers = scan.read_waivers() if fail_on_findings else {}
    context = _verified(run, allow_dirty=allow_dirty)
    candidate = require(context.candidate)
    changes = compare_with_aws(run, context)
    result = print_plan(run, candidate, changes)
    if context.foundation:
        traffic.refuse_outage(run.aws, context.foundation, changes.foundation)
    if dry_run:
        return result
    if changes:
        run.output.confirm("Do this?", yes=yes)
    if changes.image:
        with run.output.step(f"Building {candidate.tag} for {run.settings.docker_platform}"):
            folder = image.build(run.aws, candidate, pull=pull)
        run.output.say(f"SBOM and provenance: {folder}")
    foundation = _bring_up_stack(run, context.foundation, changes)
    if changes.image:
        with run.output.step("Pushing the image"):
            image.push(run.aws, foundation, candidate)
    if changes.image or fail_on_findings:
        _show_findings(run, foundation, candidate.tag, waivers, required=fail_on_findings)
    releasing = Release(run.aws, foundation, run.output, ignore_alarms)
    try:
        arn = _roll_out(run, releasing, context, changes, yes=yes)
    except UnreachableError:  # the release serves, although nothing could be asked from here
        _scale(run, foundation)
        raise
    _scale(run, foundation)
    run.output.done(f"{foundation.url} serves {candidate.tag}" if changes else "Nothing to change")
    run.output.say(foundation.url, style="bold")
    return result | {"url": foundation.url, "task_definition_arn": arn}


def _verified(run: Run, *, allow_dirty: bool) -> CheckContext:
    """Run all checks and return what they found; raise the error of a failed one, permissions first."""
    context = CheckContext(run.aws, allow_dirty)
    errors = [check.error for check in print_checks(run.output, context) if check.error]
    if errors:
        raise next((error for error in errors if isinstance(error, NotAllowedError)), errors[0])
    return context


def _bring_up_stack(run: Run, foundation: Foundation | None, changes: PendingChanges) -> Foundation:
    """Create or update the stack where the plan has changes for it, and return its outputs."""
    if foundation and not changes.foundation:
        return foundation
    inputs = template_inputs(run.settings)
    with run.output.step("Changing the stack" if foundation else "Making the stack"):
        return stack.apply(run.aws.cloudformation, run.settings.stack, inputs, run.output.event)


def _roll_out(run: Run, releasing: Release, context: CheckContext, plan: PendingChanges, *, yes: bool) -> str:
    """Roll the candidate out, or only test it where it serves already; return its task definition's ARN."""
    aws, candidate = run.aws, require(context.candidate)
    wanted = task.task_definition(aws, releasing.foundation, candidate)
    arn = task.find_same(aws, plan.serving, wanted) or task.register(aws, wanted, candidate)

    def check(hidden: bool) -> None:
        whose = "the hidden tasks'" if hidden else "the site's"
        with run.output.step(f"Comparing {whose} answers with the model's"):
            endpoints = service_endpoints(releasing.foundation, run.settings, hidden=hidden)
            count = smoke(endpoints, require(context.predictor), run.output.warn)
        run.output.done(f"{count} answers are the model's own")

    if plan.release or arn != plan.serving:
        releasing.stop_other_deployment(arn, yes=yes)
        releasing.roll_out(arn, check)
    else:
        releasing.retest(arn, check)
    return arn


def _scale(run: Run, foundation: Foundation) -> None:
    if scaling.compare(run.aws, foundation):
        scaling.apply(run.aws, foundation)
        run.output.done(f"Scaling from {run.settings.min_tasks} to {run.settings.max_tasks} tasks")


def _show_findings(
    run: Run, foundation: Foundation, tag: str, waivers: Mapping[str, scan.Waiver], *, required: bool
) -> None:
    """Print what the registry's scan found; raise if it failed or is critical and `required`, else warn."""
    try:
        with run.output.step("Waiting for the registry's scan"):
            found = scan.wait_for_findings(run.aws, foundation, tag, required=required)
        counts = Counter(finding.severity.lower() for finding in found)
        listed = ", ".join(f"{count} {severity}" for severity, count in counts.items())
        run.output.say(f"The registry's scan found: {listed or 'nothing'}.")
        scan.refuse_critical(found, waivers, run.output.warn)
    except (DeployError, ClientError) as error:
        if required:
            raise
        run.output.warn(str(translate(error)))
