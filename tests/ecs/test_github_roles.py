"""What GitHub's runs may do on AWS: what the tool calls, and nothing else."""

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import cfnlint
import pytest

from tests.ecs.test_foundation import actions, properties, resources, statements
from tests.serving import ROOT

CLIENTS = {
    "autoscaling": "application-autoscaling",
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "ecr": "ecr",
    "ecs": "ecs",
    "elbv2": "elasticloadbalancing",
    "iam": "iam",
    "logs": "logs",
}
"""How the code calls a client, and what IAM calls its actions."""
FOR_A_PERSON = {
    "application-autoscaling:DeregisterScalableTarget",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteStack",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:ListChangeSets",
    "ecr:BatchDeleteImage",
    "ecs:DeleteService",
    "ecs:DeleteTaskDefinitions",
    "ecs:DeregisterTaskDefinition",
}
"""Calls that change the foundation or remove something."""
BY_DOCKER = {
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
}
IMPLIED = {
    "application-autoscaling:TagResource",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:PutMetricAlarm",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeSubnets",
    "iam:PassRole",
}
"""No calls of their own: AWS asks for them in CreateChangeSet, PutScalingPolicy and the Register calls."""
NEVER_LIMITED = {"cloudwatch:DescribeAlarms", "ecs:ListTasks"}
"""Reads that are given for everything, though IAM could limit them."""


def calls(path: Path) -> Iterator[tuple[str, str]]:
    """Find the calls of AWS in a module: the client, and the method."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        holder = node.func.value
        client = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
        if client not in CLIENTS:
            continue
        method, [first, *_] = node.func.attr, [*node.args, None]
        if method in {"get_paginator", "get_waiter"}:
            assert isinstance(first, ast.Constant), f"{path}:{node.lineno}"
            yield client, f"{method} {first.value!s}"
        else:
            yield client, method


@cache
def action(client: str, method: str) -> str | None:
    """Give the action of IAM for a method of boto3's; None for what is no call of AWS."""
    known = "elbv2" if client == "elbv2" else CLIENTS[client]
    service = boto3.client(known, region_name="eu-west-1")
    kind, _, name = method.rpartition(" ")
    if kind == "get_waiter":
        return f"{CLIENTS[client]}:{service.get_waiter(name).config.operation}"
    operation = service.meta.method_to_api_mapping.get(name)
    return f"{CLIENTS[client]}:{operation}" if operation else None


@pytest.fixture(scope="module")
def called() -> set[str]:
    found = {call for path in (ROOT / "ecs").rglob("*.py") for call in calls(path)}
    return {name for call in found if (name := action(*call))}


def allowed(name: str) -> dict[str, Any]:
    return {
        act: statement["Resource"] for statement in statements(properties(name)) for act in actions(statement)
    }


def test_the_roles_may_do_what_the_tool_calls_and_nothing_else(called: set[str]) -> None:
    given = {**allowed("LookPolicy"), **allowed("ReleasePolicy")}
    assert set(given) == (called - FOR_A_PERSON) | BY_DOCKER | IMPLIED


def test_the_role_of_pull_requests_only_looks() -> None:
    assert properties("LookPolicy")["Roles"] == [{"Ref": "PlanRole"}, {"Ref": "DeployRole"}]
    assert properties("ReleasePolicy")["Roles"] == [{"Ref": "DeployRole"}]
    changing = {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"}
    verbs = ("Describe", "List", "Validate")
    assert {act for act in allowed("LookPolicy") if not act.partition(":")[2].startswith(verbs)} == changing


def test_roles_are_limited_to_resources_wherever_iam_can() -> None:
    data = Path(cfnlint.__file__).with_name("data") / "AdditionalSpecs" / "Policies.json"
    known = json.loads(data.read_text(encoding="utf-8"))
    for policy in ("LookPolicy", "ReleasePolicy"):
        for act, resource in allowed(policy).items():
            service, _, name = act.partition(":")
            limitable = known[service]["Actions"][name.lower()].get("Resources")
            if resource == "*":
                assert not limitable or act in NEVER_LIMITED, act


def test_roles_are_passed_to_tasks_only() -> None:
    [passing] = [s for s in statements(properties("ReleasePolicy")) if s["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert passing["Resource"] == [{"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in ("Execution", "Task")]


@pytest.mark.parametrize(
    ("role", "subject"),
    [("PlanRole", ":pull_request"), ("DeployRole", ":ref:refs/tags/v*")],
)
def test_only_runs_of_the_repository_take_a_role(role: str, subject: str) -> None:
    assert resources[role]["Condition"] == "HasGithub"
    [statement] = properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    conditions = {key: value for test in statement["Condition"].values() for key, value in test.items()}
    assert conditions == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": {"Fn::Sub": f"repo:${{GithubRepository}}{subject}"},
    }
