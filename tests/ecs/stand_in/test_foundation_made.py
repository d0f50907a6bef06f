"""The foundation, created by change sets on the stand-in and read back from each service."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ecs.errors import RolledBackError
from ecs.foundation import changeset, stack
from ecs.foundation import events as stack_events
from ecs.foundation.removal import remove
from ecs.foundation.stack_outputs import Foundation

TAGS = [{"Key": key, "Value": "pp-made"} for key in ("Project", "Environment", "ManagedBy")]
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0123"
PARAMETERS = {
    "AlarmEmail": "somebody@example.org",
    "VpcId": "",
    "SubnetIds": "",
    "CertificateArn": "",
    "HostedZoneId": "",
    "DomainName": "",
    "ContainerPort": "8000",
    "GithubRepository": "somebody/perfect-puppy",
    "Project": "perfect-puppy",
    "Environment": "prod",
    "TaskCpu": "256",
    "TaskMemory": "512",
    "RequestsPer5Minutes": "0",
    "MonthlyBudgetUsd": "0",
}


def inputs(parameters: dict[str, str]) -> dict[str, Any]:
    given = PARAMETERS | parameters
    return {
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        "Tags": TAGS,
    }


@pytest.fixture(autouse=True, scope="module")
def often() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack_events, "POLL_SECONDS", 0.1)
        yield


class Made:
    """A test's stack, deleted at the end of the test."""

    def __init__(self, real: boto3.Session, name: str) -> None:
        self.client, self.name = real.client("cloudformation"), name
        self.said: list[str] = []

    def apply(self, **parameters: str) -> Foundation:
        return stack.apply(self.client, self.name, inputs(parameters), self.said.append)

    def preview(self, **parameters: str) -> list[str]:
        return [str(item) for item in stack.preview(self.client, self.name, inputs(parameters))]

    @property
    def status(self) -> str | None:
        described = stack_events.describe_stack(self.client, self.name)
        return described["StackStatus"] if described else None

    def resources(self) -> dict[str, str]:
        """The physical ids of the resources, by their names in the template."""
        listed = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in listed}


@pytest.fixture
def made(real: boto3.Session) -> Iterator[Made]:
    made = Made(real, "pp-made")
    yield made
    remove(made.client, made.name, made.said.append)
    assert made.status is None


@pytest.fixture(scope="module")
def whole(real: boto3.Session) -> Iterator[tuple[Made, Foundation]]:
    whole = Made(real, "pp-whole")
    yield whole, whole.apply()
    remove(whole.client, whole.name, whole.said.append)


def attributes(pairs: list[Any]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs}


def test_balancer_and_targets(whole: tuple[Made, Foundation], real: boto3.Session) -> None:
    _, foundation = whole
    elbv2 = real.client("elbv2")
    balancer = elbv2.describe_load_balancer_attributes(LoadBalancerArn=foundation.load_balancer_arn)
    assert attributes(balancer["Attributes"])["idle_timeout.timeout_seconds"] == "60"
    assert attributes(balancer["Attributes"])["routing.http.drop_invalid_header_fields.enabled"] == "true"
    [group] = elbv2.describe_target_groups(TargetGroupArns=[foundation.target_group_arn])["TargetGroups"]
    assert (group["TargetType"], group["Port"], group["HealthCheckPath"]) == ("ip", 8000, "/readyz")
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (5, 2)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
    told = elbv2.describe_target_group_attributes(TargetGroupArn=foundation.target_group_arn)["Attributes"]
    assert attributes(told)["deregistration_delay.timeout_seconds"] == "20"
    assert attributes(told)["load_balancing.algorithm.type"] == "least_outstanding_requests"


def test_two_public_subnets_in_two_zones(whole: tuple[Made, Foundation], real: boto3.Session) -> None:
    _, foundation = whole
    subnets = real.client("ec2").describe_subnets(SubnetIds=list(foundation.subnet_ids))["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    assert {subnet["VpcId"] for subnet in subnets} == {foundation.vpc_id}


def test_tasks_accept_from_the_balancer_only(whole: tuple[Made, Foundation], real: boto3.Session) -> None:
    made, foundation = whole
    groups = real.client("ec2").describe_security_groups(GroupIds=[foundation.task_security_group_id])
    [rule] = groups["SecurityGroups"][0]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"], rule.get("IpRanges", [])) == (8000, 8000, [])
    [pair] = rule["UserIdGroupPairs"]
    assert pair["GroupId"] == made.resources()["LoadBalancerSecurityGroup"]


def test_registry(whole: tuple[Made, Foundation], real: boto3.Session) -> None:
    _, foundation = whole
    ecr = real.client("ecr")
    [repository] = ecr.describe_repositories(repositoryNames=[foundation.repository_name])["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"]["scanOnPush"] is True
    policy = ecr.get_lifecycle_policy(repositoryName=foundation.repository_name)["lifecyclePolicyText"]
    assert json.loads(policy)["rules"][0]["selection"]["countNumber"] == 20


def test_logs_alarms_and_stopped_tasks(whole: tuple[Made, Foundation], real: boto3.Session) -> None:
    made, foundation = whole
    logs, cloudwatch, events = (real.client(name) for name in ("logs", "cloudwatch", "events"))
    for name in (foundation.log_group_name, foundation.events_log_group_name):
        [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert group["retentionInDays"] == 30
    filters = logs.describe_metric_filters(logGroupName=foundation.log_group_name)["metricFilters"]
    names = [
        foundation.server_errors_alarm_name,
        foundation.unhealthy_hosts_alarm_name,
        foundation.balancer_errors_alarm_name,
        foundation.drift_alarm_name,
        foundation.slow_answers_alarm_name,
    ]
    alarms = {
        item["AlarmName"]: item for item in cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    }
    assert set(alarms) == set(names)
    assert all(alarm["AlarmActions"] == [foundation.alarm_topic_arn] for alarm in alarms.values())
    counted = [each["metricTransformations"][0] for each in filters]
    assert {(each["metricNamespace"], each["metricName"]) for each in counted} == {
        (alarm["Namespace"], alarm["MetricName"])
        for alarm in map(alarms.get, (foundation.server_errors_alarm_name, foundation.drift_alarm_name))
        if alarm
    }
    [subscription] = real.client("sns").list_subscriptions_by_topic(TopicArn=foundation.alarm_topic_arn)[
        "Subscriptions"
    ]
    assert subscription["Endpoint"] == "somebody@example.org"
    rule = made.resources()["StoppedTasksRule"].rpartition("/")[2].rpartition("|")[2]
    [target] = events.list_targets_by_rule(Rule=rule)["Targets"]
    assert target["Arn"].endswith(f":log-group:{foundation.events_log_group_name}")


def test_tags_are_on_everything(whole: tuple[Made, Foundation], real: boto3.Session) -> None:
    made, foundation = whole
    resources, ec2, iam = made.resources(), real.client("ec2"), real.client("iam")
    wanted = {"Project", "Environment", "ManagedBy"}
    for kind in ("Vpc", "FirstSubnet", "SecondSubnet", "InternetGateway", "RouteTable", "S3Endpoint",
                 "LoadBalancerSecurityGroup", "TaskSecurityGroup"):  # fmt: skip
        tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resources[kind]]}])["Tags"]
        assert {tag["Key"] for tag in tags} >= wanted, kind
    for arn in (foundation.load_balancer_arn, foundation.target_group_arn):
        [told] = real.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
        assert {tag["Key"] for tag in told["Tags"]} >= wanted, arn
    for role in ("ExecutionRole", "TaskRole", "PlanRole", "DeployRole"):
        assert {tag["Key"] for tag in iam.list_role_tags(RoleName=resources[role])["Tags"]} >= wanted, role
    [cluster] = real.client("ecs").describe_clusters(clusters=[made.name], include=["TAGS"])["clusters"]
    assert {tag["key"] for tag in cluster["tags"]} >= wanted
    [repository] = real.client("ecr").describe_repositories(repositoryNames=[made.name])["repositories"]
    tags = real.client("ecr").list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    assert {tag["Key"] for tag in tags} >= wanted
    topic = real.client("sns").list_tags_for_resource(ResourceArn=foundation.alarm_topic_arn)["Tags"]
    assert {tag["Key"] for tag in topic} >= wanted


def test_with_a_certificate_http_leads_to_https(made: Made, real: boto3.Session) -> None:
    foundation = made.apply(CertificateArn=CERTIFICATE, DomainName="puppy.example.org")
    assert foundation.url == "https://puppy.example.org"
    found = real.client("elbv2").describe_listeners(LoadBalancerArn=foundation.load_balancer_arn)["Listeners"]
    http, https = sorted(found, key=lambda listener: listener["Port"])
    assert http["DefaultActions"][0]["RedirectConfig"]["StatusCode"] == "HTTP_301"
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    assert https["Certificates"] == [{"CertificateArn": CERTIFICATE}]
    assert https["DefaultActions"][0]["TargetGroupArn"] == foundation.target_group_arn
    rules = real.client("elbv2").describe_rules(ListenerArn=https["ListenerArn"])["Rules"]
    assert {foundation.production_rule_arn, foundation.test_rule_arn} < {rule["RuleArn"] for rule in rules}


def test_with_a_hosted_zone_a_certificate_and_the_name_are_made(made: Made, real: boto3.Session) -> None:
    route53 = real.client("route53")
    zone = route53.create_hosted_zone(Name="example.org", CallerReference="made")["HostedZone"]["Id"]
    foundation = made.apply(HostedZoneId=zone.rpartition("/")[2], DomainName="puppy.example.org")
    assert foundation.url == "https://puppy.example.org"
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    [record] = [item for item in records if item["Type"] == "A"]
    assert record["AliasTarget"]["DNSName"].rstrip(".").endswith(foundation.load_balancer_dns_name)
    assert made.resources()["Certificate"].startswith("arn:aws:acm:")


def test_a_firewall_and_a_budget_are_made_and_removed(made: Made, real: boto3.Session) -> None:
    made.apply()
    assert not {"Firewall", "FirewallAssociation", "Budget"} & set(made.resources())
    foundation = made.apply(RequestsPer5Minutes="1000", MonthlyBudgetUsd="50")
    waf = real.client("wafv2")
    acl = waf.get_web_acl_for_resource(ResourceArn=foundation.load_balancer_arn)["WebACL"]
    [rule] = acl["Rules"]
    assert int(rule["Statement"]["RateBasedStatement"]["Limit"]) == 1000
    assert rule["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    assert made.resources()["Budget"] == made.name
    made.apply()
    assert not {"Firewall", "FirewallAssociation", "Budget"} & set(made.resources())


def test_in_an_existing_vpc_no_network_is_made(made: Made, whole: tuple[Made, Foundation]) -> None:
    there = whole[1]
    foundation = made.apply(VpcId=there.vpc_id, SubnetIds=",".join(there.subnet_ids), GithubRepository="")
    assert (foundation.vpc_id, foundation.subnet_ids) == (there.vpc_id, there.subnet_ids)
    assert not {"Vpc", "FirstSubnet", "S3Endpoint", "PlanRole", "DeployRole"} & set(made.resources())
    assert (foundation.deploy_role_arn, foundation.plan_role_arn) == ("", "")


def test_preview_changes_nothing_and_leaves_nothing(made: Made) -> None:
    assert "+ Cluster (AWS::ECS::Cluster)" in made.preview()
    assert made.status is None
    made.apply()
    assert made.preview() == []
    [change] = made.preview(AlarmEmail="other@example.org")
    assert change == (
        "~ AlarmSubscription (AWS::SNS::Subscription, may be replaced)\n"
        "      ~ Endpoint: somebody@example.org → other@example.org"
    )
    left = made.client.list_change_sets(StackName=made.name)["Summaries"]
    assert not [item for item in left if item["ExecutionStatus"] == "AVAILABLE"]


def test_runs_at_once_end_with_one_foundation(made: Made) -> None:
    made.apply()
    ended: list[Foundation | BaseException] = []

    def run() -> None:
        try:
            ended.append(Made(boto3.Session(), made.name).apply(AlarmEmail="another@example.org"))
        except BaseException as error:
            ended.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = stack.find_foundation(made.client, made.name)
    assert ended == [there, there, there]
    assert made.preview(AlarmEmail="another@example.org") == []


NEVER = """
  Handle:
    Type: AWS::CloudFormation::WaitConditionHandle
  Never:
    Type: AWS::CloudFormation::WaitCondition
    DependsOn: Cluster
    Properties: {Handle: !Ref Handle, Timeout: "1"}
"""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Use a template with a resource that is never completed."""
    text = changeset.TEMPLATE.read_text(encoding="utf-8").replace("\nOutputs:\n", f"{NEVER}\nOutputs:\n")
    path = tmp_path / "foundation.yaml"
    path.write_text(text, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(changeset, "TEMPLATE", path)
        yield patch


def test_a_failed_creation_leaves_nothing_and_the_next_run_succeeds(
    made: Made, failing: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RolledBackError, match=r"could not be made, and what was begun is removed\. Never: "):
        made.apply()
    assert made.status is None
    failing.undo()
    assert made.apply().cluster_name == made.name


def test_a_stack_left_in_rollback_complete_is_created_again(made: Made, failing: pytest.MonkeyPatch) -> None:
    made.client.create_stack(
        StackName=made.name,
        TemplateBody=changeset.TEMPLATE.read_text(encoding="utf-8"),
        Parameters=inputs({})["Parameters"],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack.wait_until_idle(made.client, made.name, made.said.append)
    assert made.status == "ROLLBACK_COMPLETE"
    failing.undo()
    assert made.preview() == [f"± {made.name} (AWS::CloudFormation::Stack, replaced)"]
    assert made.apply().cluster_name == made.name
    assert made.status == "CREATE_COMPLETE"


def test_a_failed_update_is_rolled_back(made: Made, request: pytest.FixtureRequest) -> None:
    before = made.apply()
    failing: pytest.MonkeyPatch = request.getfixturevalue("failing")
    with pytest.raises(RolledBackError, match=r"could not be changed and is as it was\. Never: "):
        made.apply()
    failing.undo()
    assert made.status == "UPDATE_ROLLBACK_COMPLETE"
    assert made.apply() == before
