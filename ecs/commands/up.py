"""`up`: from the working tree to a healthy service."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import click
from botocore.exceptions import ClientError

from ecs.checks import Scene, needed
from ecs.commands.plan import allow_dirty_option, compare, describe
from ecs.commands.verify import shown
from ecs.errors import DeployError, NotAllowedError, in_words
from ecs.foundation import stack
from ecs.foundation.outputs import Foundation
from ecs.foundation.parameters import inputs
from ecs.release import image, scaling, scan, task
from ecs.release.changes import Changes
from ecs.release.revision import Revision
from ecs.release.rollout import Release
from ecs.release.smoke import UnreachableError, smoke, ways
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
    scene = _verified(run, allow_dirty=allow_dirty)
    revision = needed(scene.revision)
    changes = compare(run, scene)
    result = describe(run, revision, changes)
    if dry_run:
        return result
    if changes:
        run.output.confirm("Do this?", yes=yes)
    if changes.image:
        with run.output.step(f"Building {revision.tag} for {run.settings.docker_platform}"):
            record = image.build(run.aws, revision, pull=pull)
        run.output.say(f"SBOM and provenance: {record}")
    foundation = _bring_up_stack(run, scene.foundation, changes)
    if changes.image:
        with run.output.step("Pushing the image"):
            image.push(run.aws, foundation, revision)
    if changes.image or fail_on_findings:
        _show_findings(run, foundation, revision, waivers, needed=fail_on_findings)
    releasing = Release(run.aws, foundation, run.output, ignore_alarms)
    try:
        arn = _roll_out(run, releasing, scene, changes, yes=yes)
    except UnreachableError:  # it serves all the same
        _scale(run, foundation)
        raise
    _scale(run, foundation)
    run.output.done(f"{foundation.url} serves {revision.tag}" if changes else "Nothing to change")
    run.output.say(foundation.url, style="bold")
    return result | {"url": foundation.url, "task_definition_arn": arn}


def _verified(run: Run, *, allow_dirty: bool) -> Scene:
    """Make all checks; give what they found, or raise what failed, a missing permission before all else."""
    scene = Scene(run.aws, allow_dirty)
    errors = [check.error for check in shown(run.output, scene) if check.error]
    if errors:
        raise next((error for error in errors if isinstance(error, NotAllowedError)), errors[0])
    return scene


def _bring_up_stack(run: Run, foundation: Foundation | None, changes: Changes) -> Foundation:
    """Make or change the stack, where it is to change."""
    if foundation and not changes.foundation:
        return foundation
    given = inputs(run.settings)
    with run.output.step("Changing the stack" if foundation else "Making the stack"):
        return stack.apply(run.aws.cloudformation, run.settings.stack, given, run.output.event)


def _roll_out(run: Run, releasing: Release, scene: Scene, changes: Changes, *, yes: bool) -> str:
    """Roll the revision out, or test it again where it serves already; give its task definition."""
    aws, revision = run.aws, needed(scene.revision)
    wanted = task.task_definition(aws, releasing.foundation, revision)
    arn = task.find_same(aws, changes.serving, wanted) or task.register(aws, wanted, revision)

    def check() -> None:
        with run.output.step("Comparing the site's answers with the model's"):
            sites = ways(releasing.foundation, run.settings)
            count = smoke(sites, needed(scene.predictor), run.output.warn)
        run.output.done(f"{count} answers are the model's own")

    if changes.release or arn != changes.serving:
        releasing.make_way(arn, yes=yes)
        releasing.roll_out(arn, check)
    else:
        releasing.test_again(arn, check)
    return arn


def _scale(run: Run, foundation: Foundation) -> None:
    if scaling.compare(run.aws, foundation):
        scaling.apply(run.aws, foundation)
        run.output.done(f"Scaling from {run.settings.min_tasks} to {run.settings.max_tasks} tasks")


def _show_findings(
    run: Run, foundation: Foundation, revision: Revision, waivers: Mapping[str, scan.Waiver], *, needed: bool
) -> None:
    """Say what the registry's scan found; with `needed` stop where that is not good enough to release."""
    try:
        with run.output.step("Waiting for the registry's scan"):
            found = scan.findings(run.aws, foundation, revision.tag, needed=needed)
        counts = Counter(finding.severity.lower() for finding in found)
        listed = ", ".join(f"{count} {severity}" for severity, count in counts.items())
        run.output.say(f"The registry's scan found: {listed or 'nothing'}.")
        scan.refuse_critical(found, waivers, run.output.warn)
    except (DeployError, ClientError) as error:
        if needed:
            raise
        run.output.warn(str(in_words(error)))
