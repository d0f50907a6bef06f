"""The task definition: make, register, find and compare it."""

from pathlib import Path
from typing import Any

import msgspec

from ecs.aws import Aws
from ecs.foundation.stack_outputs import Foundation
from ecs.output import FieldChange
from ecs.release.candidate import Candidate
from ecs.release.diff import diff, normalise
from ecs.settings import PORT

FIXED: dict[str, dict[str, Any]] = msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes())
CONTAINER: str = FIXED["container"]["name"]
LIVEZ = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}/livez', timeout=2)"


def ecs_tags(aws: Aws) -> list[dict[str, str]]:
    """Return the service's tags in the format of ECS."""
    return [{"key": key, "value": value} for key, value in aws.settings.tags.items()]


def task_definition(aws: Aws, foundation: Foundation, candidate: Candidate) -> dict[str, Any]:
    """Return the arguments of `register_task_definition` for a candidate."""
    settings = aws.settings
    # If an HTTP/1.0 request has no Host, the balancer sets its own name, so that name is always allowed.
    hosts = (foundation.load_balancer_dns_name, settings.domain_name, *settings.allowed_hosts)
    environment = {
        "ALLOWED_HOSTS": " ".join(filter(None, hosts)),
        "BIND_HOST": "0.0.0.0",  # noqa: S104 - in the task's own network, behind its security group
        "LOG_FORMAT": "json",
        "LOG_LEVEL": settings.log_level,
        "METRICS_BIND": "off",
        "PORT": str(PORT),
        "REQUEST_SECONDS": str(settings.request_seconds),
        "STOP_WAIT_SECONDS": str(settings.stop_wait_seconds),
        "TRUSTED_PROXIES": "1",
        "WEB_CONCURRENCY": str(settings.web_concurrency),
        **settings.environment,
    }
    health = {"command": ["CMD", "python", "-c", LIVEZ], "startPeriod": min(300, settings.grace_seconds)}
    log = {"awslogs-group": foundation.log_group_name, "awslogs-region": aws.region}
    container = FIXED["container"] | {
        "image": f"{foundation.repository_uri}:{candidate.tag}",
        "portMappings": [{"containerPort": PORT, "protocol": "tcp"}],
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "secrets": [{"name": name, "valueFrom": arn} for name, arn in settings.secrets.items()],
        "stopTimeout": settings.stop_timeout,
        "healthCheck": FIXED["healthCheck"] | health,
        "logConfiguration": {"logDriver": "awslogs", "options": FIXED["log"] | log},
    }
    return FIXED["task"] | {
        "family": settings.stack,
        "taskRoleArn": foundation.task_role_arn,
        "executionRoleArn": foundation.execution_role_arn,
        "cpu": str(settings.cpu),
        "memory": str(settings.memory_mb),
        "runtimePlatform": {"cpuArchitecture": settings.architecture, "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [container],
    }


def describe(aws: Aws, reference: str) -> dict[str, Any] | None:
    """Describe a task definition by its ARN, or the latest of a family; return None if there is none."""
    try:
        answer = aws.ecs.describe_task_definition(taskDefinition=reference, include=["TAGS"])
    except (aws.ecs.exceptions.ClientException, aws.ecs.exceptions.InvalidParameterException):
        return None
    return dict(answer["taskDefinition"]) | {"tags": answer.get("tags", [])}


def compare(old: dict[str, Any] | None, new: dict[str, Any]) -> list[FieldChange]:
    """Return how a task definition, as AWS describes it, differs from the arguments for a new one."""
    described = {key: value for key, value in (old or {}).items() if key in new}
    return diff(normalise(described), normalise(new))


def find_same(aws: Aws, current: str | None, wanted: dict[str, Any]) -> str | None:
    """Return the ARN of the revision that serves, or of the latest, if it equals `wanted`; else None."""
    references = filter(None, dict.fromkeys((current, str(wanted["family"]))))
    return next(filter(None, (_same(aws, reference, wanted) for reference in references)), None)


def _same(aws: Aws, reference: str, wanted: dict[str, Any]) -> str | None:
    found = describe(aws, reference) or {}
    same = found.get("status") == "ACTIVE" and not compare(found, wanted)
    return str(found["taskDefinitionArn"]) if same else None


def register(aws: Aws, wanted: dict[str, Any], candidate: Candidate) -> str:
    """Register a revision and return its ARN, or the ARN of an equal one registered just before it."""
    marks = [{"key": "Revision", "value": candidate.git}, {"key": "ModelVersion", "value": candidate.model}]
    answer = aws.ecs.register_task_definition(**wanted, tags=[*ecs_tags(aws), *marks])  # type: ignore[list-item]
    arn, number = answer["taskDefinition"]["taskDefinitionArn"], answer["taskDefinition"]["revision"]
    # Two runs at the same time then roll out one revision, and neither replaces the other's deployment.
    while number > 1 and (before := _same(aws, f"{wanted['family']}:{number - 1}", wanted)):
        arn, number = before, number - 1
    return arn


def short(arn: str) -> str:
    """Return the part of an ARN after the last slash, for a task definition FAMILY:REVISION."""
    return arn.rpartition("/")[2]


def image_tag(definition: dict[str, Any]) -> str:
    """Return the tag of a task definition's image."""
    return str(definition["containerDefinitions"][0]["image"]).rpartition(":")[2]
