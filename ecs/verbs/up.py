"""`up`: from the working tree to a healthy service."""

from collections.abc import Callable
from typing import Any

import click

from ecs import image, scaling, service, stack, task
from ecs.changes import Changes, parameters, stack_tags
from ecs.cli import Run, dry_run_option, verb, yes_option
from ecs.errors import NotTakenBackError
from ecs.history import GOOD, mark_good, tag
from ecs.release import Release
from ecs.revision import Revision, read_predictor
from ecs.smoke import SmokeError, check_name, smoke
from ecs.stack import Foundation
from ecs.verbs.plan import allow_dirty_option, describe, planned
from ecs.verbs.verify import verified


@verb(
    allow_dirty_option,
    click.option(
        "--fail-on-findings", is_flag=True, help="Stop if the registry's scan finds something critical."
    ),
    dry_run_option,
    yes_option,
)
def up(run: Run, *, allow_dirty: bool, fail_on_findings: bool, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Deploy what is committed: verify, build, foundation, push, release, watch, smoke test.

    It can be run again at any time: it does only what is missing, and goes on where a run was cut off. A
    release that fails is taken back, with its cause, the cure, and a file of evidence.
    """
    _, errors = verified(run, allow_dirty=allow_dirty)
    if errors:
        raise next((error for error in errors if error.exit_code == 3), errors[0])
    foundation, revision, changes = planned(run, allow_dirty=allow_dirty)
    result = describe(run, revision, changes)
    if dry_run:
        return result
    if changes:
        run.output.confirm("Do this?", yes=yes)
    foundation, arn = release(run, foundation, revision, changes, fail_on_findings=fail_on_findings)
    run.output.done(f"{foundation.url} serves {revision.tag}" if changes else "Nothing to change")
    run.output.say(foundation.url, style="bold")
    return result | {"url": foundation.url, "task_definition_arn": arn}


def release(
    run: Run, foundation: Foundation | None, revision: Revision, changes: Changes, *, fail_on_findings: bool
) -> tuple[Foundation, str]:
    """Do what is missing, in order; give the foundation and what serves now."""
    aws, output = run.aws, run.output
    if changes.image:
        with output.step(f"Building {revision.tag} for {run.settings.docker_platform}"):
            image.build(aws, revision)
    if changes.foundation or foundation is None:
        output.say("Foundation:")
        foundation = stack.apply(
            aws.cloudformation,
            run.settings.stack,
            parameters(aws),
            stack_tags(aws),
            output.event,
        )
    if changes.image:
        with output.step("Pushing the image"):
            image.push(aws, foundation, revision)
    if changes.image or fail_on_findings:
        _show_findings(run, foundation, revision, fail_on_findings=fail_on_findings)
    wanted = task.task_definition(aws, foundation, revision)
    serving = _serving(run, foundation)
    arn = task.find_same(aws, serving, wanted) or task.register(aws, wanted, revision)
    releasing = Release(aws, foundation, output)

    def check() -> None:
        with output.step("Comparing the site's answers with the model's"):
            count = smoke(releasing.site, read_predictor())
        output.done(f"{count} answers are the model's own")

    check_name(run.settings, foundation)
    if changes.release or arn != serving:
        rollout = releasing.start(arn)
        output.say(f"Rollout of {task.short(arn)}: deployment {rollout.identifier}")
        releasing.finish(rollout, check)
    else:
        _check_again(run, arn, check)
    if scaling.compare(aws, foundation):
        scaling.apply(aws, foundation)
        output.done(f"Scaling from {run.settings.min_tasks} to {run.settings.max_tasks} tasks")
    return foundation, arn


def _serving(run: Run, foundation: Foundation) -> str | None:
    described = service.find(run.aws, foundation)
    return str(described["taskDefinition"]) if described else None


def _check_again(run: Run, arn: str, check: Callable[[], None]) -> None:
    """Smoke what serves already: an earlier run may have been cut off before it did."""
    try:
        check()
    except SmokeError as error:
        raise NotTakenBackError(
            f"Nothing is to change, and yet the smoke test fails: {error}.",
            cure="See what is wrong: python -m ecs status; go back with: python -m ecs rollback.",
        ) from error
    described = task.describe(run.aws.ecs, arn)
    if described and not tag(described, GOOD):
        mark_good(run.aws, arn)


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
