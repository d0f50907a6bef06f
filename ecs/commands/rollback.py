"""`rollback`: back to a revision that was good."""

from typing import Any

import click

from ecs.errors import UsageError
from ecs.foundation.outputs import Foundation
from ecs.release import image, service, task
from ecs.release.history import GOOD, last_good, revisions, tag
from ecs.release.revision import read_predictor
from ecs.release.rollout import Release
from ecs.release.smoke import smoke, ways
from ecs.run import Run, command, dry_run_option, yes_option


@command(
    click.option("--to", "number", type=click.IntRange(1), help="This revision of the task definition."),
    dry_run_option,
    yes_option,
)
def rollback(run: Run, *, number: int | None, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Go back to the last good revision, or to one you name.

    Good is a revision that was deployed and passed the smoke test. Nothing is built: the registry has the
    image.
    """
    foundation = run.foundation()
    serving = service.find(run.aws, foundation)
    if serving is None:
        raise UsageError("There is no service to roll back.", hint="Make it with: python -m ecs up.")
    target = _target(run, serving["taskDefinition"], number)
    arn = target["taskDefinitionArn"]
    _refuse_missing_image(run, foundation, target)
    run.output.say(
        f"{task.short(serving['taskDefinition'])} → {task.short(arn)}: {task.image_tag(target)}, "
        f"good since {tag(target, GOOD) or 'never'}"
    )
    result = {"from": serving["taskDefinition"], "to": arn, "image_tag": task.image_tag(target)}
    if dry_run:
        return result
    run.output.confirm("Do this?", yes=yes)
    releasing = Release(run.aws, foundation, run.output)

    def check() -> None:
        predictor = read_predictor()
        same = tag(target, "ModelVersion") == predictor.model_version  # else there is none to compare with
        smoke(ways(foundation, run.settings), predictor, run.output.warn, compare=same)

    releasing.finish(releasing.start(arn), check)
    run.output.done(f"{foundation.url} serves {task.image_tag(target)}")
    return result | {"url": foundation.url}


def _target(run: Run, serving: str, number: int | None) -> dict[str, Any]:
    there = revisions(run.aws)
    if number is not None:
        found = next((item for item in there if item["revision"] == number), None)
        if found is None:
            known = ", ".join(f"{item['revision']}{' (good)' * bool(tag(item, GOOD))}" for item in there[:10])
            raise UsageError(f"There is no revision {number}.", hint=f"Choose from: {known}.")
        if found["taskDefinitionArn"] == serving:
            raise UsageError(f"Revision {number} is the one that serves.")
        return found
    arn = last_good(run.aws, but=serving)
    if arn is None:
        raise UsageError(
            "No other revision was good yet.", hint="Name one with --to N, or mend it and run up."
        )
    return next(item for item in there if item["taskDefinitionArn"] == arn)


def _refuse_missing_image(run: Run, foundation: Foundation, target: dict[str, Any]) -> None:
    name = task.image_tag(target)
    if not image.is_pushed(run.aws, foundation, name):
        raise UsageError(
            f"The image {name} of this revision is no longer in the registry, which keeps the last 20 "
            "and the last 20 good ones.",
            hint="Choose a newer one with --to N, or check that commit out and run up.",
        )
