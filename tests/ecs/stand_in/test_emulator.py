"""What the stand-in adds to ministack, except for deployments, and how it starts."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from tests.ecs.emulator import launch
from tests.ecs.emulator.launch import StandIn, StandInError, stand_in
from tests.serving import ROOT, free_port

MANIFEST = json.dumps({"schemaVersion": 2, "config": {"digest": f"sha256:{'0' * 64}"}, "layers": []})
CONFLICT = {
    "LogicalResourceId": "Group",
    "ResourceType": "AWS::Logs::LogGroup",
    "ValidationName": "NAME_CONFLICT_VALIDATION",
    "ValidationStatusReason": "Resource of type 'AWS::Logs::LogGroup' with identifier 'there' exists.",
    "ValidationPath": "/Resources/Group",
}
TEMPLATE = {"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "there"}}}}


@pytest.fixture
def ecr(real: boto3.Session) -> Any:
    return real.client("ecr")


@pytest.fixture
def repository(ecr: Any, request: pytest.FixtureRequest) -> str:
    name = request.node.name.lower()
    ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    return str(name)


def test_an_image_is_tagged_anew_by_its_manifest(ecr: Any, repository: str) -> None:
    digest = put(ecr, repository, "one")
    [image] = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "one"}])["images"]
    ecr.put_image(repositoryName=repository, imageManifest=image["imageManifest"], imageTag="two")
    both = [{"imageDigest": digest, "imageTag": tag} for tag in ("one", "two")]
    assert ecr.list_images(repositoryName=repository)["imageIds"] == both
    found = ecr.batch_get_image(
        repositoryName=repository, imageIds=[{"imageTag": "one"}, {"imageTag": "two"}]
    )
    assert [image["imageId"] for image in found["images"]] == both
    [described] = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert described["imageTags"] == ["one", "two"]


def test_a_tag_that_an_image_has_can_not_be_given_again(ecr: Any, repository: str) -> None:
    put(ecr, repository, "one")
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        put(ecr, repository, "one")
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
        put(ecr, repository, "one", MANIFEST.replace("0", "1"))


def test_an_image_goes_with_its_last_tag(ecr: Any, repository: str) -> None:
    digest = put(ecr, repository, "one")
    put(ecr, repository, "two")
    removed = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "one"}])
    assert removed["imageIds"] == [{"imageDigest": digest, "imageTag": "one"}]
    assert ecr.list_images(repositoryName=repository)["imageIds"] == [
        {"imageDigest": digest, "imageTag": "two"}
    ]
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "two"}])
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []


def put(ecr: Any, repository: str, tag: str, manifest: str = MANIFEST) -> str:
    image = ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)["image"]
    return str(image["imageId"]["imageDigest"])


def test_a_scan_finds_what_a_test_sets(ecr: Any, repository: str, running: StandIn) -> None:
    put(ecr, repository, "one")
    image = {"repositoryName": repository, "imageId": {"imageTag": "one"}}
    found = {"name": "CVE-2026-1", "severity": "CRITICAL"}
    running.set(scan_status="", findings=[found])
    with pytest.raises(ecr.exceptions.ScanNotFoundException):
        ecr.describe_image_scan_findings(**image)
    assert ecr.start_image_scan(**image)["imageScanStatus"]["status"] == "IN_PROGRESS"
    told = ecr.describe_image_scan_findings(**image)
    assert told["imageScanStatus"]["status"] == "COMPLETE"
    assert told["imageScanFindings"]["findings"] == [found]
    assert told["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 1}
    running.set(scan_status="PENDING", findings=[])
    assert "imageScanFindings" not in ecr.describe_image_scan_findings(**image)
    running.set(scan_status="COMPLETE")
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.start_image_scan(repositoryName=repository, imageId={"imageTag": "none"})


def test_a_change_set_fails_early_validation_and_its_events_say_why(
    real: boto3.Session, running: StandIn
) -> None:
    formation = real.client("cloudformation")
    named = {"StackName": "early", "ChangeSetName": "first"}
    running.set(early_validation=[CONFLICT])
    formation.create_change_set(**named, TemplateBody=json.dumps(TEMPLATE), ChangeSetType="CREATE")
    told = formation.describe_change_set(**named)
    assert (told["Status"], told["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert told["StatusReason"] == (
        "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
        "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
    )
    [event] = formation.describe_events(ChangeSetName=told["ChangeSetId"])["OperationEvents"]
    assert event["EventType"] == "VALIDATION_ERROR"
    assert (event["ValidationStatus"], event["ValidationFailureMode"]) == ("FAILED", "FAIL")
    assert {name: event[name] for name in CONFLICT} == CONFLICT
    for asked in (named | {"Filters": {"FailedEvents": True}}, {"OperationId": event["OperationId"]}):
        assert formation.describe_events(**asked)["OperationEvents"] == [event]
    formation.create_change_set(
        **named | {"ChangeSetName": "second"}, TemplateBody=json.dumps(TEMPLATE), ChangeSetType="CREATE"
    )
    assert formation.describe_change_set(**named | {"ChangeSetName": "second"})["Status"] == "CREATE_COMPLETE"
    formation.delete_stack(StackName="early")


def test_a_stack_may_hold_the_accounts_provider_of_openid_connect(real: boto3.Session) -> None:
    formation, iam = real.client("cloudformation"), real.client("iam")
    provider = {"Type": "AWS::IAM::OIDCProvider", "Properties": {"Url": "https://tokens.example.org"}}
    body = json.dumps({"Resources": {"Provider": provider}})
    formation.validate_template(TemplateBody=body)
    formation.create_stack(StackName="provider", TemplateBody=body)
    formation.get_waiter("stack_create_complete").wait(StackName="provider", WaiterConfig={"Delay": 1})
    [made] = formation.describe_stack_resources(StackName="provider")["StackResources"]
    arn = made["PhysicalResourceId"]
    assert arn.endswith(":oidc-provider/tokens.example.org")
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"].endswith(
        "tokens.example.org"
    )
    formation.delete_stack(StackName="provider")
    formation.get_waiter("stack_delete_complete").wait(StackName="provider", WaiterConfig={"Delay": 1})
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_the_one_address_answers_for_auto_scaling_too(real: boto3.Session) -> None:
    scaling = real.client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/any/one",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    [found] = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/any/one"])[
        "ScalableTargets"
    ]
    assert found["MaxCapacity"] == 3
    scaling.deregister_scalable_target(**target)
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.deregister_scalable_target(**target)


def test_the_tags_of_a_task_definition_come_and_go(real: boto3.Session) -> None:
    ecs = real.client("ecs")
    container = {"name": "web", "image": "any"}
    told = ecs.register_task_definition(family="tagged", containerDefinitions=[container])
    arn = told["taskDefinition"]["taskDefinitionArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "GoodSince", "value": "now"}, {"key": "b", "value": "c"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "GoodSince", "value": "now"}]


def test_a_subscription_waits_to_be_confirmed_where_a_test_wants_that(
    real: boto3.Session, running: StandIn
) -> None:
    sns = real.client("sns")
    running.set(emails_confirmed=False)
    topic = sns.create_topic(Name="bell")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="somebody@example.org")
    [found] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert found["SubscriptionArn"] == "PendingConfirmation"
    running.set(emails_confirmed=True)
    [found] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert found["SubscriptionArn"].startswith(f"{topic}:")


def test_a_hosted_zone_is_public_or_private_and_has_name_servers(real: boto3.Session) -> None:
    route53 = real.client("route53")
    made = route53.create_hosted_zone(Name="example.net", CallerReference="one")["HostedZone"]["Id"]
    told = route53.get_hosted_zone(Id=made)
    assert told["HostedZone"]["Config"]["PrivateZone"] is False
    assert told["DelegationSet"]["NameServers"]


def test_a_service_that_it_lacks_is_refused_not_answered_wrong(real: boto3.Session) -> None:
    with pytest.raises(ClientError):
        real.client("service-quotas").get_service_quota(ServiceCode="fargate", QuotaCode="L-3032A538")


def test_a_control_that_it_lacks_is_refused(running: StandIn) -> None:
    answer = urllib3.request("PUT", f"{running.url}/_stand_in", json={"bake": 1})
    assert (answer.status, answer.json()) == (400, {"error": "The stand-in has no control bake."})


def test_a_second_run_is_told_that_the_port_is_taken(running: StandIn, tmp_path: Path) -> None:
    taken = f"Somebody listens on 127.0.0.1:{running.port}"
    with pytest.raises(StandInError, match=taken), stand_in(tmp_path):
        pass


def test_where_it_is_not_installed_the_verb_that_does_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "PYTHON", tmp_path / "none")
    with pytest.raises(StandInError, match="`make test-ecs`"), stand_in(tmp_path):
        pass


def test_without_docker_it_ends_with_a_sentence() -> None:
    process = subprocess.run(
        [launch.PYTHON, "-m", "tests.ecs.emulator", str(free_port())],
        cwd=ROOT,
        env=os.environ | {"DOCKER_HOST": "unix:///nowhere/docker.sock"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 1
    assert "The stand-in for AWS starts tasks as containers, and no Docker answers: " in process.stderr
    assert "Traceback" not in process.stderr
