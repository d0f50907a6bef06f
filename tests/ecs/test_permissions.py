"""IAM allows the CI roles and the operator what the tool calls, and no more.

`python -m tests.ecs.permissions` prints the table of calls and identities. These tests need Node.js.
"""

import os
import subprocess
import sys
from collections import defaultdict
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ecs.foundation.operator_policy import operator_policy
from tests.ecs.permissions import calls as called
from tests.ecs.permissions import reference
from tests.ecs.permissions.identities import (
    OTHERS,
    OURS,
    SUBNETS,
    WHO,
    allowed,
    ask,
    change_set,
    denied,
    policies,
    request,
    stack,
)
from tests.ecs.permissions.needs import ALSO, NO_PERMISSION, STACK, TRUSTED, UNLISTED, Need, needs
from tests.ecs.permissions.operator_policy import (
    FILE,
    LIMIT,
    UNUSED,
    asked,
    generate,
    handled,
    handlers,
    patterns,
    size,
)
from tests.ecs.permissions.policies import RESOURCES, Stack
from tests.ecs.permissions.reference import Context, Request, described
from tests.serving import ROOT

COMMANDS = [path.stem for path in (ROOT / "ecs" / "commands").glob("*.py") if path.stem != "__init__"]
FOR_A_PERSON = {
    "cloudformation:CancelUpdateStack": "it changes the stack",
    "cloudformation:ContinueUpdateRollback": "it changes the stack",
    "cloudformation:DeleteStack": "it removes the stack",
    "cloudformation:DescribeStackDriftDetectionStatus": "it is about drift",
    "cloudformation:DescribeStackResourceDrifts": "it is about drift",
    "cloudformation:DetectStackDrift": "CloudFormation reads each resource with the caller's rights",
    "cloudformation:ExecuteChangeSet": "it changes the stack",
    "cloudformation:ListChangeSets": "it is asked of a stack that is not made yet",
}
"""Calls that `plan`, `up` and `rollback` can reach, and that CI may not make, with the reason."""
CHANGE_SETS = {
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
}
"""What the role for pull requests may write: a change set that nobody executes, and its tags."""
OPEN = {
    "cloudwatch:DescribeAlarms": "AWS checks it against all alarms",
    "elasticloadbalancing:*": "AWS makes the names of target groups up",
    "operator cloudwatch:SetAlarmState": "each alarm by its name takes too much space",
    "operator acm:*": "AWS makes the name of the stack's certificate up",
    "operator application-autoscaling:*": "a person may have to mend a target that has lost its tags",
}
"""Actions that can't be limited to one stack, or are not, with the reason."""


@cache
def by_call() -> dict[str, dict[str, bool]]:
    return allowed()


def may(who: str) -> set[str]:
    return {call for call, by in by_call().items() if by[who]}


def decision(who: str, action: str, resource: str, **context: str | list[str]) -> bool:
    """Return the decision on one action; `resource` is the ARN after `arn:aws:SERVICE:REGION:ACCOUNT:`."""
    service = action.partition(":")[0]
    region = "" if service == "iam" else OURS.region
    arn = resource if resource == "*" else f"arn:aws:{service}:{region}:{OURS.account}:{resource}"
    unlisted = action in UNLISTED and resource.startswith("changeSet/")
    keys: Context = {key.replace("__", ":").replace("_", "-"): value for key, value in context.items()}
    asked = Request(who, action, arn, keys, unlisted)
    return ask([asked])[asked]


class TestCalls:
    def test_every_call_belongs_to_a_command(self) -> None:
        assert called.calls() == set().union(*map(called.calls_of, COMMANDS))

    def test_every_action_is_one_of_aws(self) -> None:
        unknown = {call for call in called.calls() if not described(call)}
        assert not unknown - NO_PERMISSION
        assert not {action for also in ALSO.values() for action in also if not described(action)}

    def test_needs_are_declared_only_for_calls_that_exist(self) -> None:
        assert not {call for call in FOR_A_PERSON if call not in called.calls()}

    def test_the_role_for_pull_requests_may_call_what_plan_does(self) -> None:
        assert may("plan") == called.calls_of("plan") - FOR_A_PERSON.keys()

    def test_the_role_for_releases_may_call_what_plan_up_and_rollback_do(self) -> None:
        wanted = set().union(*map(called.calls_of, ("plan", "up", "rollback")))
        assert may("deploy") == wanted - FOR_A_PERSON.keys()

    @pytest.mark.parametrize("who", ["plan", "deploy"])
    def test_a_stack_in_an_existing_vpc_allows_the_same(self, who: str) -> None:
        there = stack("perfect-puppy", "prod", VpcId="vpc-0", SubnetIds=SUBNETS)
        assert there.resolve({"Fn::If": ["MakesNetwork", "its own", "given"]}) == "given"
        assert {call for call, missing in denied(who, there).items() if not missing} == may(who)

    def test_the_operator_may_call_everything(self) -> None:
        assert {call for call, items in denied("operator").items() if items} == TRUSTED.keys()


class TestRoles:
    @pytest.mark.parametrize("who", ["plan", "deploy"])
    def test_a_role_has_no_action_that_no_call_needs(self, who: str) -> None:
        given = {
            action
            for policy in policies()[who]
            for statement in policy["Statement"]
            for action in (
                [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            )
        }
        assert given == {need.action for call in may(who) for need in needs(call)}

    def test_the_role_for_pull_requests_only_reads(self) -> None:
        for call in may("plan"):
            for need in needs(call):
                entry = described(need.action)
                assert entry
                looks = entry["accessLevel"] in {"Read", "List"}
                assert looks is (need.action not in CHANGE_SETS), need.action

    @pytest.mark.parametrize(
        ("role", "subject"), [("PlanRole", "pull_request"), ("DeployRole", "environment:${Environment}")]
    )
    def test_only_runs_of_the_repository_take_a_role(self, role: str, subject: str) -> None:
        """The token of a job in an environment names that environment instead of its branch or tag."""
        assert RESOURCES[role]["Condition"] == "HasGithub"
        [statement] = OURS.resolve(RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"])["Statement"]
        provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
        assert statement["Principal"] == {"Federated": provider}
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Condition"] == {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": f"repo:owner/repository:{subject}".replace(
                    "${Environment}", "prod"
                ),
            }
        }

    def test_the_account_s_provider_for_github_is_not_the_stack_s(self) -> None:
        """All stacks share it, so neither `destroy` nor a change of one stack's settings may touch it."""
        assert not [name for name, item in RESOURCES.items() if item["Type"] == "AWS::IAM::OIDCProvider"]


def is_open(who: str, need: Need) -> bool:
    return any(fnmatchcase(f"{who} {need.action}", f"*{pattern}") for pattern in OPEN)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("other", OTHERS, ids=lambda item: str(item.name))
def test_no_resource_of_another_stack_is_allowed(who: str, other: Stack) -> None:
    asked = defaultdict(set)
    for call in called.calls():
        for need in needs(call):
            theirs = request(need, who, other)
            # Requests that are the same for every stack, such as a list of all services, can't be limited.
            if theirs != request(need, who) and not is_open(who, need):
                asked[theirs].add(call)
    assert len(asked) > 40
    decided = ask(asked)
    assert not {item: asked[item] for item, allows in decided.items() if allows}


CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/perfect-puppy-prod"
FAMILY = "arn:aws:ecs:eu-west-1:123456789012:task-definition"
SERVICE = "service/perfect-puppy-prod/perfect-puppy-prod"
SCALED: dict[str, Any] = {"application_autoscaling__service_namespace": "ecs"}
TAGS = {"Project": "perfect-puppy", "Environment": "prod"}
OTHER_TAGS = TAGS | {"Environment": "staging"}


def tagged(kind: str, tags: dict[str, str]) -> dict[str, str]:
    return {f"aws:{kind}Tag/{key}": value for key, value in tags.items()}


class TestRelease:
    """What the role for releases may do with its own service, and what not."""

    @pytest.mark.parametrize("action", ["ecs:CreateService", "ecs:UpdateService"])
    def test_a_service_runs_in_the_stack_s_subnets(self, action: str) -> None:
        family = {"ecs__task_definition": f"{FAMILY}/perfect-puppy-prod:7"}
        assert decision("deploy", action, SERVICE, ecs__subnet=SUBNETS, **family)
        assert decision("deploy", action, SERVICE, ecs__subnet=SUBNETS[:1], **family)
        assert not decision("deploy", action, SERVICE, ecs__subnet=[*SUBNETS, "subnet-of-others"], **family)

    @pytest.mark.parametrize("action", ["ecs:CreateService", "ecs:UpdateService"])
    @pytest.mark.parametrize("family", ["payments", "perfect-puppy-prod-eu"])
    def test_a_service_runs_no_task_definition_of_another_s(self, action: str, family: str) -> None:
        """Its tasks would run with the role of the other stack."""
        assert not decision(
            "deploy", action, SERVICE, ecs__subnet=SUBNETS, ecs__task_definition=f"{FAMILY}/{family}:7"
        )

    @pytest.mark.parametrize(
        ("cpu", "memory", "allows"),
        [("256", "512", True), ("512", "512", False), ("256", "1024", False), ("16384", "122880", False)],
    )
    def test_a_task_is_no_larger_than_the_settings_said(self, cpu: str, memory: str, allows: bool) -> None:
        sizes = {"ecs__task_cpu": cpu, "ecs__task_memory": memory}
        resource = "task-definition/perfect-puppy-prod:7"
        assert decision("deploy", "ecs:RegisterTaskDefinition", resource, **sizes) is allows

    @pytest.mark.parametrize(
        ("role", "service", "allows"),
        [
            ("perfect-puppy-prod-TaskRole-0123", "ecs-tasks.amazonaws.com", True),
            ("perfect-puppy-prod-TaskRole-0123", "lambda.amazonaws.com", False),
            ("perfect-puppy-prod-InfrastructureRole-0123", "ecs.amazonaws.com", True),
            ("perfect-puppy-prod-InfrastructureRole-0123", "lambda.amazonaws.com", False),
            ("perfect-puppy-staging-InfrastructureRole-0123", "ecs.amazonaws.com", False),
            ("perfect-puppy-prod-DeployRole-0123", "ecs-tasks.amazonaws.com", False),
            ("perfect-puppy-staging-TaskRole-0123", "ecs-tasks.amazonaws.com", False),
            ("Admin", "ecs-tasks.amazonaws.com", False),
        ],
    )
    @pytest.mark.parametrize("who", ["deploy", "operator"])
    def test_the_roles_of_tasks_are_passed_to_tasks_and_that_of_the_balancer_to_ecs(
        self, who: str, role: str, service: str, allows: bool
    ) -> None:
        assert decision(who, "iam:PassRole", f"role/{role}", iam__PassedToService=service) is allows

    @pytest.mark.parametrize(
        ("service", "allows"),
        [
            ("ecs.application-autoscaling.amazonaws.com", True),
            ("dynamodb.application-autoscaling.amazonaws.com", False),
            ("ops.apigateway.amazonaws.com", False),
        ],
    )
    def test_a_role_of_aws_s_own_is_made_for_scaling_only(self, service: str, allows: bool) -> None:
        role = f"role/aws-service-role/{service}/AWSServiceRole"
        assert decision("deploy", "iam:CreateServiceLinkedRole", role, iam__AWSServiceName=service) is allows
        own = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRole"
        assert decision("deploy", "iam:CreateServiceLinkedRole", own, iam__AWSServiceName=service) is allows

    @pytest.mark.parametrize(
        ("alarm", "allows"),
        [
            ("TargetTracking-service/perfect-puppy-prod/perfect-puppy-prod-AlarmHigh-0123", True),
            ("TargetTracking-service/perfect-puppy-prod-eu/perfect-puppy-prod-eu-AlarmHigh-0123", False),
            ("TargetTracking-table/orders-AlarmHigh-0123", False),
            ("perfect-puppy-prod-server-errors", False),
        ],
    )
    def test_alarms_are_changed_of_the_service_s_own_scaling_only(self, alarm: str, allows: bool) -> None:
        for action in ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"):
            assert decision("deploy", action, f"alarm:{alarm}") is allows

    @pytest.mark.parametrize(
        ("action", "namespace", "tags", "allows"),
        [
            ("RegisterScalableTarget", "ecs", tagged("Request", TAGS), True),
            ("RegisterScalableTarget", "ecs", tagged("Resource", TAGS), True),
            ("RegisterScalableTarget", "dynamodb", tagged("Request", TAGS), False),
            ("RegisterScalableTarget", "ecs", {}, False),
            ("RegisterScalableTarget", "ecs", tagged("Resource", OTHER_TAGS), False),
            (
                "RegisterScalableTarget",
                "ecs",
                tagged("Request", TAGS) | tagged("Resource", OTHER_TAGS),
                False,
            ),
            ("PutScalingPolicy", "ecs", tagged("Resource", TAGS), True),
            ("PutScalingPolicy", "ecs", tagged("Resource", OTHER_TAGS), False),
            ("PutScalingPolicy", "ecs", {}, False),
            ("TagResource", "", tagged("Request", TAGS), True),
            ("TagResource", "", tagged("Request", OTHER_TAGS), False),
            ("TagResource", "", tagged("Request", TAGS) | tagged("Resource", OTHER_TAGS), False),
        ],
    )
    def test_scaling_is_of_what_has_the_stack_s_tags(
        self, action: str, namespace: str, tags: dict[str, str], allows: bool
    ) -> None:
        key = "application-autoscaling:service-namespace"
        context: Context = {**tags, **({key: namespace} if namespace else {})}
        arn = "arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/0123"
        asked = Request("deploy", f"application-autoscaling:{action}", arn, context)
        assert ask([asked])[asked] is allows

    @pytest.mark.parametrize(("cluster", "allows"), [(CLUSTER, True), (f"{CLUSTER}-eu", False)])
    @pytest.mark.parametrize("who", ["deploy", "operator"])
    def test_tasks_are_listed_of_the_stack_s_cluster(self, who: str, cluster: str, allows: bool) -> None:
        resource = f"container-instance/{cluster.rpartition('/')[2]}/0123"
        assert decision(who, "ecs:ListTasks", resource, ecs__cluster=cluster) is allows


class TestChangeSets:
    @pytest.mark.parametrize(
        "action", ["CreateChangeSet", "DescribeChangeSet", "DeleteChangeSet", "ExecuteChangeSet"]
    )
    @pytest.mark.parametrize("resource", ["stack/perfect-puppy-prod/0123", "changeSet/{name}/0123"])
    @pytest.mark.parametrize("command", ["plan", "up"])
    @pytest.mark.parametrize("who", WHO)
    def test_the_roles_use_only_change_sets_of_plan_and_execute_none(
        self, who: str, command: str, resource: str, action: str
    ) -> None:
        name = f"{command}--perfect-puppy-prod--0123"
        wanted = who == "operator" or (command == "plan" and action != "ExecuteChangeSet")
        given = {"cloudformation__ChangeSetName": name}
        assert decision(who, f"cloudformation:{action}", resource.format(name=name), **given) is wanted

    @pytest.mark.parametrize("who", WHO)
    @pytest.mark.parametrize(
        "name", ["plan--perfect-puppy-prod-eu--0123", "plan--perfect-puppy--0123", "planned", "ecs-0123"]
    )
    def test_nobody_uses_change_sets_of_other_stacks_or_names(self, who: str, name: str) -> None:
        for action in ("CreateChangeSet", "DeleteChangeSet"):
            assert not decision(who, f"cloudformation:{action}", f"changeSet/{name}/0123")
        if who != "operator":
            given = {"cloudformation__ChangeSetName": name}
            assert not decision(
                who, "cloudformation:CreateChangeSet", "stack/perfect-puppy-prod/0123", **given
            )

    def test_up_executes_no_change_set_that_a_role_made(self) -> None:
        assert [change_set(who) for who in WHO] == ["plan", "plan", "up"]


class TestOperatorPolicy:
    def test_the_file_is_what_the_calls_and_the_schemas_say(self) -> None:
        command = "python -m tests.ecs.permissions.operator_policy"
        assert msgspec.json.decode(FILE.read_bytes()) == generate(), f"Run {command}."

    def test_it_allows_what_cloudformation_does_for_each_type_of_resource(self) -> None:
        def context(action: str) -> Context:
            given: dict[str, Context] = {
                "iam:CreateServiceLinkedRole": {"iam:AWSServiceName": "ecs.amazonaws.com"},
                "iam:PassRole": {"iam:PassedToService": "ecs-tasks.amazonaws.com"},
            }
            return given.get(action, {})

        asked = [
            Need(action, pattern, context(action)).of("operator", OURS)
            for action in handled()
            for pattern in patterns(action)
        ]
        assert len(asked) > 150
        assert not [item for item, allows in ask(asked).items() if not allows]

    def test_what_the_policy_leaves_out_is_in_the_schemas(self) -> None:
        """An exception that is no longer in the schemas must be removed from the list."""
        named = set(handlers())
        assert UNUSED.keys() <= named | {action.partition(":")[0] for action in named}

    @pytest.mark.parametrize("service", ["ecs", "ecs.application-autoscaling", "elasticloadbalancing"])
    def test_in_a_new_account_aws_may_make_its_own_roles(self, service: str) -> None:
        named = f"{service}.amazonaws.com"
        role = f"role/aws-service-role/{named}/AWSServiceRole"
        assert decision("operator", "iam:CreateServiceLinkedRole", role, iam__AWSServiceName=named)

    def test_it_allows_all_of_a_service_on_what_has_the_stack_s_name_only(self) -> None:
        for statement in generate()["Statement"]:
            if any(action.endswith(":*") for action in statement["Action"]):
                assert all(STACK in resource for resource in statement["Resource"])
                assert not [action for action in statement["Action"] if action.startswith("iam:")]

    def test_a_wildcard_covers_only_actions_asked_for_and_descriptions(self) -> None:
        for statement in generate()["Statement"]:
            for action in statement["Action"]:
                service, _, name = action.partition(":")
                for entry in reference.actions(service).values() if name != "*" and "*" in name else ():
                    if fnmatchcase(entry["name"], name):
                        asked_for = f"{service}:{entry['name']}" in asked()
                        assert asked_for or entry["accessLevel"] in {"Read", "List"}, entry["name"]

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("iam:PutRolePolicy", "role/Admin"),
            ("iam:PutUserPolicy", "user/perfect-puppy-prod"),
            ("iam:CreateRole", "role/perfect-puppy-prod-eu-TaskRole-0123"),
            ("iam:DeleteOpenIDConnectProvider", "oidc-provider/token.actions.githubusercontent.com"),
            ("ecr:DeleteRepository", "repository/perfect-puppy-prod-eu"),
            ("ecs:DeleteCluster", "cluster/perfect-puppy-prod-eu"),
            ("cloudformation:DeleteStack", "stack/perfect-puppy-prod-eu/0123"),
            ("ec2:RunInstances", "instance/i-0123"),
        ],
    )
    def test_it_does_not_allow_more(self, action: str, resource: str) -> None:
        assert not decision("operator", action, resource)

    def test_it_fits_into_a_managed_policy_whatever_the_names(self) -> None:
        longest = stack("a" * 20, "b" * 10)
        policy = policies(Stack(longest.name, longest.parameters, region="ap-southeast-2"))["operator"][0]
        assert size(policy) <= LIMIT

    def test_verify_prints_it_without_credentials_or_a_region(self, tmp_path: Path) -> None:
        def printed(*arguments: str) -> dict[str, Any]:
            command = [sys.executable, "-m", "ecs", "verify", "--policy", *arguments]
            environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
            run = subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
            return msgspec.json.decode(run.stdout, type=dict[str, Any])

        anywhere = printed()
        assert anywhere == operator_policy("perfect-puppy-prod", "", "")
        assert "${" not in str(anywhere)
        assert "arn:aws-cn:ecs:cn-north-1:*:cluster/perfect-puppy-prod" in str(
            printed("--region", "cn-north-1", "--json")
        )


def test_without_node_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    with pytest.raises(RuntimeError, match=r"need Node\.js"):
        reference.install()
