"""The AWS session: one place that makes clients, with retries, and knows whose account it is."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import boto3
from botocore.config import Config

from ecs.errors import MAX_ATTEMPTS, REGION_HINT, NotAllowedError, UsageError
from ecs.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_logs import CloudWatchLogsClient

# Throttled calls wait longer each time, with jitter; a network that is gone is noticed in seconds.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS}, connect_timeout=5, read_timeout=60
)


def _client(service: str) -> Any:
    """Give a property that makes a client when it is first read."""
    return cached_property(lambda aws: aws.client(service))


@dataclass(frozen=True)
class Aws:
    """A session with a region, and its clients, each made when first used."""

    settings: Settings
    session: boto3.Session = field(repr=False)

    cloudformation: ClassVar["CloudFormationClient"] = _client("cloudformation")
    ecs: ClassVar["ECSClient"] = _client("ecs")
    ecr: ClassVar["ECRClient"] = _client("ecr")
    elbv2: ClassVar["ElasticLoadBalancingv2Client"] = _client("elbv2")
    logs: ClassVar["CloudWatchLogsClient"] = _client("logs")
    cloudwatch: ClassVar["CloudWatchClient"] = _client("cloudwatch")
    iam: ClassVar["IAMClient"] = _client("iam")
    autoscaling: ClassVar["ApplicationAutoScalingClient"] = _client("application-autoscaling")

    @property
    def region(self) -> str:
        """The region that all calls go to."""
        return str(self.session.region_name)

    @cached_property
    def account(self) -> dict[str, Any]:
        """The account and identity of the credentials; `NotAllowedError` if the settings have another."""
        found = dict(self.client("sts").get_caller_identity())
        if self.settings.account not in {"", found["Account"]}:
            raise NotAllowedError(
                f"These credentials are for account {found['Account']}, and ecs/settings.toml has "
                f"account {self.settings.account} for {self.settings.env}.",
                hint="Sign in to that account (AWS_PROFILE, or aws sso login), or choose another --env.",
            )
        return found

    def client(self, service: str) -> Any:
        """Make a client of one service; raise `NotAllowedError` for another account or no credentials."""
        if self.settings.account and service != "sts":
            _ = self.account
        try:
            return self.session.client(service, config=CONFIG)
        except (OSError, ValueError) as error:
            raise NotAllowedError(
                f"The AWS profile or AWS_ENDPOINT_URL can't be used: {error}.",
                hint="Mend the credential_process of the profile in ~/.aws/config, or that address.",
            ) from error


def connect(settings: Settings, region: str | None = None) -> Aws:
    """Open a session in the region of the settings, the command, or the AWS configuration, in this order.

    Raises:
        UsageError: no region is set anywhere, ECS has none of this name, or the settings have another one
            than the command.
    """
    if region and settings.region not in {"", region}:
        raise UsageError(
            f"--region {region}, and ecs/settings.toml has region {settings.region} for {settings.env}: "
            "a second service would be made.",
            hint="Leave --region out, or choose another --env.",
        )
    # AWS_REGION is what AWS's other tools read; botocore itself reads AWS_DEFAULT_REGION and the profile.
    named = settings.region or region or os.environ.get("AWS_REGION")
    session = boto3.Session(region_name=named or None)
    if not session.region_name:
        raise UsageError("No AWS region is set.", hint=REGION_HINT)
    known = session.get_available_regions("ecs", session.get_partition_for_region(session.region_name))
    if session.region_name not in known:
        raise UsageError(
            f"AWS has no region {session.region_name!r}.", hint=f"Give one of: {', '.join(sorted(known))}."
        )
    return Aws(settings, session)
