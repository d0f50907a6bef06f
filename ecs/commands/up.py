"""`up`: from the working tree to a healthy service."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import click
from botocore.exceptions import ClientError

from ecs.checks import Scene
from ecs.commands.plan import allow_dirty_option, compare, describe
from ecs.commands.verify import shown
from ecs.errors import DeployError, NotAllowedError, NotRolledBackError, in_words
from ecs.foundation import stack
from ecs.foundation.outputs import Foundation
from ecs.foundation.parameters import parameters, tags
from ecs.release import image, scaling, scan, task
from ecs.release.changes import Changes
from ecs.release.history import GOOD, mark_good, tag
from ecs.release.revision import Revision
from ecs.release.rollout import Release
from ecs.release.smoke import SmokeError, UnreachableError, smoke, ways
from ecs.run import Run, command, dry_run_option, yes_option


@command(
    allow_dirty_option,
    click.option(
        "--fail-on-findings", is_flag=True, help="Stop if the registry's scan finds something critical."
    ),
    dry_run_option,
    yes_option,
)
def up(run: Run, *, allow_dirty: bool, fail_on_findings: bool, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Deploy what is committed: verify, build, stack, push, rollout, smoke test, scaling.

    It can be run again at any time: it does only what is missing, and goes on where a run was cut off. A
    release that fails is rolled back, with its cause, a hint, and a file of evidence.
    """
    waivers = scan.read_waivers() if fail_on_findings else None
    scene = _verified(run, allow_dirty=allow_dirty)
    revision = scene.need_revision()
    changes = compare(run, scene)
    result = describe(run, revision, changes)
    if dry_run:
        return result
    if changes:
        run.output.confirm("Do this?", yes=yes)
    if changes.image:
        with run.output.step(f"Building {revision.tag} for {run.settings.docker_platform}"):
            image.build(run.aws, revision)
    foundation = _bring_up_stack(run, scene.foundation, changes)
    if changes.image:
        with run.output.step("Pushing the image"):
            image.push(run.aws, foundation, revision)
    if changes.image or fail_on_findings:
        _show_findings(run, foundation, revision, waivers)
    try:
        arn = _roll_out(run, foundation, scene, changes)
    except UnreachableError:  # it serves all the same
        _scale(run, foundation)
        raise
    _scale(run, foundation)
    run.output.done(f"{foundation.url} serves {revision.tag}" if changes else "Nothing to change")
    run.output.say(foundation.url, style="bold")
    return result | {"url": foundation.url, "task_definition_arn": arn}


def _verified(run: Run, *, allow_dirty: bool) -> Scene:
    """Make all checks; give what they found.

    Raises:
        DeployError: one failed; a missing permission before all else.
    """
    scene = Scene(run.aws, allow_dirty)
    errors = [check.error for check in shown(run.output, scene) if check.error]
    if errors:
        raise next((error for error in errors if isinstance(error, NotAllowedError)), errors[0])
    return scene


def _bring_up_stack(run: Run, foundation: Foundation | None, changes: Changes) -> Foundation:
    """Make or change the stack, where it is to change."""
    if foundation and not changes.foundation:
        return foundation
    run.output.say("Stack:")
    settings = run.settings
    return stack.apply(
        run.aws.cloudformation, settings.stack, parameters(settings), tags(settings), run.output.event
    )


def _roll_out(run: Run, foundation: Foundation, scene: Scene, changes: Changes) -> str:
    """Roll the revision out, or test it again where it serves already; give its task definition."""
    aws, revision = run.aws, scene.need_revision()
    wanted = task.task_definition(aws, foundation, revision)
    arn = task.find_same(aws, changes.serving, wanted) or task.register(aws, wanted, revision)
    releasing = Release(aws, foundation, run.output)

    def check() -> None:
        with run.output.step("Comparing the site's answers with the model's"):
            count = smoke(ways(foundation, run.settings), scene.need_predictor(), run.output.warn)
        run.output.done(f"{count} answers are the model's own")

    if changes.release or arn != changes.serving:
        rollout = releasing.start(arn)
        run.output.say(f"Rollout of {task.short(arn)}: deployment {rollout.identifier}")
        releasing.finish(rollout, check)
    else:
        _test_again(run, foundation, arn, check)
    return arn


def _test_again(run: Run, foundation: Foundation, arn: str, check: Callable[[], None]) -> None:
    """Test what serves already: an earlier run may have been cut off before it did."""
    try:
        check()
    except SmokeError as error:
        raise NotRolledBackError(
            f"Nothing is to change, and yet the smoke test fails: {error}.",
            hint="See what is wrong: python -m ecs status; go back with: python -m ecs rollback.",
        ) from error
    if (described := task.describe(run.aws.ecs, arn)) and not tag(described, GOOD):
        mark_good(run.aws, foundation, arn, run.output.warn)


def _scale(run: Run, foundation: Foundation) -> None:
    if scaling.compare(run.aws, foundation):
        scaling.apply(run.aws, foundation)
        run.output.done(f"Scaling from {run.settings.min_tasks} to {run.settings.max_tasks} tasks")


def _show_findings(
    run: Run, foundation: Foundation, revision: Revision, waivers: Mapping[str, scan.Waiver] | None
) -> None:
    """Say what the registry's scan found; with waivers, even none, stop at anything critical but those."""
    try:
        with run.output.step("Waiting for the registry's scan"):
            found = scan.findings(run.aws, foundation, revision.tag, needed=waivers is not None)
    except (DeployError, ClientError) as error:
        if waivers is not None:
            raise
        run.output.warn(str(error if isinstance(error, DeployError) else in_words(error)))
        return
    counts = Counter(finding.severity.lower() for finding in found)
    listed = ", ".join(f"{count} {severity}" for severity, count in counts.items())
    run.output.say(f"The registry's scan found: {listed or 'nothing'}.")
    if waivers is not None:
        scan.refuse_critical(found, waivers, run.output.warn)
