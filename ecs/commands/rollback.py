"""The `rollback` command: return the service to a revision that is marked as good."""

from typing import Any

import click

from ecs.errors import UsageError
from ecs.foundation.stack_outputs import Foundation
from ecs.release import history, image, service, service_deployment, task
from ecs.release.candidate import read_predictor
from ecs.release.rollout import Check, Release
from ecs.release.service_deployment import ServiceDeployment
from ecs.release.smoke import service_endpoints, smoke
from ecs.run import Run, command, dry_run_option, yes_option


@command(
    click.option("--to", "number", type=click.IntRange(1), help="This revision of the task definition."),
    dry_run_option,
    yes_option,
)
def rollback(run: Run, *, number: int | None, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Stop a rollout that is under way, or go back to the last good revision, or to one you name.

    A revision is good once it was deployed and passed the smoke test, until it fails or a rollback replaces
    it. Nothing is built, because the registry has the image.
    """
    foundation = run.foundation()
    serving = service.find(run.aws, foundation)
    if serving is None:
        raise UsageError("There is no service to roll back.", hint="Make it with: python -m ecs up.")
    releasing = Release(run.aws, foundation, run.output)
    under_way = service_deployment.ongoing(run.aws, foundation, serving)
    target = _choose(run, serving["taskDefinition"], under_way, number)
    arn = target["taskDefinitionArn"]
    leaving = (under_way and under_way.target) or serving["taskDefinition"]
    models = history.model_of(task.describe(run.aws, leaving) or {}), history.model_of(target)
    stops = under_way is not None and under_way.source == arn
    if stops:
        run.output.say("A rollout is under way; this stops it.")
    else:
        _refuse_missing_image(run, foundation, target)
    if history.is_bad(target):
        bad_since = history.tag_of(target, history.BAD)
        run.output.warn(f"{task.short(arn)} failed or was rolled back at {bad_since}.")
    run.output.say(
        f"{task.short(leaving)} → {task.short(arn)}: {task.image_tag(target)}, "
        f"good since {history.tag_of(target, history.GOOD) or 'never'}; "
        f"model {models[0] or 'unknown'} → {models[1] or 'unknown'}"
    )
    result: dict[str, Any] = {"from": leaving, "to": arn, "image_tag": task.image_tag(target)}
    result |= {"from_model": models[0], "to_model": models[1]}
    if dry_run:
        return result
    check = smoke_test(run, foundation, target)
    run.output.confirm("Do this?", yes=yes)
    if leaving != arn:
        history.mark_bad(run.aws, leaving, run.output.warn)
    if under_way and stops:
        releasing.stop(under_way)
    releasing.roll_out(arn, check)
    run.output.done(f"{foundation.url} serves {task.image_tag(target)}")
    return result | {"url": foundation.url}


def smoke_test(run: Run, foundation: Foundation, revision: dict[str, Any]) -> Check:
    """Return the smoke test of a revision, which compares predictions only if it has the local model."""
    predictor = read_predictor(run.settings)
    same = history.model_of(revision) == predictor.model_version

    def check(hidden: bool) -> None:
        endpoints = service_endpoints(foundation, run.settings, hidden=hidden)
        smoke(endpoints, predictor, run.output.warn, compare=same)

    return check


def _choose(run: Run, serving: str, ongoing: ServiceDeployment | None, number: int | None) -> dict[str, Any]:
    """Return the task definition to go back to; raise `UsageError` if there is none, or no such `number`."""
    by_arn = {item["taskDefinitionArn"]: item for item in history.revisions(run.aws)}
    if number is not None:
        found = next((item for item in by_arn.values() if item["revision"] == number), None)
        if found is None:
            known = ", ".join(
                f"{item['revision']}{' (good)' * history.is_good(item)}{' (bad)' * history.is_bad(item)}"
                for item in list(by_arn.values())[:10]
            )
            raise UsageError(f"There is no revision {number}.", hint=f"Choose from: {known}.")
        if found["taskDefinitionArn"] == serving and not ongoing:
            raise UsageError(f"Revision {number} is the one that serves.")
        return found
    if ongoing:
        source, goes_to = by_arn.get(ongoing.source or ""), by_arn.get(ongoing.target or "")
        if source and not history.is_bad(source):
            return source
        if goes_to and history.is_good(goes_to):  # an earlier rollback started this rollout
            return goes_to
    elif (served := by_arn.get(serving)) and history.is_unverified(served, by_arn.values()):
        run.output.say(
            f"{task.short(serving)} serves again; this only tests it. The next rollback goes further back."
        )
        return served
    arn = history.last_good(run.aws, besides=serving)
    if arn is None:
        raise UsageError(
            "There is no other good revision to go back to.",
            hint="Mend it and run up, which can replace a rollout under way; or name one with --to N.",
        )
    return by_arn[arn]


def _refuse_missing_image(run: Run, foundation: Foundation, target: dict[str, Any]) -> None:
    name = task.image_tag(target)
    if not image.is_pushed(run.aws, foundation, name):
        raise UsageError(
            f"The image {name} of this revision is no longer in the registry, which keeps the last 20 "
            "and the last 20 good ones.",
            hint="Choose a newer one with --to N, or check that commit out and run up.",
        )
