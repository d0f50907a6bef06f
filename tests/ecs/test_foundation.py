"""The properties that the foundation's template must give its resources."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from ecs.foundation.changeset import TEMPLATE
from ecs.release import image
from ecs.release.smoke import TEST_HEADER
from model.predictor import Predictor
from model.problem.rows import Row
from tests.ecs.template import (
    actions,
    attributes,
    of_type,
    outputs,
    properties,
    resources,
    statements,
    template,
)
from tests.serving import ROOT
from webapp.http.drift import ROWS, Drift

TEMPLATE_BYTES = 51_200  # the largest template that CreateChangeSet takes in its body
GROUPS = ("TargetGroup", "SecondTargetGroup")
STATUSES = (200, 404, 408, 500, 503)
ANSWERING = """
import sys
from flask import abort
from webapp import create_app
from webapp.config import Settings
from webapp.http import logs

logs.configure(Settings(log_format="json"))
app = create_app()

@app.get("/answer/<int:status>")
def answer(status):
    if status == 500:
        raise RuntimeError("a fault of ours")
    return "" if status == 200 else abort(status)

for status in sys.argv[1:]:
    app.test_client().get(f"/answer/{status}")
"""


@pytest.fixture(scope="module")
def request_lines() -> dict[int, dict[str, Any]]:
    """The lines that the app really logs for requests, by the status of the answer."""
    command = [sys.executable, "-c", ANSWERING, *map(str, STATUSES)]
    logged = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in logged.splitlines()]
    return {line["status"]: line for line in lines if line["event"] == "request"}


def test_the_template_fits_into_a_change_set() -> None:
    assert len(TEMPLATE.read_bytes()) < TEMPLATE_BYTES


def test_only_these_aws_services_are_used() -> None:
    """A further service may cost money every month, so this list must be extended deliberately."""
    assert {resource["Type"].split("::")[1] for resource in resources.values()} == {
        "Budgets", "CertificateManager", "CloudWatch", "EC2", "ECR", "ECS", "ElasticLoadBalancingV2",
        "Events", "IAM", "Logs", "Route53", "SNS", "WAFv2",
    }  # fmt: skip


def test_what_costs_more_is_made_only_on_request() -> None:
    parameters = template["Parameters"]
    for kind, parameter in (("WAFv2", "RequestsPer5Minutes"), ("Budgets", "MonthlyBudgetUsd")):
        made = [item for item in resources.values() if item["Type"].startswith(f"AWS::{kind}::")]
        assert made
        for item in made:
            assert template["Conditions"][item["Condition"]] == {
                "Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]
            }
        assert parameters[parameter]["Default"] == 0


class TestNetwork:
    def test_two_public_subnets_in_two_zones(self) -> None:
        zones = [properties(name)["AvailabilityZone"]["Fn::Select"][0] for name in of_type("EC2::Subnet")]
        assert zones == [0, 1]
        assert properties("InternetRoute")["GatewayId"] == {"Ref": "InternetGateway"}
        for name in ("FirstSubnetRoutes", "SecondSubnetRoutes"):
            assert properties(name)["RouteTableId"] == {"Ref": "RouteTable"}

    def test_the_layers_of_images_come_through_a_gateway_endpoint(self) -> None:
        endpoint = properties("S3Endpoint")
        assert endpoint["VpcEndpointType"] == "Gateway"
        assert endpoint["ServiceName"] == {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}
        assert endpoint["RouteTableIds"] == [{"Ref": "RouteTable"}]

    def test_no_network_is_made_if_a_vpc_is_given(self) -> None:
        network = [name for name in resources if resources[name].get("Condition") == "MakesNetwork"]
        made = ["VPC", "Subnet", "RouteTable", "Route", "InternetGateway", "VPCEndpoint"]
        assert set(network) >= {name for kind in made for name in of_type(f"EC2::{kind}")}
        for name in ("LoadBalancerSecurityGroup", "TaskSecurityGroup", *GROUPS):
            assert properties(name)["VpcId"] == {"Fn::If": ["MakesNetwork", {"Ref": "Vpc"}, {"Ref": "VpcId"}]}
        assert properties("LoadBalancer")["Subnets"]["Fn::If"][2] == {"Ref": "SubnetIds"}

    def test_tasks_accept_from_the_balancer_only(self) -> None:
        [rule] = properties("TaskSecurityGroup")["SecurityGroupIngress"]
        assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["LoadBalancerSecurityGroup", "GroupId"]}
        assert rule["FromPort"] == rule["ToPort"] == {"Ref": "ContainerPort"}
        assert "CidrIp" not in rule

    def test_tasks_reach_out_by_https_only(self) -> None:
        [rule] = properties("TaskSecurityGroup")["SecurityGroupEgress"]
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)

    def test_the_balancer_opens_443_only_where_it_listens_there(self) -> None:
        http, https = properties("LoadBalancerSecurityGroup")["SecurityGroupIngress"]
        assert http["FromPort"] == http["ToPort"] == 80
        condition, rule, otherwise = https["Fn::If"]
        assert (condition, rule["FromPort"], otherwise) == ("HasHttps", 443, {"Ref": "AWS::NoValue"})


class TestBalancer:
    def test_the_balancer(self) -> None:
        assert attributes("LoadBalancer", "LoadBalancerAttributes") == {
            "idle_timeout.timeout_seconds": "60",
            "routing.http.drop_invalid_header_fields.enabled": "true",
        }
        assert properties("LoadBalancer")["Scheme"] == "internet-facing"

    def test_the_network_has_its_gateway_before_the_balancer_is_made(self) -> None:
        subnets = properties("LoadBalancer")["Subnets"]["Fn::If"][1]
        assert [resources[subnet["Ref"]]["DependsOn"] for subnet in subnets] == [
            "InternetGatewayAttachment"
        ] * 2

    def test_the_targets_are_addresses_and_their_health_is_readiness(self) -> None:
        group = properties("TargetGroup")
        assert group["TargetType"] == "ip"
        assert group["Port"] == {"Ref": "ContainerPort"}
        assert group["HealthCheckPath"] == "/readyz"
        assert group["Matcher"] == {"HttpCode": "200"}
        assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (5, 2)
        assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)
        assert attributes("TargetGroup", "TargetGroupAttributes") == {
            "deregistration_delay.timeout_seconds": "20",
            "load_balancing.algorithm.type": "least_outstanding_requests",
        }

    def test_both_target_groups_are_alike(self) -> None:
        """A blue/green release changes from one to the other."""
        assert properties("TargetGroup") == properties("SecondTargetGroup")

    def test_users_and_who_knows_the_header_are_sent_by_a_rule_of_their_own(self) -> None:
        """ECS shifts the weights of rules; it can't those of a listener's default action."""
        test, production = properties("TestRule"), properties("ProductionRule")
        assert test["Priority"] < production["Priority"], "the first that matches counts"
        assert production["Conditions"] == [
            {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}
        ]
        [header] = test["Conditions"]
        assert header["HttpHeaderConfig"]["HttpHeaderName"] == TEST_HEADER
        assert header["HttpHeaderConfig"]["Values"] == [outputs["TestKey"]["Value"]]
        for rule in (test, production):
            assert rule["ListenerArn"]["Fn::If"] == [
                "HasHttps", {"Ref": "HttpsListener"}, {"Ref": "HttpListener"}
            ]  # fmt: skip
            [forward] = rule["Actions"]
            assert forward["ForwardConfig"]["TargetGroups"] == [
                {"TargetGroupArn": {"Ref": name}, "Weight": weight}
                for name, weight in zip(GROUPS, (1, 0), strict=True)
            ]

    def test_http_redirects_to_https_with_a_certificate(self) -> None:
        [action] = properties("HttpListener")["DefaultActions"]
        condition, redirect, forward = action["Fn::If"]
        assert condition == "HasHttps"
        assert redirect["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        assert forward["TargetGroupArn"] == {"Ref": "TargetGroup"}

    def test_http_redirects_to_https_only_once_443_is_open(self) -> None:
        """A reference in the metadata orders the two, because DependsOn can't name a conditional resource."""
        assert resources["HttpListener"]["Metadata"]["After"]["Fn::If"][:2] == [
            "HasHttps",
            {"Ref": "HttpsListener"},
        ]

    def test_https_takes_tls_1_3_and_a_certificate_given_or_made(self) -> None:
        listener = properties("HttpsListener")
        assert resources["HttpsListener"]["Condition"] == "HasHttps"
        assert listener["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
        [certificate] = listener["Certificates"]
        assert certificate["CertificateArn"]["Fn::If"] == [
            "HasCertificate",
            {"Ref": "CertificateArn"},
            {"Ref": "Certificate"},
        ]

    def test_a_certificate_is_made_and_validated_in_the_hosted_zone(self) -> None:
        assert resources["Certificate"]["Condition"] == "MakesCertificate"
        assert properties("Certificate")["ValidationMethod"] == "DNS"
        [option] = properties("Certificate")["DomainValidationOptions"]
        assert option["HostedZoneId"] == {"Ref": "HostedZoneId"}


class TestRegistryClusterLogs:
    def test_images_are_scanned_and_never_replaced(self) -> None:
        repository = properties("Repository")
        assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
        assert repository["ImageTagMutability"] == "IMMUTABLE"

    def test_failed_releases_however_many_expire_no_good_image(self) -> None:
        policy = json.loads(properties("Repository")["LifecyclePolicy"]["LifecyclePolicyText"])
        good, others = sorted(policy["rules"], key=lambda rule: int(rule["rulePriority"]))
        # An image that matches a rule is ignored by later ones, and a rule for any tag must be the last.
        last_20 = {"countType": "imageCountMoreThan", "countNumber": 20}
        assert good["selection"] == {"tagStatus": "tagged", "tagPrefixList": [image.GOOD_PREFIX]} | last_20
        assert others["selection"] == {"tagStatus": "any"} | last_20

    @pytest.mark.parametrize("name", of_type("Logs::LogGroup"))
    def test_logs_are_kept_for_30_days(self, name: str) -> None:
        assert properties(name)["RetentionInDays"] == 30

    def test_nothing_is_kept_when_the_stack_goes(self) -> None:
        assert not [name for name in resources if resources[name].get("DeletionPolicy")]


class TestTaskRoles:
    def test_the_execution_role_reaches_this_repository_and_log_group_only(self) -> None:
        [policy] = properties("ExecutionRole")["Policies"]
        *always, secrets = statements(policy)
        allowed = {action: statement["Resource"] for statement in always for action in actions(statement)}
        repository = {"Fn::GetAtt": ["Repository", "Arn"]}
        log_group = {"Fn::GetAtt": ["LogGroup", "Arn"]}
        assert allowed == {
            "ecr:GetAuthorizationToken": "*",
            "ecr:BatchCheckLayerAvailability": repository,
            "ecr:BatchGetImage": repository,
            "ecr:GetDownloadUrlForLayer": repository,
            "logs:CreateLogStream": log_group,
            "logs:PutLogEvents": log_group,
        }
        condition, statement, otherwise = secrets["Fn::If"]
        assert (condition, statement["Resource"]) == ("HasSecrets", {"Ref": "SecretArns"})
        assert actions(statement) == ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
        assert otherwise == {"Ref": "AWS::NoValue"}

    def test_the_task_role_may_do_nothing(self) -> None:
        assert set(properties("TaskRole")) == {"AssumeRolePolicyDocument"}
        for name in of_type("IAM::Policy"):
            assert {"Ref": "TaskRole"} not in properties(name)["Roles"]

    def test_only_ecs_itself_shifts_requests(self) -> None:
        role = properties("InfrastructureRole")
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "ecs.amazonaws.com"}
        [policy] = role["ManagedPolicyArns"]
        assert policy["Fn::Sub"].endswith(":policy/AmazonECSInfrastructureRolePolicyForLoadBalancers")

    @pytest.mark.parametrize("name", ["ExecutionRole", "TaskRole"])
    def test_only_tasks_of_this_account_have_them(self, name: str) -> None:
        [statement] = properties(name)["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


class TestAlarms:
    def test_an_alarm_and_its_end_reach_a_person(self) -> None:
        for name in of_type("CloudWatch::Alarm"):
            assert properties(name)["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
            assert properties(name)["OKActions"] == [{"Ref": "AlarmTopic"}], name
            assert properties(name)["TreatMissingData"] == "notBreaching", name
        subscription = properties("AlarmSubscription")
        assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", {"Ref": "AlarmEmail"})
        assert resources["AlarmSubscription"]["Condition"] == "HasEmail"

    @pytest.mark.parametrize(
        ("name", "group"), [("UnhealthyHostsAlarm", GROUPS[0]), ("SecondUnhealthyHostsAlarm", GROUPS[1])]
    )
    def test_unhealthy_hosts_are_those_of_our_target_groups(self, name: str, group: str) -> None:
        alarm = properties(name)
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApplicationELB", "UnHealthyHostCount")
        assert {pair["Name"]: pair["Value"]["Fn::GetAtt"] for pair in alarm["Dimensions"]} == {
            "LoadBalancer": ["LoadBalancer", "LoadBalancerFullName"],
            "TargetGroup": [group, "TargetGroupFullName"],
        }

    def test_the_errors_counted_are_the_ones_alarmed_on(self) -> None:
        [counted] = properties("ServerErrorsFilter")["MetricTransformations"]
        alarm = properties("ServerErrorsAlarm")
        assert (counted["MetricNamespace"], counted["MetricName"]) == (
            alarm["Namespace"],
            alarm["MetricName"],
        )
        assert properties("ServerErrorsFilter")["LogGroupName"] == {"Ref": "LogGroup"}

    @pytest.mark.parametrize("status", STATUSES)
    def test_only_a_500_in_the_apps_log_counts(
        self, status: int, request_lines: dict[int, dict[str, Any]]
    ) -> None:
        pattern = properties("ServerErrorsFilter")["FilterPattern"]
        wanted = dict(re.findall(r'\$\.(\w+) = ("?\w+"?)', pattern))
        assert len(wanted) == pattern.count("$.") == 2, "this test reads equal signs and && only"
        line = request_lines[status]
        counts = all(line[name] == json.loads(value) for name, value in wanted.items())
        assert counts is (status == 500), "a shed request, 503, is no failure"

    def test_the_drift_that_the_app_logs_is_the_one_alarmed_on(self) -> None:
        [counted] = properties("DriftFilter")["MetricTransformations"]
        alarm = properties("DriftAlarm")
        assert (counted["MetricNamespace"], counted["MetricName"]) == (
            alarm["Namespace"],
            alarm["MetricName"],
        )
        assert properties("DriftFilter")["FilterPattern"] == '{ $.event = "drift" }'
        predictor, row = Predictor.load(), Row((), (50.0,))
        drift = Drift(predictor)
        with capture_logs() as lines:
            for _ in range(ROWS):
                drift.count(row, predictor.predict(row))
        [line] = [line for line in lines if line["event"] == "drift"]
        assert line[counted["MetricValue"].removeprefix("$.")] > alarm["Threshold"]


def test_both_alarms_and_events_may_publish_to_the_topic() -> None:
    allowed = statements(properties("AlarmTopicPolicy"))
    by_service = {item["Principal"]["Service"]: item.get("Condition") for item in allowed}
    assert by_service == {
        "cloudwatch.amazonaws.com": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        "events.amazonaws.com": None,  # EventBridge drops its messages if there is a condition
    }


class TestStoppedTasks:
    def test_the_events_of_this_cluster_are_kept(self) -> None:
        rule = properties("StoppedTasksRule")
        assert rule["EventPattern"]["detail-type"] == ["ECS Task State Change"]
        assert rule["EventPattern"]["detail"] == {
            "clusterArn": [{"Fn::GetAtt": ["Cluster", "Arn"]}],
            "lastStatus": ["STOPPED"],
        }
        [target] = rule["Targets"]
        assert target["Arn"]["Fn::Sub"].endswith(":log-group:${EventsLogGroup}"), "without the :* of GetAtt"

    def test_the_rule_may_write_them(self) -> None:
        text = properties("EventsLogPolicy")["PolicyDocument"]["Fn::Sub"]
        [statement] = json.loads(text)["Statement"]
        assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert statement["Resource"] == "${EventsLogGroup.Arn}"
        assert "events.amazonaws.com" in statement["Principal"]["Service"]
        assert properties("EventsLogGroup")["LogGroupName"]["Fn::Sub"].startswith("/aws/events/")
