"""`rollback`: back to a revision that was good."""

from typing import Any

import click

from ecs.errors import UsageError
from ecs.foundation.outputs import Foundation
from ecs.release import deployment, image, service, task
from ecs.release.deployment import Deployment
from ecs.release.history import GOOD, LEFT, is_good, last_good, mark_left, revisions, tag, untested, was_left
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
    """Stop a rollout that is under way, or go back to the last good revision, or to one you name.

    Good is a revision that was deployed and passed the smoke test, and was not left since: by a rollback, or
    since it failed. Nothing is built: the registry has the image.
    """
    foundation = run.foundation()
    serving = service.find(run.aws, foundation)
    if serving is None:
        raise UsageError("There is no service to roll back.", hint="Make it with: python -m ecs up.")
    releasing = Release(run.aws, foundation, run.output)
    under_way = deployment.ongoing(run.aws, foundation, serving)
    target = _target(run, serving["taskDefinition"], under_way, number)
    arn = target["taskDefinitionArn"]
    leaving = (under_way and under_way.target) or serving["taskDefinition"]
    stops = under_way is not None and under_way.source == arn
    if stops:
        run.output.say("A rollout is under way; this stops it.")
    else:
        _refuse_missing_image(run, foundation, target)
    if was_left(target):
        run.output.warn(f"{task.short(arn)} failed or was left by a rollback, at {tag(target, LEFT)}.")
    run.output.say(
        f"{task.short(leaving)} → {task.short(arn)}: {task.image_tag(target)}, "
        f"good since {tag(target, GOOD) or 'never'}"
    )
    result = {"from": leaving, "to": arn, "image_tag": task.image_tag(target)}
    if dry_run:
        return result
    predictor = read_predictor()
    run.output.confirm("Do this?", yes=yes)

    def check() -> None:
        same = tag(target, "ModelVersion") == predictor.model_version  # else there is none to compare with
        smoke(ways(foundation, run.settings), predictor, run.output.warn, compare=same)

    if leaving != arn:
        mark_left(run.aws, leaving, run.output.warn)
    if under_way and stops:
        releasing.stop(under_way)
    releasing.roll_out(arn, check)
    run.output.done(f"{foundation.url} serves {task.image_tag(target)}")
    return result | {"url": foundation.url}


def _target(run: Run, serving: str, under_way: Deployment | None, number: int | None) -> dict[str, Any]:
    """Choose the revision to go to: of a rollout under way what it came from, unless that was left as bad."""
    there = {item["taskDefinitionArn"]: item for item in revisions(run.aws)}
    if number is not None:
        found = next((item for item in there.values() if item["revision"] == number), None)
        if found is None:
            known = ", ".join(
                f"{item['revision']}{' (good)' * is_good(item)}{' (left)' * was_left(item)}"
                for item in list(there.values())[:10]
            )
            raise UsageError(f"There is no revision {number}.", hint=f"Choose from: {known}.")
        if found["taskDefinitionArn"] == serving and not under_way:
            raise UsageError(f"Revision {number} is the one that serves.")
        return found
    if under_way:
        source, goes_to = there.get(under_way.source or ""), there.get(under_way.target or "")
        if source and not was_left(source):
            return source
        if goes_to and is_good(goes_to):  # the rollout of a rollback that was cut off
            return goes_to
    elif (served := there.get(serving)) and untested(served, there.values()):  # a rollback was cut off
        run.output.say(f"{task.short(serving)} is back already; this tests it. The next goes further back.")
        return served
    arn = last_good(run.aws, but=serving)
    if arn is None:
        raise UsageError(
            "There is no other good revision to go back to.",
            hint="Mend it and run up, which can replace a rollout under way; or name one with --to N.",
        )
    return there[arn]


def _refuse_missing_image(run: Run, foundation: Foundation, target: dict[str, Any]) -> None:
    name = task.image_tag(target)
    if not image.is_pushed(run.aws, foundation, name):
        raise UsageError(
            f"The image {name} of this revision is no longer in the registry, which keeps the last 20 "
            "and the last 20 good ones.",
            hint="Choose a newer one with --to N, or check that commit out and run up.",
        )
