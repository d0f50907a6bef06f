"""The IAM policy of an operator who runs every command."""

import json
import re
from pathlib import Path
from typing import Any

import boto3

POLICY = Path(__file__).with_name("operator-policy.json")


def operator_policy(stack: str, region: str, hosted_zone_id: str) -> dict[str, Any]:
    """Fill the policy in for one stack; an empty region or hosted zone allows any.

    The account stays open, because a policy reaches only resources of its own account anyway.
    """
    names = {
        "AWS::StackName": stack,
        "AWS::Region": region or "*",
        "AWS::AccountId": "*",
        "AWS::Partition": boto3.Session().get_partition_for_region(region) if region else "aws",
        "HostedZoneId": hosted_zone_id or "*",
    }
    text = re.sub(r"\$\{([\w:]+)\}", lambda found: names[found[1]], POLICY.read_text(encoding="utf-8"))
    return dict(json.loads(text))
