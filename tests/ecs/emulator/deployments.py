"""Rolling deployments as ECS runs them: failures counted, alarms watched, and bake time.

ministack starts the tasks of a deployment and stops those of the one before. This module and `rollback` end
deployments. Each has a record (`records`), from which the calls on service deployments are answered.
"""

import time
from typing import Any

from ministack.core.concurrency import resource_lock, spawn_background
from ministack.services import cloudwatch, ecs

from tests.ecs.emulator import blue_green, records, service_deployments
from tests.ecs.emulator.control import CONTROLS
from tests.ecs.emulator.records import Record
from tests.ecs.emulator.rollback import fail, make, stop
from tests.ecs.emulator.targets import say

WATCH_SECONDS = 0.1
RELAUNCH_SECONDS = 1.0
"""ECS waits ever longer before it starts a failed task anew. Here it must only not start them in a rush."""

_original_reconcile = ecs._reconcile_service_tasks


def install() -> None:
    ecs._make_deployment = make
    ecs._reconcile_service_tasks = reconcile
    ecs._complete_service_deployment = complete
    ecs._record_service_task_failure = task_failed
    blue_green.install()
    service_deployments.install(stop)


def reconcile(cluster: str, key: str) -> None:
    """Create the record of a new deployment before ministack starts its tasks."""
    with records.CHANGING:
        service = ecs._services.get(key)
        primary = ecs._primary_deployment(service) if service else None
        if primary and not records.of(service, primary):
            begun = _begin(service, primary)
            _make_room(cluster, service)
            if begun.alarms == "MONITORING":
                spawn_background(_watch_alarms, key, service, primary, begun)
        _original_reconcile(cluster, key)


def _make_room(cluster: str, service: dict[str, Any]) -> None:
    """When another deployment begins, stop the tasks that were never healthy before the healthy ones.

    Stop those too that another blue/green deployment has left in the target group of this one.
    """
    primary = ecs._primary_deployment(service)
    group = service["_groups"][primary["id"]] if blue_green.is_blue_green(service) else None
    for arn, task in _tasks(service).items():
        if not task.get("_startup_stable") or blue_green.group_of(service, task) == group:
            ecs._stop_task({"task": arn, "cluster": cluster, "reason": "Service deployment was replaced"})


def _begin(service: dict[str, Any], primary: dict[str, Any]) -> Record:
    for unfinished in records.unfinished(service):
        unfinished.end("STOPPED", "A new service deployment started.")
    blue_green.choose_group(service, primary)
    return records.begin(service, primary, ringing(_alarm_names(service)))


def _alarm_names(service: dict[str, Any]) -> list[str]:
    alarms = service["deploymentConfiguration"].get("alarms") or {}
    return list(alarms.get("alarmNames", [])) if alarms.get("enable") else []


def ringing(names: list[str]) -> list[str]:
    """Return the alarms that are in the state ALARM."""
    alarms = {name: cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name) for name in names}
    return [name for name, alarm in alarms.items() if alarm and alarm["StateValue"] == "ALARM"]


def _watch_alarms(key: str, service: dict[str, Any], primary: dict[str, Any], record: Record) -> None:
    alarms = record.configuration["alarms"]
    while record.status == "IN_PROGRESS":
        if triggered := ringing(alarms["alarmNames"]):
            record.alarms, record.triggered = "TRIGGERED", triggered
            fail(key, service, primary, record, "alarm detected", rollback=alarms["rollback"])
            return
        time.sleep(WATCH_SECONDS)


def task_failed(task: dict[str, Any], digest_resolution_failed: bool = False) -> None:
    """Count a failed task, then start another or fail the deployment by its circuit breaker."""
    cluster = ecs._cluster_name_from_arn(task.get("clusterArn", ""))
    kind, _, name = task.get("group", "").partition(":")
    if digest_resolution_failed or kind != "service":
        return
    key = f"{cluster}/{name}"
    service = ecs._services.get(key)
    if not service or service["status"] != "ACTIVE":
        return
    with resource_lock("ecs-service", key):
        deployment, primary = ecs._deployment_for_task(service, task), ecs._primary_deployment(service)
        if deployment is not primary or not primary:
            return
        under_way = primary["rolloutState"] == "IN_PROGRESS"
        primary["failedTasks"] = int(primary.get("failedTasks", 0)) + under_way
    record = records.of(service, primary)
    failed = under_way and primary["failedTasks"] >= ecs._circuit_breaker_threshold(service)
    breaker = (record.configuration.get("deploymentCircuitBreaker") if record else None) or {}
    if record and failed and breaker.get("enable"):
        record.breaker = "TRIGGERED"
        fail(key, service, primary, record, "tasks failed to start", rollback=breaker["rollback"])
    else:
        time.sleep(RELAUNCH_SECONDS)
        ecs._reconcile_service_tasks(cluster, key)


def complete(cluster: str, key: str, expected_deployment_id: str | None = None) -> None:
    """End a deployment whose tasks all run: stop the old tasks, wait for the bake time, complete it."""
    service = ecs._services.get(key)
    if not service or service["status"] != "ACTIVE":
        return
    with resource_lock("ecs-service", key):
        primary = ecs._primary_deployment(service)
        if (
            not primary
            or primary["rolloutState"] != "IN_PROGRESS"
            or primary.get("_baking")
            or expected_deployment_id not in {None, primary["id"]}
            or _stable(service, primary) < service["desiredCount"]
        ):
            return
        primary["_baking"] = True
    record = records.of(service, primary)
    assert record
    if blue_green.is_blue_green(service) and not record.rollback:
        spawn_background(_test_and_bake, cluster, key, service, primary, record)
    else:
        _stop_others(cluster, key, service, primary)
        spawn_background(_bake, key, service, primary)


def _test_and_bake(
    cluster: str, key: str, service: dict[str, Any], primary: dict[str, Any], record: Record
) -> None:
    """Lead a blue/green deployment through its stages; the tasks before it run until its bake time ends."""
    if why := blue_green.test_and_shift(service, primary, record):
        primary.pop("_baking")
        fail(key, service, primary, record, why, rollback=True)
        return
    _wait(primary, bake_seconds(record))
    if primary["rolloutState"] == "IN_PROGRESS" and primary is ecs._primary_deployment(service):
        record.stage = "CLEAN_UP"
        _stop_others(cluster, key, service, primary)
    _finish(key, service, primary, record)


def _stop_others(cluster: str, key: str, service: dict[str, Any], primary: dict[str, Any]) -> None:
    others = [arn for arn, task in _tasks(service).items() if task.get("_deployment_id") != primary["id"]]
    for arn in others:
        reason = f"Scaling activity initiated by (deployment {primary['id']})"
        ecs._stop_task({"task": arn, "cluster": cluster, "reason": reason})
    with resource_lock("ecs-service", key):
        service["deployments"] = [primary]
    ecs._refresh_service_state(cluster, f"service:{service['serviceName']}")


def _tasks(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the tasks of a service that are not stopped, by ARN."""
    return {
        arn: task
        for arn, task in ecs._tasks.items()
        if task.get("group") == f"service:{service['serviceName']}"
        and task.get("clusterArn") == service["clusterArn"]
        and task.get("lastStatus") in ecs._PRE_STOP_STATUSES
    }


def _stable(service: dict[str, Any], deployment: dict[str, Any]) -> int:
    return sum(
        task.get("_deployment_id") == deployment["id"]
        and task["lastStatus"] == "RUNNING"
        and bool(task.get("_startup_stable"))
        for task in _tasks(service).values()
    )


def _bake(key: str, service: dict[str, Any], primary: dict[str, Any]) -> None:
    """Wait for the bake time, then complete the deployment unless it has failed meanwhile."""
    record = records.of(service, primary)
    assert record
    _wait(primary, bake_seconds(record))
    _finish(key, service, primary, record)


def _wait(primary: dict[str, Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and primary["rolloutState"] == "IN_PROGRESS":
        time.sleep(WATCH_SECONDS)


def _finish(key: str, service: dict[str, Any], primary: dict[str, Any], record: Record) -> None:
    """Complete a deployment, unless it has failed or was replaced meanwhile."""
    with resource_lock("ecs-service", key):
        primary.pop("_baking")
        if primary["rolloutState"] != "IN_PROGRESS" or primary is not ecs._primary_deployment(service):
            return
        primary["rolloutState"] = "COMPLETED"
        primary["rolloutStateReason"] = f"ECS deployment {primary['id']} completed."
        primary["updatedAt"] = ecs._iso()
        record.complete()
        say(service, "has reached a steady state.")
        say(service, f"(deployment {primary['id']}) deployment completed.")


def bake_seconds(record: Record) -> float:
    """Return the bake time in seconds: as configured, or ECS's default if it watches alarms."""
    minutes = record.configuration.get("bakeTimeInMinutes")
    if record.rollback:
        return 0
    if minutes is not None:
        return float(minutes) * CONTROLS.minute_seconds
    return CONTROLS.bake_seconds if record.alarms == "MONITORING" else 0
