"""What a person needs who runs every command, as a policy of IAM."""

import json
import re
from pathlib import Path
from typing import Any

import boto3

POLICY = Path(__file__).with_name("operator-policy.json")


def operator_policy(stack: str, region: str, hosted_zone_id: str) -> dict[str, Any]:
    """Give the policy for one stack; an empty region or zone stands for any.

    It names no account: a policy reaches what belongs to its own account only.
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
