"""`up`: from the working tree to a healthy service."""

from collections.abc import Callable
from typing import Any

import click

from ecs.checks import Scene
from ecs.commands.plan import allow_dirty_option, compare, describe
from ecs.commands.verify import shown
from ecs.errors import NotAllowedError, NotRolledBackError
from ecs.foundation import stack
from ecs.foundation.outputs import Foundation
from ecs.foundation.parameters import parameters, tags
from ecs.release import image, scaling, task
from ecs.release.changes import Changes
from ecs.release.history import GOOD, mark_good, tag
from ecs.release.revision import Revision
from ecs.release.rollout import Release
from ecs.release.smoke import SmokeError, check_name, smoke
from ecs.run import Run, command, dry_run_option, yes_option


@command(
    allow_dirty_option,
    click.option(
        "--fail-on-findings", is_flag=True, help="Stop if the registry's scan finds something critical."
    ),
    click.option("--pull", is_flag=True, help="Build on the newest base image, fetched before."),
    dry_run_option,
    yes_option,
)
def up(  # noqa: PLR0913 - each is an option of the command
    run: Run, *, allow_dirty: bool, fail_on_findings: bool, pull: bool, dry_run: bool, yes: bool
) -> dict[str, Any]:
    """Deploy what is committed: verify, build, stack, push, rollout, smoke test, scaling.

    It can be run again at any time: it does only what is missing, and goes on where a run was cut off. A
    release that fails is rolled back, with its cause, a hint, and a file of evidence.
    """
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
            record = image.build(run.aws, revision, pull=pull)
        run.output.say(f"SBOM and provenance: {record}")
    foundation = _bring_up_stack(run, scene.foundation, changes)
    if changes.image:
        with run.output.step("Pushing the image"):
            image.push(run.aws, foundation, revision)
    if changes.image or fail_on_findings:
        _show_findings(run, foundation, revision, fail_on_findings=fail_on_findings)
    check_name(run.settings, foundation)
    arn = _roll_out(run, foundation, scene, changes)
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
            count = smoke(releasing.site, scene.need_predictor())
        run.output.done(f"{count} answers are the model's own")

    if changes.release or arn != changes.serving:
        rollout = releasing.start(arn)
        run.output.say(f"Rollout of {task.short(arn)}: deployment {rollout.identifier}")
        releasing.finish(rollout, check)
    else:
        _test_again(run, arn, check)
    return arn


def _test_again(run: Run, arn: str, check: Callable[[], None]) -> None:
    """Test what serves already: an earlier run may have been cut off before it did."""
    try:
        check()
    except SmokeError as error:
        raise NotRolledBackError(
            f"Nothing is to change, and yet the smoke test fails: {error}.",
            hint="See what is wrong: python -m ecs status; go back with: python -m ecs rollback.",
        ) from error
    if (described := task.describe(run.aws.ecs, arn)) and not tag(described, GOOD):
        mark_good(run.aws, arn)


def _scale(run: Run, foundation: Foundation) -> None:
    if scaling.compare(run.aws, foundation):
        scaling.apply(run.aws, foundation)
        run.output.done(f"Scaling from {run.settings.min_tasks} to {run.settings.max_tasks} tasks")


def _show_findings(run: Run, foundation: Foundation, revision: Revision, *, fail_on_findings: bool) -> None:
    with run.output.step("Waiting for the registry's scan"):
        counts = image.findings(run.aws, foundation, revision.tag, needed=fail_on_findings)
    if counts is None:
        run.output.say("The registry has no scan of the image.")
    else:
        listed = ", ".join(f"{count} {severity.lower()}" for severity, count in counts.items())
        run.output.say(f"The registry's scan found: {listed or 'nothing'}.")
    if fail_on_findings:
        image.refuse_critical(counts)
