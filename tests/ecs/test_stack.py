"""The stack in each of its states: what is called, and what CloudFormation says to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from ecs.errors import DeployError, NotRolledBackError, RolledBackError, UsageError
from ecs.foundation import events as stack_events
from ecs.foundation import stack
from ecs.foundation.outputs import Foundation

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

NAME = "perfect-puppy-prod"
ID = f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{NAME}/0123"
SET = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/ecs-1/4567"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PARAMETERS = {"AlarmEmail": "somebody@example.org"}
TAGS = [{"Key": "Project", "Value": "perfect-puppy"}]

Step = Callable[[Stubber], None]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_events, "POLL_SECONDS", 0)


@contextmanager
def cloudformation(*steps: Step) -> Iterator["CloudFormationClient"]:
    """A client that is asked just these calls, in this order."""
    client = boto3.client(
        "cloudformation", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        for step in steps:
            step(stubber)
        yield client
        stubber.assert_no_pending_responses()


def call(name: str, answer: dict[str, Any] | None = None, **expected: object) -> Step:
    return lambda stubber: stubber.add_response(name, answer or {}, expected or None)


def refused(name: str, code: str, message: str) -> Step:
    return lambda stubber: stubber.add_client_error(name, code, message)


def state(status: str, **outputs: str) -> Step:
    pairs = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    described = {
        "StackName": NAME, "StackId": ID, "CreationTime": NOW, "StackStatus": status, "Outputs": pairs,
    }  # fmt: skip
    return call("describe_stacks", {"Stacks": [described]})


no_stack = refused("describe_stacks", "ValidationError", f"Stack with id {NAME} does not exist")


def events(*told: tuple[str, str, str, str]) -> Step:
    """Events, oldest first, each as id, resource, status and reason."""
    listed = [
        {
            "StackId": ID,
            "EventId": identifier,
            "StackName": NAME,
            "LogicalResourceId": resource,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "Timestamp": NOW,
        }
        for identifier, resource, status, reason in reversed(told)
    ]
    return call("describe_stack_events", {"StackEvents": listed}, StackName=ID)


def made(*, kind: str, reason: str = "", changes: tuple[str, ...] = ()) -> list[Step]:
    """The calls that make a change set, and read it; with a reason it has failed."""
    answer: dict[str, Any] = {"Status": "FAILED" if reason else "CREATE_COMPLETE", "StatusReason": reason}
    listed = [
        {
            "Type": "Resource",
            "ResourceChange": {
                "Action": "Modify",
                "LogicalResourceId": name,
                "ResourceType": "AWS::ECS::Cluster",
                "Replacement": "True",
            },
        }
        for name in changes
    ]
    create = call(
        "create_change_set",
        {"Id": SET, "StackId": ID},
        StackName=NAME,
        ChangeSetName=ANY,
        ClientToken=ANY,
        ChangeSetType=kind,
        TemplateBody=ANY,
        Parameters=[{"ParameterKey": "AlarmEmail", "ParameterValue": "somebody@example.org"}],
        Tags=TAGS,
        Capabilities=["CAPABILITY_IAM"],
        OnStackFailure="DELETE" if kind == "CREATE" else "ROLLBACK",
    )
    read = [] if reason else [call("describe_change_set", {**answer, "Changes": listed}, ChangeSetName=SET)]
    return [create, call("describe_change_set", answer, ChangeSetName=SET), *read]


NO_CHANGES = "The submitted information didn't contain changes. Submit different information."
delete_set = call("delete_change_set", ChangeSetName=SET)
execute = call("execute_change_set", ChangeSetName=SET, ClientRequestToken=ANY)
delete_stack = call("delete_stack", StackName=ID)
nothing_to_change = [*made(kind="UPDATE", reason=NO_CHANGES), delete_set]


def applied(*steps: Step) -> tuple[Foundation, list[str]]:
    said: list[str] = []
    with cloudformation(*steps) as client:
        return stack.apply(client, NAME, PARAMETERS, TAGS, said.append), said


def fails(*steps: Step) -> DeployError:
    with cloudformation(*steps) as client, pytest.raises(DeployError) as caught:
        stack.apply(client, NAME, PARAMETERS, TAGS, lambda _line: None)
    return caught.value


class TestFind:
    def test_no_stack_is_no_foundation(self) -> None:
        with cloudformation(no_stack) as client:
            assert stack.find_foundation(client, NAME) is None

    def test_a_stack_not_made_yet_is_no_foundation(self) -> None:
        with cloudformation(state("CREATE_IN_PROGRESS")) as client:
            assert stack.find_foundation(client, NAME) is None

    def test_outputs_are_read_by_name(self) -> None:
        with cloudformation(state("CREATE_COMPLETE", SubnetIds="subnet-1,subnet-2", VpcId="vpc-1")) as client:
            found = stack.find_foundation(client, NAME)
        assert found
        assert (found.subnet_ids, found.vpc_id, found.deploy_role_arn) == (
            ("subnet-1", "subnet-2"),
            "vpc-1",
            "",
        )


class TestPreview:
    def preview(self, *steps: Step) -> list[str]:
        with cloudformation(*steps) as client:
            return [str(change) for change in stack.preview(client, NAME, PARAMETERS, TAGS)]

    def test_of_a_new_stack_leaves_neither_change_set_nor_stack(self) -> None:
        assert self.preview(
            no_stack,
            *made(kind="CREATE", changes=("Cluster",)),
            delete_set,
            state("REVIEW_IN_PROGRESS"),
            call("list_change_sets", {"Summaries": []}),
            delete_stack,
        ) == ["± Cluster (AWS::ECS::Cluster, replaced)"]

    def test_leaves_a_stack_that_another_run_has_a_change_set_in(self) -> None:
        other = {"ChangeSetId": "another", "StackId": ID}
        self.preview(
            state("REVIEW_IN_PROGRESS"),
            *made(kind="CREATE"),
            delete_set,
            state("REVIEW_IN_PROGRESS"),
            call("list_change_sets", {"Summaries": [other]}),
        )

    def test_names_what_may_be_replaced_apart_from_what_is(self) -> None:
        first, worked_out, _read = made(kind="UPDATE", changes=("Cluster",))
        changes = [
            {
                "Type": "Resource",
                "ResourceChange": {
                    "Action": "Modify",
                    "LogicalResourceId": name,
                    "ResourceType": "AWS::ECS::Cluster",
                    "Replacement": replacement,
                },
            }
            for name, replacement in (("A", "True"), ("B", "Conditional"), ("C", "False"))
        ]
        read = call(
            "describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": changes}, ChangeSetName=SET
        )
        assert self.preview(state("CREATE_COMPLETE"), first, worked_out, read, delete_set) == [
            "± A (AWS::ECS::Cluster, replaced)",
            "~ B (AWS::ECS::Cluster, may be replaced)",
            "~ C (AWS::ECS::Cluster)",
        ]

    def test_of_what_is_as_it_should_be_is_empty(self) -> None:
        assert self.preview(state("UPDATE_COMPLETE"), *nothing_to_change) == []

    def test_says_that_a_stack_whose_making_failed_is_made_anew(self) -> None:
        [change] = self.preview(state("ROLLBACK_COMPLETE"))
        assert change == f"± {NAME} (AWS::CloudFormation::Stack, replaced)"

    def test_says_that_a_rollback_that_got_stuck_is_continued(self) -> None:
        [change] = self.preview(state("UPDATE_ROLLBACK_FAILED"))
        assert change == f"~ {NAME} (AWS::CloudFormation::Stack)"

    def test_of_a_half_removed_stack_is_for_destroy(self) -> None:
        with pytest.raises(UsageError, match="is half removed"):
            self.preview(state("DELETE_FAILED"))

    def test_beside_another_run_is_refused(self) -> None:
        busy = refused(
            "create_change_set",
            "ValidationError",
            f"Stack:{ID} is in UPDATE_IN_PROGRESS state and can not be updated.",
        )
        with pytest.raises(UsageError, match="being changed just now"):
            self.preview(state("UPDATE_IN_PROGRESS"), busy)

    def test_a_parameter_that_cloudformation_refuses_is_wrong_use(self) -> None:
        with pytest.raises(UsageError, match=r"can't make .*: No such hosted zone\.$"):
            self.preview(
                state("CREATE_COMPLETE"), *made(kind="UPDATE", reason="No such hosted zone."), delete_set
            )


class TestApply:
    def test_makes_a_stack_and_tells_its_events(self) -> None:
        foundation, said = applied(
            no_stack,
            no_stack,
            no_stack,
            *made(kind="CREATE"),
            events(("1", NAME, "REVIEW_IN_PROGRESS", "")),
            execute,
            state("REVIEW_IN_PROGRESS"),  # seen a moment late
            events(("1", NAME, "REVIEW_IN_PROGRESS", "")),
            state("CREATE_IN_PROGRESS"),
            events(("1", NAME, "REVIEW_IN_PROGRESS", ""), ("2", "Vpc", "CREATE_IN_PROGRESS", "")),
            state("CREATE_COMPLETE"),
            events(("2", "Vpc", "CREATE_IN_PROGRESS", ""), ("3", "Vpc", "CREATE_COMPLETE", "")),
            state("CREATE_COMPLETE", VpcId="vpc-1"),
        )
        assert foundation.vpc_id == "vpc-1"
        assert said == ["Vpc: create in progress", "Vpc: create complete"]

    def test_without_changes_is_quiet_and_leaves_no_change_set(self) -> None:
        there = state("UPDATE_COMPLETE", VpcId="vpc-1")
        foundation, said = applied(there, there, there, *nothing_to_change, there)
        assert (foundation.vpc_id, said) == ("vpc-1", [])

    def test_follows_what_an_earlier_run_began_before_it_looks_again(self) -> None:
        there = state("CREATE_COMPLETE", VpcId="vpc-1")
        _, said = applied(
            state("CREATE_IN_PROGRESS"),
            events(("1", NAME, "CREATE_IN_PROGRESS", "")),
            there,
            events(("1", NAME, "CREATE_IN_PROGRESS", ""), ("2", NAME, "CREATE_COMPLETE", "")),
            there,
            there,
            *nothing_to_change,
            there,
        )
        assert said == [
            f"{NAME}: create in progress, begun by an earlier run or by another; waiting for its end",
            f"{NAME}: create complete",
        ]

    @pytest.mark.parametrize("code", ["InvalidChangeSetStatus", "ChangeSetNotFound"])
    def test_a_run_that_was_overtaken_looks_again(self, code: str) -> None:
        there = state("CREATE_COMPLETE", VpcId="vpc-1")
        foundation, said = applied(
            there,
            there,
            there,
            *made(kind="UPDATE", changes=("Cluster",)),
            events(),
            refused("execute_change_set", code, "it is gone"),
            delete_set,
            *[there, there, there, *nothing_to_change, there],
        )
        assert foundation.vpc_id == "vpc-1"
        assert said == [f"{NAME}: another run was faster; looking again"]

    def test_a_run_whose_change_set_is_gone_before_it_read_it_looks_again(self) -> None:
        there = state("CREATE_COMPLETE", VpcId="vpc-1")
        *create, _read = made(kind="UPDATE", changes=("Cluster",))
        gone = refused("describe_change_set", "ChangeSetNotFound", "it is gone")
        foundation, _ = applied(
            *[there, there, there, *create, gone], *[there, there, there, *nothing_to_change, there]
        )
        assert foundation.vpc_id == "vpc-1"

    def test_a_stack_whose_making_failed_is_removed_and_made_anew(self) -> None:
        broken, there = state("ROLLBACK_COMPLETE"), state("CREATE_COMPLETE", VpcId="vpc-1")
        foundation, said = applied(
            *[broken, broken, broken, broken],
            *[events(), delete_stack, no_stack, events()],
            no_stack,
            *made(kind="CREATE"),
            *[events(), execute, there, events()],
            there,
        )
        assert foundation.vpc_id == "vpc-1"
        assert "removed and made anew" in said[0]

    def test_a_rollback_that_got_stuck_is_continued(self) -> None:
        stuck, there = state("UPDATE_ROLLBACK_FAILED"), state("UPDATE_ROLLBACK_COMPLETE", VpcId="vpc-1")
        _, said = applied(
            *[stuck, stuck, events()],
            call("continue_update_rollback", StackName=ID, ClientRequestToken=ANY),
            *[there, events(), there],
            *nothing_to_change,
            there,
        )
        assert said == [f"{NAME}: update rollback failed; trying that once more"]

    def test_a_half_removed_stack_is_for_destroy(self) -> None:
        half = state("DELETE_FAILED")
        error = fails(half, half)
        assert isinstance(error, UsageError)
        assert "python -m ecs destroy" in error.hint


class TestFailures:
    update = (
        state("CREATE_COMPLETE"),
        state("CREATE_COMPLETE"),
        state("CREATE_COMPLETE"),
        *made(kind="UPDATE", changes=("Cluster",)),
        events(),
        execute,
    )
    cause = (
        ("1", "Certificate", "CREATE_FAILED", "The zone is not ours."),
        ("2", "Cluster", "UPDATE_FAILED", "Resource update cancelled"),
    )

    def test_a_change_that_failed_names_the_first_cause_and_is_taken_back(self) -> None:
        error = fails(*self.update, state("UPDATE_ROLLBACK_COMPLETE"), events(*self.cause))
        assert isinstance(error, RolledBackError)
        assert str(error) == (
            f"The foundation {NAME} could not be changed and is as it was. Certificate: The zone is not ours."
        )

    def test_a_change_that_could_not_be_taken_back_says_so(self) -> None:
        error = fails(*self.update, state("UPDATE_ROLLBACK_FAILED"), events(*self.cause))
        assert isinstance(error, NotRolledBackError)
        assert "UPDATE_ROLLBACK_FAILED" in str(error)

    def test_a_first_making_that_failed_leaves_nothing(self) -> None:
        error = fails(
            *[no_stack, no_stack, no_stack],
            *made(kind="CREATE"),
            events(),
            execute,
            no_stack,
            events(*self.cause),
        )
        assert isinstance(error, RolledBackError)
        assert "what was begun is removed" in str(error)

    def test_no_permission_to_execute_leaves_no_change_set(self) -> None:
        denied = refused("execute_change_set", "AccessDenied", "not authorized")
        with (
            cloudformation(*self.update[:-1], denied, delete_set) as client,
            pytest.raises(client.exceptions.ClientError, match="AccessDenied"),
        ):
            stack.apply(client, NAME, PARAMETERS, TAGS, lambda _line: None)

    def test_a_stack_that_can_not_be_removed_names_what_keeps_it(self) -> None:
        kept = ("1", "Cluster", "DELETE_FAILED", "The Cluster cannot be deleted while Services are active.")
        there = state("UPDATE_COMPLETE")
        with (
            cloudformation(
                there, there, events(), delete_stack, state("DELETE_FAILED"), events(kept)
            ) as client,
            pytest.raises(NotRolledBackError, match="while Services are active") as caught,
        ):
            stack.remove(client, NAME, lambda _line: None)
        assert "python -m ecs destroy" in caught.value.hint

    def test_removing_nothing_is_no_error(self) -> None:
        with cloudformation(no_stack, no_stack) as client:
            stack.remove(client, NAME, lambda _line: None)
