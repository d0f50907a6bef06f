"""The parameters of the stack's template, and its tags, from the settings."""

from typing import Any

from ecs.settings import PORT, Settings


def parameters(settings: Settings) -> dict[str, str]:
    """Return the parameters of the template."""
    return {
        "AlarmEmail": settings.alarm_email,
        "VpcId": settings.vpc_id,
        "SubnetIds": ",".join(settings.subnet_ids),
        "CertificateArn": settings.certificate_arn,
        "HostedZoneId": settings.hosted_zone_id,
        "DomainName": settings.domain_name,
        "ContainerPort": str(PORT),
        "GithubRepository": settings.github_repository,
        "Project": settings.name,
        "Environment": settings.env,
        "TaskCpu": str(settings.cpu),
        "TaskMemory": str(settings.memory_mb),
        # Without the member, version stage and version ID, which IAM does not know.
        "SecretArns": ",".join(sorted({":".join(arn.split(":")[:7]) for arn in settings.secrets.values()})),
        "RequestsPer5Minutes": str(settings.requests_per_5_minutes),
        "MonthlyBudgetUsd": str(settings.monthly_budget_usd),
    }


def template_inputs(settings: Settings) -> dict[str, Any]:
    """Return parameters and tags as arguments of CreateChangeSet."""
    return {
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters(settings).items()
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in settings.tags.items()],
    }
