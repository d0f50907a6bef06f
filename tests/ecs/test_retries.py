"""Botocore repeats a call whose answer was lost, with a token by which AWS recognises the repetition."""

from collections.abc import Callable, Iterator

import boto3
import pytest

from ecs.aws import Aws
from ecs.foundation import changeset, stack
from ecs.foundation import events as stack_events
from ecs.release import scaling, service
from ecs.release.pending_changes import placeholder_foundation
from ecs.settings import Settings
from tests.ecs.fake_aws import FakeAws, fake_aws, refusal

LOST = (500, refusal("InternalFailure", "try again"))


def answered(name: str, text: str = "") -> tuple[int, str]:
    return 200, f"<R><{name}Result>{text}</{name}Result></R>"


def stack_in(status: str) -> tuple[int, str]:
    told = f"<StackName>x</StackName><StackId>arn:x</StackId><StackStatus>{status}</StackStatus>"
    return answered("DescribeStacks", f"<Stacks><member>{told}</member></Stacks>")


def create_service(aws: Aws) -> None:
    service.create(aws, placeholder_foundation(), "arn:x", alarms=True)


def create_change_set(aws: Aws) -> None:
    changeset.create(aws.cloudformation, "x", {}, new=True, command="up")


def execute_change_set(aws: Aws) -> None:
    changeset.ChangeSet(aws.cloudformation, "up--x--0", "x", "arn:x", (), empty=False).execute()


def continue_rollback(aws: Aws) -> None:
    stack._repair(aws.cloudformation, "x", lambda _line: None)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    monkeypatch.setattr(stack_events, "POLL_SECONDS", 0)
    states = [stack_in("UPDATE_ROLLBACK_FAILED"), stack_in("UPDATE_ROLLBACK_COMPLETE")]
    with fake_aws(
        DescribeServices=[(200, '{"services": []}')],
        CreateService=[LOST, (200, '{"service": {}}')],
        CreateChangeSet=[LOST, answered("CreateChangeSet", "<Id>arn:set</Id><StackId>arn:x</StackId>")],
        DescribeChangeSet=[
            answered("DescribeChangeSet", "<Status>CREATE_COMPLETE</Status><Changes></Changes>")
        ],
        ExecuteChangeSet=[LOST, answered("ExecuteChangeSet")],
        ContinueUpdateRollback=[LOST, answered("ContinueUpdateRollback")],
        DescribeStacks=[*states, *states],
        DescribeStackEvents=[answered("DescribeStackEvents", "<StackEvents></StackEvents>")],
    ) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
        yield fake


def session(settings: Settings) -> Aws:
    return Aws(settings, boto3.Session("none", "none", region_name="eu-west-1"))


@pytest.mark.parametrize(
    ("act", "name", "token"),
    [
        (create_service, "CreateService", "clientToken"),
        (create_change_set, "CreateChangeSet", "ClientToken"),
        (execute_change_set, "ExecuteChangeSet", "ClientRequestToken"),
        (continue_rollback, "ContinueUpdateRollback", "ClientRequestToken"),
    ],
)
def test_retries_of_a_call_send_the_same_token(
    fake: FakeAws, settings: Settings, act: Callable[[Aws], None], name: str, token: str
) -> None:
    act(session(settings))
    first, again = (call.arguments for call in fake.calls if call.name == name)
    assert first == again
    assert 1 <= len(first[token]) <= 36
    act(session(settings))
    *_, anew = (call.arguments for call in fake.calls if call.name == name)
    assert anew[token] != first[token], "what is asked anew is another"


def test_removing_scaling_that_is_gone_is_no_error(fake: FakeAws, settings: Settings) -> None:
    gone = (400, '{"__type": "ObjectNotFoundException", "message": "No scalable target found"}')
    fake.answers["DeregisterScalableTarget"] = [LOST, gone]
    scaling.remove(session(settings), placeholder_foundation())
    assert fake.called == ["DeregisterScalableTarget", "DeregisterScalableTarget"]
