"""Failing and stopped deployments, and the rollback to the last revision that completed."""

import json
from typing import Any

from ministack.core.concurrency import resource_lock, spawn_background
from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs, eventbridge

from tests.ecs.emulator import blue_green, records
from tests.ecs.emulator.records import Record
from tests.ecs.emulator.targets import say

STOPPED_BY_USER = "Service deployment rolled back because of a request to stop it."

STOP_REQUESTED = "stopped by request"

_original_make = ecs._make_deployment


def make(definition: str, desired: int, status: str = "PRIMARY") -> dict[str, Any]:
    """Make a deployment, which is in progress while tasks are to be started, even a service's first."""
    made: dict[str, Any] = _original_make(definition, desired, status)
    # The digest of the image is not resolved: podman has no such call, and the tag is immutable.
    made["_image_resolution_disabled"] = True
    if desired:
        made["rolloutState"] = "IN_PROGRESS"
        made["rolloutStateReason"] = f"ECS deployment {made['id']} in progress."
    return made


def stop(key: str, service: dict[str, Any], record: Record, stop_type: str) -> None:
    """Stop a deployment in progress, as StopServiceDeployment asks."""
    primary = ecs._primary_deployment(service)
    record.status = "ROLLBACK_REQUESTED" if stop_type == "ROLLBACK" else "STOP_REQUESTED"
    record.reason = STOPPED_BY_USER
    rollback = stop_type == "ROLLBACK"
    spawn_background(fail, key, service, primary, record, STOP_REQUESTED, rollback=rollback)


def fail(
    key: str, service: dict[str, Any], deployment: dict[str, Any], record: Record, why: str, *, rollback: bool
) -> None:
    """Fail a deployment, and roll it back if that is wanted and a revision has completed before.

    AWS does not document what happens if none has: here the deployment is stopped. A rollback that fails
    becomes ROLLBACK_FAILED.
    """
    with records.CHANGING, resource_lock("ecs-service", key):
        if deployment["rolloutState"] != "IN_PROGRESS" or deployment is not ecs._primary_deployment(service):
            return
        # ECS says "failed" if it failed the deployment itself; AWS does not document the words for a stop.
        deployment["rolloutState"] = "FAILED"
        deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} failed: {why}."
        deployment["desiredCount"] = 0
        say(service, f"(deployment {deployment['id']}) deployment failed: {why}.")
        if why != STOP_REQUESTED:  # AWS does not document whether a request to stop sends an event
            _send_event(service, deployment, why)
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


def _send_event(service: dict[str, Any], deployment: dict[str, Any], why: str) -> None:
    """Send the event of a failed deployment to EventBridge."""
    detail = {
        "eventType": "ERROR",
        "eventName": "SERVICE_DEPLOYMENT_FAILED",
        "clusterArn": service["clusterArn"],
        "deploymentId": deployment["id"],
        "updatedAt": ecs._iso(),
        "reason": f"ECS deployment circuit breaker: {why}.",
    }
    event = {
        "Source": "aws.ecs",
        "DetailType": "ECS Deployment State Change",
        "Resources": [service["serviceArn"]],
        "Detail": json.dumps(detail),
    }
    eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)


def _go_back(
    service: dict[str, Any], failed: dict[str, Any], record: Record, back_to: dict[str, Any], why: str
) -> None:
    """Make the deployment before primary again: the same if its tasks still run, else a new one."""
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
    for rule in ("testListenerRule", "productionListenerRule"):
        blue_green.shift(service, rule, primary)
    failed["status"] = "ACTIVE"
    others = [item for item in service["deployments"] if item is not primary]
    record.go_back(arn, primary, f"Service deployment rolled back: {why}.")
    service |= {"deployments": [primary, *others], **{field: back_to[field] for field in records.CAPTURED}}
    say(service, f"rolling back to deployment {primary['id']}.")
