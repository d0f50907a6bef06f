"""Warnings before a release: quota, alarm e-mail, scaling policies made by hand, plain HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from ecs.aws import Aws
from ecs.release.pending_changes import placeholder_foundation
from ecs.release.warnings import NO_HTTPS, ONE_TASK, find_warnings
from ecs.settings import Settings
from tests.ecs.fake_aws import FakeAws, fake_aws, refusal
from tests.ecs.project import Project

EMAIL = "somebody@example.org"
OURS = ("perfect-puppy-prod-cpu", "perfect-puppy-prod-requests")

Answer = list[tuple[int, str]]


def quota(value: float) -> Answer:
    return [(200, json.dumps({"Quota": {"Value": value}}))]


def refused(code: str, message: str = "no") -> Answer:
    return [(400, json.dumps({"__type": code, "message": message}))]


def subscriptions(*pages: list[tuple[str, str]]) -> Answer:
    """Return pages of subscriptions, given as SubscriptionArn and Endpoint."""
    answers = []
    for number, page in enumerate(pages, 1):
        members = "".join(
            f"<member><SubscriptionArn>{arn}</SubscriptionArn><Endpoint>{to}</Endpoint></member>"
            for arn, to in page
        )
        more = f"<NextToken>{number}</NextToken>" if number < len(pages) else ""
        listed = f"<Subscriptions>{members}</Subscriptions>{more}"
        text = f"<R><ListSubscriptionsByTopicResult>{listed}</ListSubscriptionsByTopicResult></R>"
        answers.append((200, text))
    return answers


def policies(*names: str, **more: object) -> Answer:
    return [
        (
            200,
            json.dumps(
                {
                    "ScalingPolicies": [
                        {"PolicyName": name, "ResourceId": "service/a/b", **more} for name in names
                    ]
                }
            ),
        )
    ]


class Calls:
    """A fake account without problems, except for the answers that a test gives."""

    def __init__(self, fake: FakeAws, settings: Settings) -> None:
        self.fake = fake
        self.settings = msgspec.structs.replace(
            settings, alarm_email=EMAIL, hosted_zone_id="Z1", domain_name="puppy.example.org"
        )

    def find(
        self, *, there: bool = True, answers: dict[str, Answer] | None = None, **settings: Any
    ) -> list[str]:
        """Return the warnings, with or without a stack."""
        self.fake.answers |= answers or {}
        session = boto3.Session("none", "none", region_name="eu-west-1")
        aws = Aws(msgspec.structs.replace(self.settings, **settings), session)
        return find_warnings(aws, placeholder_foundation() if there else None)


@pytest.fixture
def calls(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    with fake_aws(
        GetServiceQuota=quota(100),
        ListSubscriptionsByTopic=subscriptions([("arn:aws:sns:x", EMAIL)]),
        DescribeScalingPolicies=policies(*OURS),
    ) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
        yield Calls(fake, settings)


def test_without_problems_there_is_no_warning(calls: Calls) -> None:
    assert calls.find() == []


def test_before_there_is_a_stack_the_quota_alone_is_asked_for(calls: Calls) -> None:
    assert calls.find(there=False) == []
    assert calls.fake.called == ["GetServiceQuota"]


def test_plain_http_is_named(calls: Calls) -> None:
    assert calls.find(hosted_zone_id="") == [NO_HTTPS]


def test_a_single_task_is_named(calls: Calls) -> None:
    assert calls.find(min_tasks=1) == [ONE_TASK]


class TestQuota:
    """Quota L-3032A538, in vCPUs, for the maximum of tasks and as many again during a rollout."""

    @pytest.mark.parametrize(
        ("value", "tasks", "cpu", "memory"), [(5, 10, 256, 512), (6, 3, 1024, 2048), (80, 10, 4096, 8192)]
    )
    def test_a_sufficient_quota_gives_no_warning(
        self, calls: Calls, value: float, tasks: int, cpu: int, memory: int
    ) -> None:
        answers = {"GetServiceQuota": quota(value)}
        assert calls.find(answers=answers, max_tasks=tasks, cpu=cpu, memory_mb=memory) == []
        [said] = calls.find(answers=answers, max_tasks=tasks + 1, cpu=cpu, memory_mb=memory)
        assert "in a rollout" in said

    def test_a_quota_that_a_rollout_would_exceed_is_warned_of(self, calls: Calls) -> None:
        assert calls.find(answers={"GetServiceQuota": quota(2)}, max_tasks=5) == [
            (
                "Fargate's quota of this account in eu-west-1 is 2 vCPUs, for all its services; 5 tasks of "
                "0.25 take 2.5 in a rollout. Lower max_tasks, or ask for more: aws service-quotas "
                "request-service-quota-increase --service-code fargate --quota-code L-3032A538 "
                "--desired-value 3 --region eu-west-1"
            )
        ]

    @pytest.mark.parametrize(
        "own", [refused("NoSuchResourceException"), [(200, '{"Quota": {"ErrorReason": {"ErrorCode": "X"}}}')]]
    )
    def test_without_an_account_quota_the_default_counts(self, calls: Calls, own: Answer) -> None:
        [said] = calls.find(answers={"GetServiceQuota": own, "GetAWSDefaultServiceQuota": quota(4)})
        assert "eu-west-1 is 4 vCPUs" in said

    @pytest.mark.parametrize("code", ["AccessDeniedException", "IllegalArgumentException"])
    def test_an_unreadable_quota_is_a_warning(self, calls: Calls, code: str) -> None:
        message = "User: me is not authorized to perform: servicequotas:GetServiceQuota"
        [said] = calls.find(answers={"GetServiceQuota": refused(code, message)})
        assert said.startswith("The quota could not be looked at. ")
        assert "servicequotas:GetServiceQuota" in said


class TestAlarmEmail:
    @pytest.mark.parametrize(
        "there",
        [
            [("PendingConfirmation", EMAIL)],
            [("Deleted", EMAIL)],
            [],
            [("arn:aws:sns:x", "another@example.org"), ("PendingConfirmation", EMAIL)],
        ],
    )
    def test_an_unconfirmed_address_is_warned_of(self, calls: Calls, there: list[tuple[str, str]]) -> None:
        [said] = calls.find(answers={"ListSubscriptionsByTopic": subscriptions(there)})
        assert said.startswith(f"{EMAIL} hears of no alarm until it confirms")
        assert "aws sns subscribe --topic-arn (from the new stack) --protocol email" in said

    def test_a_confirmed_address_is_found_on_any_page_in_any_case(self, calls: Calls) -> None:
        pages = subscriptions([("PendingConfirmation", EMAIL)], [("arn:aws:sns:x", EMAIL.title())])
        assert calls.find(answers={"ListSubscriptionsByTopic": pages}) == []

    def test_without_an_address_only_a_subscription_by_hand_prevents_the_warning(self, calls: Calls) -> None:
        assert calls.find(alarm_email="") == []
        pending = {"ListSubscriptionsByTopic": subscriptions([("PendingConfirmation", EMAIL)])}
        for there in (True, False):
            [said] = calls.find(there=there, alarm_email="", answers=pending)
            assert said.startswith("Nobody hears of an alarm")

    def test_unreadable_subscriptions_are_a_warning(self, calls: Calls) -> None:
        denied = [(403, refusal("AuthorizationError", "not authorized"))]
        [said] = calls.find(answers={"ListSubscriptionsByTopic": denied})
        assert said.startswith("The alarm e-mail could not be looked at. These credentials may not do")


class TestScalingPolicies:
    def test_policies_made_by_hand_are_warned_of_whatever_their_type(self, calls: Calls) -> None:
        """A step scaling policy has no target, which once made the plan fail."""
        by_hand = {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {}}
        [one, other] = calls.find(
            answers={"DescribeScalingPolicies": policies("at-night", "memory", *OURS, **by_hand)}
        )
        assert one.startswith("The scaling policy at-night was not made by this tool")
        assert other.startswith("The scaling policy memory was not made by this tool")
        assert other.endswith(
            "aws application-autoscaling delete-scaling-policy --region eu-west-1 --service-namespace ecs "
            "--resource-id service/a/b --scalable-dimension ecs:service:DesiredCount --policy-name memory"
        )


def test_verify_prints_warnings_and_keeps_its_exit_code(tmp_path: Path) -> None:
    project = Project(tmp_path, {})
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
    no_stack = [(400, refusal("ValidationError", "Stack with id perfect-puppy-prod does not exist"))]
    valid = [(200, "<R><ValidateTemplateResult></ValidateTemplateResult></R>")]
    with fake_aws(DescribeStacks=no_stack, ValidateTemplate=valid, GetServiceQuota=quota(1)) as aws:
        result = project.run("verify", "--json", AWS_ENDPOINT_URL=aws.url, **keys)
    failed = {check["name"] for check in result.json["checks"] if check["state"] == "FAIL"}
    assert failed <= {"docker", "image"}, result.said
    assert result.code == (2 if failed else 0)
    assert [said.partition(" ")[0] for said in result.json["warnings"]] == ["The", "Fargate's", "Nobody"]
    assert "WARNING Fargate's quota of this account in eu-west-1 is 1 vCPUs" in result.err
