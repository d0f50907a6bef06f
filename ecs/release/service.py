"""The ECS service: create, update, find and compare it."""

import uuid
from pathlib import Path
from typing import Any

import msgspec

from ecs.aws import Aws
from ecs.foundation.stack_outputs import Foundation
from ecs.output import FieldChange
from ecs.release.diff import diff, normalise
from ecs.release.task import CONTAINER, ecs_tags
from ecs.release.traffic import live_target_group, other_target_group
from ecs.settings import PORT

_TABLE = msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes())
FIXED: dict[str, Any] = _TABLE["service"]
BAKE_MINUTES: int = FIXED["deploymentConfiguration"]["bakeTimeInMinutes"]


def network(foundation: Foundation) -> dict[str, Any]:
    """Return the network of a task: public subnets, behind its security group."""
    return {
        "awsvpcConfiguration": {
            "subnets": sorted(foundation.subnet_ids),
            "securityGroups": [foundation.task_security_group_id],
            # Reaches registry and logs without a NAT gateway; the security group admits only the balancer
            "assignPublicIp": "ENABLED",
        }
    }


def service_settings(
    aws: Aws, foundation: Foundation, current: dict[str, Any] | None, *, alarms: bool = True
) -> dict[str, Any]:
    """Return the arguments of `create_service` and `update_service`; with `alarms`, alarms roll it back.

    `current` describes the service as it is, which decides in which target group a release begins.
    """
    return FIXED | {
        "networkConfiguration": network(foundation),
        "loadBalancers": [_load_balancer(aws, foundation, current)],
        "healthCheckGracePeriodSeconds": aws.settings.grace_seconds,
        "deploymentConfiguration": FIXED["deploymentConfiguration"]
        | _TABLE["strategy"][aws.settings.strategy]
        | {"alarms": {"alarmNames": foundation.release_alarms, "enable": alarms, "rollback": True}},
    }


def _load_balancer(aws: Aws, foundation: Foundation, current: dict[str, Any] | None) -> dict[str, Any]:
    """Return where ECS registers the tasks: in the target group that the service names already.

    After blue/green releases users' requests may go to the other one. A rolling update must begin there,
    because it shifts no requests from one group to the other.
    """
    named: dict[str, Any] = next(iter((current or {}).get("loadBalancers", [])), {})
    arn, blue_green = named.get("targetGroupArn"), aws.settings.strategy == "blue_green"
    if named.get("advancedConfiguration") and not blue_green:
        arn = live_target_group(aws, foundation)
    if arn not in (foundation.target_group_arn, foundation.second_target_group_arn):
        arn = foundation.target_group_arn
    balancer = {"targetGroupArn": arn, "containerName": CONTAINER, "containerPort": PORT}
    if blue_green:
        balancer["advancedConfiguration"] = {
            "alternateTargetGroupArn": other_target_group(foundation, arn),
            "productionListenerRule": foundation.production_rule_arn,
            "testListenerRule": foundation.test_rule_arn,
            "roleArn": foundation.infrastructure_role_arn,
        }
    return balancer


def create(aws: Aws, foundation: Foundation, arn: str, *, alarms: bool) -> dict[str, Any]:
    """Create the service with the minimum of tasks; from then on auto scaling sets the number."""
    wait_until_gone(aws, foundation)
    answer = aws.ecs.create_service(
        cluster=foundation.cluster_name,
        serviceName=aws.settings.stack,
        taskDefinition=arn,
        desiredCount=aws.settings.min_tasks,
        launchType="FARGATE",
        clientToken=uuid.uuid4().hex,
        tags=ecs_tags(aws),  # type: ignore[arg-type]
        **service_settings(aws, foundation, None, alarms=alarms),
    )
    return dict(answer["service"])


def update(
    aws: Aws, foundation: Foundation, arn: str, current: dict[str, Any], *, alarms: bool = True, **more: Any
) -> dict[str, Any]:
    """Start a rollout of a task definition; `current` describes the service, `more` are further arguments.

    If only the deployment configuration differs, ECS stores it and starts no deployment.
    """
    answer = aws.ecs.update_service(
        cluster=foundation.cluster_name,
        service=aws.settings.stack,
        taskDefinition=arn,
        **service_settings(aws, foundation, current, alarms=alarms),
        **more,
    )
    return dict(answer["service"])


def scale_to_zero(aws: Aws, foundation: Foundation) -> None:
    """Stop all tasks of the service, when there is no revision to roll back to."""
    aws.ecs.update_service(cluster=foundation.cluster_name, service=aws.settings.stack, desiredCount=0)


def find(aws: Aws, foundation: Foundation) -> dict[str, Any] | None:
    """Describe the service; return None if it does not exist or is being deleted."""
    return next((service for service in _described(aws, foundation) if service["status"] == "ACTIVE"), None)


def wait_until_gone(aws: Aws, foundation: Foundation) -> None:
    """Wait until a service that is being deleted is gone, because its name is taken until then."""
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


def compare(service: dict[str, Any] | None, wanted: dict[str, Any]) -> list[FieldChange]:
    """Return how the service differs from the wanted arguments, in the fields that AWS describes."""
    if service is None:
        return diff({}, wanted)
    comparable = {key: value for key, value in wanted.items() if key in service}
    return diff(normalise(service), normalise(comparable), only_wanted=True)


def primary_deployment(service: dict[str, Any]) -> dict[str, Any]:
    """Return the newest deployment of the service, which ECS calls PRIMARY."""
    return next(dict(item) for item in service["deployments"] if item["status"] == "PRIMARY")
