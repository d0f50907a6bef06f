"""The `redeploy` command: replace the tasks of the serving revision by new ones."""

from typing import Any

from ecs.commands.rollback import smoke_test
from ecs.errors import UsageError
from ecs.release import history, service, service_deployment, task
from ecs.release.rollout import Release
from ecs.run import Run, command, dry_run_option, yes_option


@command(dry_run_option, yes_option)
def redeploy(run: Run, *, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Replace the tasks by new ones of the same revision, with nothing else changed.

    For secrets with a new value, or tasks that misbehave. It is watched and tested like a release; if it
    fails, the old tasks go on, and the revision does not count as bad.
    """
    foundation = run.foundation()
    serving = service.find(run.aws, foundation)
    if not serving or not serving["desiredCount"]:
        raise UsageError("No service runs that could be redeployed.", hint="Make it with: python -m ecs up.")
    if under_way := service_deployment.ongoing(run.aws, foundation, serving):
        raise UsageError(
            f"Another deployment is under way, of {task.short(under_way.target)}.",
            hint="Wait for its end (python -m ecs status --watch), or stop it: python -m ecs rollback.",
        )
    arn = serving["taskDefinition"]
    revision = task.describe(run.aws, arn) or {}
    model = history.model_of(revision)
    run.output.say(f"{task.short(arn)} with model {model or 'unknown'}: {serving['desiredCount']} new tasks")
    result = {"task_definition_arn": arn, "model": model, "tasks": serving["desiredCount"]}
    if dry_run:
        return result
    check = smoke_test(run, foundation, revision)
    run.output.confirm("Do this?", yes=yes)
    Release(run.aws, foundation, run.output).roll_out(arn, check, again=True)
    run.output.done(f"{foundation.url} serves {task.short(arn)} from new tasks")
    return result | {"url": foundation.url}
