"""Auto scaling of the number of tasks, by CPU use and by requests."""

from contextlib import suppress
from typing import Any, Final

from ecs.aws import Aws
from ecs.foundation.stack_outputs import Foundation
from ecs.output import FieldChange
from ecs.release.diff import diff
from ecs.release.traffic import live_target_group

DIMENSION: Final = "ecs:service:DesiredCount"


def _target(aws: Aws, foundation: Foundation) -> dict[str, Any]:
    service = f"service/{foundation.cluster_name}/{aws.settings.stack}"
    return {"ServiceNamespace": "ecs", "ResourceId": service, "ScalableDimension": DIMENSION}


def _registered_target(aws: Aws, foundation: Foundation) -> dict[str, Any]:
    """Describe the service's scalable target, with its bounds; return {} if there is none."""
    service = _target(aws, foundation)["ResourceId"]
    answer = aws.autoscaling.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[service], ScalableDimension=DIMENSION
    )
    return dict(next(iter(answer["ScalableTargets"]), {}))


def wanted(aws: Aws, foundation: Foundation) -> dict[str, Any]:
    """Return the bounds and the policies, by their names, that the settings ask for."""
    settings, requests = aws.settings, aws.settings.requests_per_target
    label = f"{foundation.load_balancer_full_name}/{live_target_group(aws, foundation).rpartition(':')[2]}"
    return {
        "MinCapacity": settings.min_tasks,
        "MaxCapacity": settings.max_tasks,
        "policies": {
            f"{settings.stack}-cpu": _policy("ECSServiceAverageCPUUtilization", settings.cpu_target),
            f"{settings.stack}-requests": _policy("ALBRequestCountPerTarget", requests, ResourceLabel=label),
        },
    }


def _policy(metric: str, target: int, **more: str) -> dict[str, Any]:
    return {
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric} | more,
        "TargetValue": float(target),
        # Scale out quickly and in slowly: one task too many costs cents, one too few loses requests.
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
    }


def _policies(aws: Aws, foundation: Foundation) -> list[dict[str, Any]]:
    pages = aws.autoscaling.get_paginator("describe_scaling_policies").paginate(**_target(aws, foundation))
    return [dict(policy) for page in pages for policy in page["ScalingPolicies"]]


def foreign_policies(aws: Aws, foundation: Foundation) -> list[dict[str, Any]]:
    """Return the scaling policies of the service that this tool did not make."""
    own = wanted(aws, foundation)["policies"]
    return [policy for policy in _policies(aws, foundation) if policy["PolicyName"] not in own]


def compare(aws: Aws, foundation: Foundation) -> list[FieldChange]:
    """Return how the present scaling differs from `wanted`."""
    targets = "TargetTrackingScalingPolicyConfiguration"  # policies of another type lack it
    policies = {policy["PolicyName"]: policy.get(targets) for policy in _policies(aws, foundation)}
    present = {"policies": policies} | _registered_target(aws, foundation)
    return diff(present, wanted(aws, foundation), only_wanted=True)


def apply(aws: Aws, foundation: Foundation) -> None:
    """Set the bounds and the policies to `wanted`."""
    target, settings = _target(aws, foundation), wanted(aws, foundation)
    bounds: dict[str, Any] = {name: settings[name] for name in ("MinCapacity", "MaxCapacity")}
    if not _registered_target(aws, foundation):  # AWS accepts tags only for a new target
        bounds["Tags"] = aws.settings.tags
    aws.autoscaling.register_scalable_target(**target, **bounds)
    for name, configuration in settings["policies"].items():
        aws.autoscaling.put_scaling_policy(
            **target,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=configuration,
        )


def remove(aws: Aws, foundation: Foundation) -> None:
    """Remove the scaling, with all its policies, their alarms and scheduled actions, whoever made them."""
    with suppress(aws.autoscaling.exceptions.ObjectNotFoundException):
        aws.autoscaling.deregister_scalable_target(**_target(aws, foundation))
