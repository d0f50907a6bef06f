"""Generate the policy of an operator from the tool's calls and from CloudFormation's schemas.

`python -m tests.ecs.permissions.operator_policy` writes the file.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from ecs.foundation.changeset import TEMPLATE
from tests.ecs.permissions.calls import calls
from tests.ecs.permissions.needs import (
    OWN,
    PASSED,
    STACK,
    TRUSTED,
    TYPES,
    linked_role,
    needs,
    role,
    roles,
    unlisted,
)
from tests.ecs.permissions.policies import RESOURCES
from tests.ecs.permissions.reference import Policy, resource_types

FILE = TEMPLATE.with_name("operator-policy.json")
LIMIT = 6144
"""As many characters as a managed policy may have, white space not counted."""
UNUSED = {
    "acm-pca": "the certificate is not of a private authority",
    "amplify": "the firewall stands before a load balancer",
    "apigateway": "the firewall stands before a load balancer",
    "apprunner": "the firewall stands before a load balancer",
    "appsync": "the firewall stands before a load balancer",
    "bedrock-agentcore": "the firewall stands before a load balancer",
    "billing": "the budget is of no billing view",
    "cognito-idp": "no listener asks who somebody is; the firewall stands before a load balancer",
    "firehose": "no log goes on to a stream",
    "kms": "all is encrypted with AWS's own keys",
    "payments": "the firewall has no rules that somebody sells",
    "s3": "no log goes on to a bucket; and it is no action",
    "vpc-lattice": "the endpoint is a gateway's",
    "vpce": "the endpoint is a gateway's",
    "ec2:AssociateSubnetCidrBlock": "the subnets have no addresses of IPv6",
    "ec2:AssociateVerifiedAccessInstanceWebAcl": "the firewall stands before a load balancer",
    "ec2:AttachVpnGateway": "the gateway leads to the internet",
    "ec2:CreateVpcEncryptionControl": "the network has none",
    "ec2:DetachVpnGateway": "the gateway leads to the internet",
    "ec2:DisassociateSubnetCidrBlock": "the subnets have no addresses of IPv6",
    "ec2:DisassociateVerifiedAccessInstanceWebAcl": "the firewall stands before a load balancer",
    "ec2:GetVerifiedAccessInstanceWebAcl": "the firewall stands before a load balancer",
    "ec2:ModifyVpcTenancy": "the network keeps its tenancy",
    "ecs:PutAccountSetting": "it is for the whole account",
    "ecs:PutAccountSettingDefault": "it is for the whole account",
    "iam:DeleteGroupPolicy": "the policies are of roles",
    "iam:DeleteRolePermissionsBoundary": "the roles have no boundary",
    "iam:DeleteUserPolicy": "the policies are of roles",
    "iam:GetGroupPolicy": "the policies are of roles",
    "iam:GetUserPolicy": "the policies are of roles",
    "iam:UpdateRoleDescription": "the roles have no description",
    "iam:PutGroupPolicy": "the policies are of roles",
    "iam:PutRolePermissionsBoundary": "the roles have no boundary",
    "iam:PutUserPolicy": "the policies are of roles",
    "logs:CreateLogDelivery": "no log goes on elsewhere",
    "logs:DeleteIndexPolicy": "the log groups have no index",
    "logs:PutIndexPolicy": "the log groups have no index",
    "wafv2:GetPermissionPolicy": "no other account shares the firewall",
    "wafv2:PutPermissionPolicy": "no other account shares the firewall",
}
"""Services and actions that the schemas name for properties which the template does not set."""
UNNAMED = {"acm", "ec2"}
"""Services that make up the names of all that the stack has of theirs."""
DESCRIBED = {"acm", "ec2", "elasticloadbalancing"}
"""Services of which every description is allowed: most can't be limited, and each name takes space."""
ANY = {
    "cloudwatch:DescribeAlarms": "AWS checks it against all alarms",
    "ecs:ListTasks": "what limits it is the cluster, in a condition",
    "route53:GetChange": "AWS makes the name of a change up",
    "servicequotas:GetServiceQuota": "it is the account's, and to limit it takes space",
}
"""Actions to allow on any resource, though the reference has types for them."""
LINKED = ("ecs", "ecs.application-autoscaling", "elasticloadbalancing")
"""The services that make a role of their own with the account's first cluster, scaling and balancer."""
IN_CLUSTER = {"ArnEquals": {"ecs:cluster": OWN["ecs:cluster"][0]}}
CONDITIONS: dict[str, dict[str, Any]] = {
    "ecs:ListServices": IN_CLUSTER,
    "ecs:ListTasks": IN_CLUSTER,
    "iam:CreateServiceLinkedRole": {
        "StringEquals": {"iam:AWSServiceName": [f"{name}.amazonaws.com" for name in LINKED]}
    },
    "iam:PassRole": {
        "StringEquals": {"iam:PassedToService": sorted({service for _, service in PASSED.values()})}
    },
}


WILDCARDS = ("elasticloadbalancing:*Tags", "elasticloadbalancing:*Target*", "iam:*RolePolicy")
"""Wildcards that cover only actions that are asked for, and descriptions; each name takes space."""


def handlers() -> Iterator[str]:
    """Yield the actions by which, in the schemas, CloudFormation handles the template's resource types."""
    for kind in {item["Type"] for item in RESOURCES.values()}:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema
        for handler in ("create", "read", "update", "delete"):
            yield from schema["handlers"].get(handler, {}).get("permissions", ())


def handled() -> set[str]:
    """Return the actions that CloudFormation takes on the template's resources with the caller's rights."""
    return {action for action in handlers() if not {action, action.partition(":")[0]} & UNUSED.keys()}


def patterns(action: str) -> list[str]:
    """Return the ARN patterns of the resources of an action that CloudFormation takes."""
    service = action.partition(":")[0]
    if action in ANY or service in UNNAMED:
        return ["*"]
    if action == "iam:CreateServiceLinkedRole":
        return [linked_role("")]
    if action == "iam:PassRole":
        return [role(f"{STACK}-{name}-*") for names, _ in PASSED.values() for name in names]
    if service == "iam" and "iam:role" in resource_types(action):
        return [role(f"{STACK}-{name}-*") for name in roles()]
    types = TYPES.get(action) or resource_types(action)
    known = [pattern for kind in types for pattern in OWN.get(kind, ())]
    assert known or not types, f"OWN has no patterns of {types}, for {action}"
    return known or ["*"]


def asked() -> dict[str, set[str]]:
    """Return the ARN patterns on which each action must be allowed."""
    found: dict[str, set[str]] = defaultdict(set)
    for call in calls() - TRUSTED.keys():
        for need in needs(call):
            exact = (
                need.action not in CONDITIONS.keys() | ANY.keys()
                and need.action.partition(":")[0] not in UNNAMED
            )
            found[need.action] |= {need.resource} if exact else set(patterns(need.action))
    for action in handled():
        found[action] |= {*patterns(action), *unlisted(action)}
    return found


def _short(action: str) -> str:
    """Shorten actions with a common part to a wildcard: descriptions, security group rules, `WILDCARDS`."""
    service, _, name = action.partition(":")
    if service in DESCRIBED and name.startswith("Describe"):
        return f"{service}:Describe*"
    if wildcard := next((item for item in WILDCARDS if fnmatchcase(action, item)), None):
        return wildcard
    return re.sub("(Ingress|Egress)$", "*", action)


def generate() -> Policy:
    """Return the policy.

    On resources with the stack's name it allows every action of the service. Who may delete a resource gains
    little from that, and a policy with each action by its name would exceed IAM's limit.
    """
    own: set[str] = set()
    services: set[str] = set()
    statements = defaultdict(set)
    for action, found in asked().items():
        service = action.partition(":")[0]
        named = {pattern for pattern in found if STACK in pattern and service != "iam"}
        own |= named
        services |= {f"{service}:*"} if named else set()
        if rest := found - named:
            statements[tuple(sorted(rest)), json.dumps(CONDITIONS.get(action, {}))].add(_short(action))
    # A pattern that ends with a wildcard covers longer ones.
    own = {one for one in own if not any(one != other and fnmatchcase(one, other) for other in own)}
    statements[tuple(sorted(own)), json.dumps({})] |= services
    return {"Version": "2012-10-17", "Statement": [_statement(*item) for item in sorted(statements.items())]}


def _statement(key: tuple[tuple[str, ...], str], actions: set[str]) -> Policy:
    resources, condition = key[0], json.loads(key[1])
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return statement | ({"Condition": condition} if condition else {})


def size(policy: Policy) -> int:
    """Return the length of a policy as IAM counts it, without white space."""
    return len(re.sub(r"\s", "", json.dumps(policy)))


if __name__ == "__main__":
    FILE.write_text(json.dumps(generate(), indent=2) + "\n", encoding="utf-8")
