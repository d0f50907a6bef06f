"""How a deployment fails: by ECS's own verdict or by a stop, with the way back to the last good revision."""

from typing import Any

from ministack.core.concurrency import resource_lock, spawn_background
from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from tests.ecs.emulator import records
from tests.ecs.emulator.records import Record
from tests.ecs.emulator.targets import say

STOPPED_BY_USER = "Service deployment rolled back because of a request to stop it."

_original_make = ecs._make_deployment


def make(definition: str, desired: int, status: str = "PRIMARY") -> dict[str, Any]:
    """Make a deployment that is under way as long as it has tasks to start, the first of a service too."""
    made: dict[str, Any] = _original_make(definition, desired, status)
    # The digest of an image is not asked for: podman has no such call, and the tag is immutable.
    made["_image_resolution_disabled"] = True
    if desired:
        made["rolloutState"] = "IN_PROGRESS"
        made["rolloutStateReason"] = f"ECS deployment {made['id']} in progress."
    return made


def stop(key: str, service: dict[str, Any], record: Record, stop_type: str) -> None:
    """Stop a deployment that is under way, as StopServiceDeployment asks."""
    primary = ecs._primary_deployment(service)
    record.status = "ROLLBACK_REQUESTED" if stop_type == "ROLLBACK" else "STOP_REQUESTED"
    record.reason = STOPPED_BY_USER
    rollback = stop_type == "ROLLBACK"
    spawn_background(fail, key, service, primary, record, "stopped by request", rollback=rollback)


def fail(
    key: str, service: dict[str, Any], deployment: dict[str, Any], record: Record, why: str, *, rollback: bool
) -> None:
    """Fail a deployment; go back to the last revision that completed, where that is wanted and there is one.

    AWS does not say what becomes of a deployment that is to be rolled back where none completed before: here
    it is stopped. A rollback that fails itself is ROLLBACK_FAILED.
    """
    with resource_lock("ecs-service", key):
        if deployment["rolloutState"] != "IN_PROGRESS" or deployment is not ecs._primary_deployment(service):
            return
        # "Failed" is what ECS says of its own verdicts; how a stop by a person reads, AWS does not say.
        deployment["rolloutState"] = "FAILED"
        deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} failed: {why}."
        deployment["desiredCount"] = 0
        say(service, f"(deployment {deployment['id']}) deployment failed: {why}.")
        back_to = records.last_completed(service)
        if record.rollback:
            record.end("ROLLBACK_FAILED", f"The rollback failed: {why}.")
        elif rollback and back_to:
            _go_back(service, deployment, record, back_to, why)
        else:
            record.end("STOPPED", f"The service deployment failed: {why}.")
    cluster = key.partition("/")[0]
    ecs._reconcile_service_tasks(cluster, key)
    ecs._schedule_service_deployment_completion(cluster, key, get_account_id(), get_region())


def _go_back(
    service: dict[str, Any], failed: dict[str, Any], record: Record, back_to: dict[str, Any], why: str
) -> None:
    """Make the deployment before the primary one again: the same where its tasks still run, or a new one."""
    arn = back_to["serviceRevisionArn"]
    found = (item for item in service["deployments"] if item is not failed and item.get("_revision") == arn)
    primary = next(found, None) or make(back_to["taskDefinition"], service["desiredCount"])
    primary |= {
        "status": "PRIMARY",
        "desiredCount": service["desiredCount"],
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"{failed['rolloutStateReason']} Rolling back to {primary['id']}.",
        "failedTasks": 0,
        "updatedAt": ecs._iso(),
        "_revision": arn,
    }
    failed["status"] = "ACTIVE"
    others = [item for item in service["deployments"] if item is not primary]
    record.go_back(arn, primary, f"Service deployment rolled back: {why}.")
    service |= {"deployments": [primary, *others], **{field: back_to[field] for field in records.CAPTURED}}
    say(service, f"rolling back to deployment {primary['id']}.")
