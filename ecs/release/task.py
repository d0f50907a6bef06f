"""The task definition: what one task is, down to the last field."""

from typing import Any

from ecs.aws import Aws
from ecs.foundation.outputs import Foundation
from ecs.release.diff import Change, diff, normalised
from ecs.release.revision import Revision
from ecs.settings import PORT

CONTAINER = "web"
USER = "10001"
LIVEZ = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}/livez', timeout=2)"
ARGUMENTS = (
    "family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes",
    "requiresCompatibilities", "cpu", "memory", "runtimePlatform",
)  # fmt: skip


def tags(aws: Aws) -> list[dict[str, str]]:
    """The tags on everything of this service, as ECS writes them."""
    return [{"key": key, "value": value} for key, value in aws.settings.tags.items()]


def task_definition(aws: Aws, foundation: Foundation, revision: Revision) -> dict[str, Any]:
    """Give the arguments of `register_task_definition` for a revision."""
    settings = aws.settings
    # The balancer's own name too, whatever the service is called: a request of HTTP/1.0 without a Host
    # gets that from the balancer.
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
    }
    container = {
        "name": CONTAINER,
        "image": f"{foundation.repository_uri}:{revision.tag}",
        "essential": True,
        "user": USER,
        "portMappings": [{"containerPort": PORT, "protocol": "tcp"}],
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp"}],  # noqa: S108 - a volume
        "stopTimeout": settings.stop_timeout,
        "healthCheck": {
            "command": ["CMD", "python", "-c", LIVEZ],
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": min(300, settings.grace_seconds),
        },
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": foundation.log_group_name,
                "awslogs-region": aws.region,
                "awslogs-stream-prefix": "task",
                # A slow log service must never block the app; what does not fit in the buffer is lost.
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
    }
    return {
        "family": settings.stack,
        "taskRoleArn": foundation.task_role_arn,
        "executionRoleArn": foundation.execution_role_arn,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(settings.cpu),
        "memory": str(settings.memory_mb),
        "runtimePlatform": {"cpuArchitecture": settings.architecture, "operatingSystemFamily": "LINUX"},
        "volumes": [{"name": "tmp"}],
        "containerDefinitions": [container],
    }


def describe(aws: Aws, reference: str) -> dict[str, Any] | None:
    """Read a task definition by its ARN, or a family's latest; None where there is none."""
    try:
        answer = aws.ecs.describe_task_definition(taskDefinition=reference, include=["TAGS"])
    except (aws.ecs.exceptions.ClientException, aws.ecs.exceptions.InvalidParameterException):
        return None
    return dict(answer["taskDefinition"]) | {"tags": answer.get("tags", [])}


def compare(old: dict[str, Any] | None, new: dict[str, Any]) -> list[Change]:
    """Say how a task definition of AWS's differs from the arguments of ours."""
    known = {key: value for key, value in (old or {}).items() if key in ARGUMENTS}
    return diff(normalised(known), normalised(new))


def find_same(aws: Aws, current: str | None, wanted: dict[str, Any]) -> str | None:
    """Find a revision that is already what we want: the one that serves, or the family's latest."""
    references = filter(None, dict.fromkeys((current, str(wanted["family"]))))
    return next(filter(None, (_same(aws, reference, wanted) for reference in references)), None)


def _same(aws: Aws, reference: str, wanted: dict[str, Any]) -> str | None:
    found = describe(aws, reference) or {}
    same = found.get("status") == "ACTIVE" and not compare(found, wanted)
    return str(found["taskDefinitionArn"]) if same else None


def register(aws: Aws, wanted: dict[str, Any], revision: Revision) -> str:
    """Register a revision; give its ARN, or that of the same one that another run registered just before."""
    marks = [{"key": "Revision", "value": revision.git}, {"key": "ModelVersion", "value": revision.model}]
    answer = aws.ecs.register_task_definition(**wanted, tags=[*tags(aws), *marks])  # type: ignore[list-item]
    arn, number = answer["taskDefinition"]["taskDefinitionArn"], answer["taskDefinition"]["revision"]
    # So two runs at once roll out one revision, and neither replaces the other's deployment.
    while number > 1 and (before := _same(aws, f"{wanted['family']}:{number - 1}", wanted)):
        arn, number = before, number - 1
    return arn


def short(arn: str) -> str:
    """Give what stands last in an ARN, as FAMILY:REVISION of a task definition."""
    return arn.rpartition("/")[2]


def image_tag(definition: dict[str, Any]) -> str:
    """Give the tag of a task definition's image."""
    return str(definition["containerDefinitions"][0]["image"]).rpartition(":")[2]
