"""The service: how many tasks, where, behind what, and how one release replaces another."""

import tomllib
import uuid
from pathlib import Path
from typing import Any

from ecs.aws import Aws
from ecs.foundation.outputs import Foundation
from ecs.release.diff import Change, diff, normalised
from ecs.release.task import CONTAINER, tags
from ecs.settings import PORT

FIXED = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
"""What does not depend on settings or foundation."""
BAKE_MINUTES: int = FIXED["deploymentConfiguration"]["bakeTimeInMinutes"]


def service_settings(aws: Aws, foundation: Foundation, *, alarms: bool = True) -> dict[str, Any]:
    """Give what `create_service` and `update_service` both take; with `alarms` those can roll back."""
    return FIXED | {
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": sorted(foundation.subnet_ids),
                "securityGroups": [foundation.task_security_group_id],
                # To reach the registry and the logs without a NAT gateway; only the balancer may come in.
                "assignPublicIp": "ENABLED",
            }
        },
        "loadBalancers": [
            {"targetGroupArn": foundation.target_group_arn, "containerName": CONTAINER, "containerPort": PORT}
        ],
        "healthCheckGracePeriodSeconds": aws.settings.grace_seconds,
        "deploymentConfiguration": FIXED["deploymentConfiguration"]
        | {"alarms": {"alarmNames": foundation.release_alarms, "enable": alarms, "rollback": True}},
    }


def create(aws: Aws, foundation: Foundation, task_definition: str, *, alarms: bool) -> dict[str, Any]:
    """Create the service with the least number of tasks; auto scaling sets the number from then on."""
    wait_until_gone(aws, foundation)
    answer = aws.ecs.create_service(
        cluster=foundation.cluster_name,
        serviceName=aws.settings.stack,
        taskDefinition=task_definition,
        desiredCount=aws.settings.min_tasks,
        launchType="FARGATE",
        clientToken=uuid.uuid4().hex,
        tags=tags(aws),  # type: ignore[arg-type]
        **service_settings(aws, foundation, alarms=alarms),
    )
    return dict(answer["service"])


def update(
    aws: Aws, foundation: Foundation, task_definition: str, *, alarms: bool = True, **more: Any
) -> dict[str, Any]:
    """Start a rollout of a task definition; `more` are further arguments of `update_service`.

    Where only the deployment's configuration differs, ECS takes it over and starts none.
    """
    answer = aws.ecs.update_service(
        cluster=foundation.cluster_name,
        service=aws.settings.stack,
        taskDefinition=task_definition,
        **service_settings(aws, foundation, alarms=alarms),
        **more,
    )
    return dict(answer["service"])


def scale_to_zero(aws: Aws, foundation: Foundation) -> None:
    """Stop all tasks of a service that has nothing good to serve."""
    aws.ecs.update_service(cluster=foundation.cluster_name, service=aws.settings.stack, desiredCount=0)


def find(aws: Aws, foundation: Foundation) -> dict[str, Any] | None:
    """Describe the service; None where there is none, or it is being deleted."""
    return next((service for service in _described(aws, foundation) if service["status"] == "ACTIVE"), None)


def wait_until_gone(aws: Aws, foundation: Foundation) -> None:
    """Wait for the end of a service that is being deleted: until then no other can have its name."""
    if any(service["status"] != "INACTIVE" for service in _described(aws, foundation)):
        aws.ecs.get_waiter("services_inactive").wait(
            cluster=foundation.cluster_name,
            services=[aws.settings.stack],
            WaiterConfig={"Delay": 3, "MaxAttempts": 200},
        )


def _described(aws: Aws, foundation: Foundation) -> list[dict[str, Any]]:
    try:
        answer = aws.ecs.describe_services(cluster=foundation.cluster_name, services=[aws.settings.stack])
    except aws.ecs.exceptions.ClusterNotFoundException:
        return []
    return [dict(service) for service in answer["services"]]


def compare(service: dict[str, Any] | None, wanted: dict[str, Any]) -> list[Change]:
    """Say how the service differs from what we want, in what AWS tells of it."""
    if service is None:
        return diff({}, wanted)
    told = {key: value for key, value in wanted.items() if key in service}
    return diff(normalised(service), normalised(told), only_wanted=True)


def primary(service: dict[str, Any]) -> dict[str, Any]:
    """Give the deployment that the service is to become."""
    return next(dict(item) for item in service["deployments"] if item["status"] == "PRIMARY")
