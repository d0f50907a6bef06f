"""The AWS session: it makes the clients, with retries, and checks which account they belong to."""

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

# The standard mode waits longer before each retry, with jitter. A lost network shows after 5 s per attempt.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS}, connect_timeout=5, read_timeout=60
)


def _client(service: str) -> Any:
    """Return a property that makes the client of a service when it is first read."""
    return cached_property(lambda aws: aws.client(service))


@dataclass(frozen=True)
class Aws:
    """An AWS session with its settings and clients."""

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
        """The identity of the credentials; raises `NotAllowedError` if it is in another account than set."""
        identity = dict(self.client("sts").get_caller_identity())
        if self.settings.account not in {"", identity["Account"]}:
            raise NotAllowedError(
                f"These credentials are for account {identity['Account']}, and ecs/settings.toml has "
                f"account {self.settings.account} for {self.settings.env}.",
                hint="Sign in to that account (AWS_PROFILE, or aws sso login), or choose another --env.",
            )
        return identity

    def client(self, service: str) -> Any:
        """Make the client of a service; raise `NotAllowedError` for a wrong account or a broken profile."""
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
    """Open a session in the region of the settings, the command or the AWS configuration, in this order.

    Raises `UsageError` if no region is set, AWS has no such region, or settings and command contradict.
    """
    if region and settings.region not in {"", region}:
        raise UsageError(
            f"--region {region}, and ecs/settings.toml has region {settings.region} for {settings.env}: "
            "a second service would be made.",
            hint="Leave --region out, or choose another --env.",
        )
    # botocore reads AWS_DEFAULT_REGION and the profile, but not AWS_REGION, which AWS's other SDKs read.
    named = settings.region or region or os.environ.get("AWS_REGION")
    session = boto3.Session(region_name=named or None)
    if not session.region_name:
        raise UsageError("No AWS region is set.", hint=REGION_HINT)
    regions = session.get_available_regions("ecs", session.get_partition_for_region(session.region_name))
    if session.region_name not in regions:
        raise UsageError(
            f"AWS has no region {session.region_name!r}.", hint=f"Give one of: {', '.join(sorted(regions))}."
        )
    for name, arn in settings.secrets.items():
        if (other := arn.split(":")[3]) != session.region_name:
            raise UsageError(
                f"secrets.{name} in ecs/settings.toml is in {other}, the service in {session.region_name}.",
                hint="Name one of the service's region, so that no other region's failure stops its tasks.",
            )
    return Aws(settings, session)
