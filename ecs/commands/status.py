"""The `status` command: show the service, its tasks, the alarms and the last events."""

import time
from contextlib import suppress
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from ecs.errors import UsageError
from ecs.foundation.stack_outputs import Foundation
from ecs.release import service as services
from ecs.release import task
from ecs.release.candidate import read_predictor
from ecs.release.history import BAD, GOOD, is_bad, is_good, model_of, tag_of
from ecs.release.snapshot import Snapshot, take_snapshot
from ecs.release.view import alarm_lines, event_lines, model_line, tasks_table
from ecs.release.warnings import find_warnings
from ecs.run import Run, command

REFRESH_SECONDS = 5.0


@command(click.option("--watch", is_flag=True, help="Go on, every 5 s, until Ctrl-C."))
def status(run: Run, *, watch: bool) -> dict[str, Any]:
    """Show what serves, since when, its tasks, their health, the alarms and the last events."""
    if watch:
        run.output.refuse_json("--watch")
    foundation = run.foundation()
    if not watch:
        snapshot, state = _read(run, foundation)
        run.output.console.print(dashboard(snapshot, state))
        warnings = find_warnings(run.aws, foundation)
        run.output.warn(*warnings)
        return state | {"warnings": warnings}
    with suppress(KeyboardInterrupt), run.output.live(screen=True) as live:
        while True:
            drawn = dashboard(*_read(run, foundation))
            (live.update if live else run.output.console.print)(drawn)
            time.sleep(REFRESH_SECONDS)
    return {}


def _read(run: Run, foundation: Foundation) -> tuple[Snapshot, dict[str, Any]]:
    """Read the service with its tasks, and its state (`facts`); `UsageError` where there is no service."""
    snapshot = take_snapshot(run.aws, foundation)
    if snapshot is None:
        raise UsageError(
            f"The foundation {run.settings.stack} is there, and no service in it.",
            hint="Make it with: python -m ecs up.",
        )
    return snapshot, facts(run, foundation, snapshot)


def facts(run: Run, foundation: Foundation, snapshot: Snapshot) -> dict[str, Any]:
    """Return the state of the service as the object that `--json` prints."""
    service, local_model = snapshot.service, None
    revision = task.describe(run.aws, service["taskDefinition"]) or {}
    with suppress(UsageError):  # a missing or damaged model here
        local_model = read_predictor(run.settings).model_version
    deployment = services.primary_deployment(service)
    return {
        "url": foundation.url,
        "task_definition": service["taskDefinition"],
        "image_tag": task.image_tag(revision) if revision else None,
        "revision": tag_of(revision, "Revision"),
        "model_version": model_of(revision),
        "local_model_version": local_model,
        "good_since": tag_of(revision, GOOD) if is_good(revision) else None,
        "left_since": tag_of(revision, BAD) if is_bad(revision) else None,
        "rollout": deployment.get("rolloutState"),
        "desired": service["desiredCount"],
        "running": service["runningCount"],
        "pending": service["pendingCount"],
        "healthy": sum(item["TargetHealth"]["State"] == "healthy" for item in snapshot.targets),
        "alarms": {alarm["AlarmName"]: alarm["StateValue"] for alarm in snapshot.alarms},
        "tasks": [
            {
                "task": task.short(item["taskArn"]),
                "task_definition": task.short(item["taskDefinitionArn"]),
                "state": item.get("lastStatus"),
                "zone": item.get("availabilityZone"),
                "balancer": snapshot.target_state(item) or None,
                "stopped_reason": item.get("stoppedReason"),
            }
            for item in snapshot.tasks
        ],
        "events": [event["message"] for event in service.get("events", [])[:10]],
    }


def dashboard(snapshot: Snapshot, state: dict[str, Any]) -> RenderableType:
    """Return the state of the service as a dashboard for the terminal."""
    bad = f"failed or rolled back at {state['left_since']}" if state["left_since"] else "not verified"
    verdict = f"good since {state['good_since']}" if state["good_since"] else bad
    return Group(
        Text(state["url"], style="bold"),
        Text(f"{task.short(state['task_definition'])}  {state['image_tag']}  {verdict}"),
        Text(model_line(state["model_version"], state["local_model_version"])),
        Text(
            f"rollout {str(state['rollout']).lower().replace('_', ' ')}; tasks: {state['desired']} desired, "
            f"{state['running']} running, {state['pending']} pending, {state['healthy']} healthy"
        ),
        Text(),
        tasks_table(snapshot, stopped=5),
        Text(),
        *alarm_lines(snapshot),
        Text(),
        *event_lines(snapshot, 8),
    )
