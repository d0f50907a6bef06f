"""The stack in each of its states: the calls that the tool makes, and its reaction to the answers."""

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import ANY

from ecs.errors import DeployError, NotRolledBackError, RolledBackError, UsageError
from ecs.foundation import events as stack_events
from ecs.foundation import stack
from ecs.foundation.removal import remove
from ecs.foundation.stack_outputs import Foundation
from tests.ecs.stack_calls import NAME, NOW, Step, call, cloudformation

if TYPE_CHECKING:
    pass

ID = f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{NAME}/0123"
SET = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/plan--1/4567"
INPUTS = {
    "Parameters": [{"ParameterKey": "AlarmEmail", "ParameterValue": "somebody@example.org"}],
    "Tags": [{"Key": "Project", "Value": "perfect-puppy"}],
}


class ChangeSetOf:
    """Equals the name of a change set that one of these commands makes, by which the CI roles are limited."""

    def __init__(self, commands: str) -> None:
        self.pattern = rf"({commands})--{NAME}--[0-9a-f]{{32}}"

    def __eq__(self, other: object) -> bool:
        return bool(re.fullmatch(self.pattern, str(other)))

    def __hash__(self) -> int:
        return hash(self.pattern)


ONE_OF_OURS: dict[str, Any] = {"ChangeSetName": ChangeSetOf("plan|up"), "StackName": NAME}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_events, "POLL_SECONDS", 0)


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
    """Answer with events, given oldest first as id, resource, status and reason."""
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


def read_set(changes: list[dict[str, Any]]) -> Step:
    answer = {"Status": "CREATE_COMPLETE", "Changes": changes}
    return call("describe_change_set", answer, IncludePropertyValues=True, **ONE_OF_OURS)


def made(*, kind: str, reason: str = "", changes: tuple[str, ...] = (), by: str = "plan|up") -> list[Step]:
    """Return the calls that create and read a change set of these commands; with a reason, it fails."""
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
        ChangeSetName=ChangeSetOf(by),
        ClientToken=ANY,
        ChangeSetType=kind,
        TemplateBody=ANY,
        Capabilities=["CAPABILITY_IAM"],
        OnStackFailure="DELETE" if kind == "CREATE" else "ROLLBACK",
        **INPUTS,
    )
    read = [] if reason else [read_set(listed)]
    return [create, call("describe_change_set", answer, **ONE_OF_OURS), *read]


GONE = [
    ("ChangeSetNotFound", "it is gone"),
    ("ValidationError", f"Stack [{ID}] does not exist"),
]
NO_CHANGES = "The submitted information didn't contain changes. Submit different information."
delete_set = call("delete_change_set", **ONE_OF_OURS)
execute = call("execute_change_set", ClientRequestToken=ANY, **ONE_OF_OURS)
delete_stack = call("delete_stack", StackName=ID)
nothing_to_change = [*made(kind="UPDATE", reason=NO_CHANGES), delete_set]


def applied(*steps: Step) -> tuple[Foundation, list[str]]:
    said: list[str] = []
    with cloudformation(*steps) as client:
        return stack.apply(client, NAME, INPUTS, said.append), said


def fails(*steps: Step) -> DeployError:
    with cloudformation(*steps) as client, pytest.raises(DeployError) as caught:
        stack.apply(client, NAME, INPUTS, lambda _line: None)
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
            return [str(change) for change in stack.preview(client, NAME, INPUTS)]

    def test_a_new_stack_leaves_neither_change_set_nor_stack(self) -> None:
        assert self.preview(
            no_stack,
            *made(kind="CREATE", changes=("Cluster",)),
            delete_set,
            state("REVIEW_IN_PROGRESS"),
            call("list_change_sets", {"Summaries": []}),
            delete_stack,
        ) == ["± Cluster (AWS::ECS::Cluster, replaced)"]

    @pytest.mark.parametrize("refusal", GONE)
    def test_a_change_set_that_is_gone_already_need_not_be_removed(self, refusal: tuple[str, str]) -> None:
        self.preview(state("UPDATE_COMPLETE"), *made(kind="UPDATE"), refused("delete_change_set", *refusal))

    def test_leaves_a_stack_that_another_run_has_a_change_set_in(self) -> None:
        other = {"ChangeSetId": "another", "StackId": ID}
        self.preview(
            state("REVIEW_IN_PROGRESS"),
            *made(kind="CREATE"),
            delete_set,
            state("REVIEW_IN_PROGRESS"),
            call("list_change_sets", {"Summaries": [other]}),
        )

    def test_makes_a_change_set_that_the_roles_for_ci_may_make(self) -> None:
        self.preview(state("UPDATE_COMPLETE"), *made(kind="UPDATE", by="plan"), delete_set)

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
        read = read_set(changes)
        assert self.preview(state("CREATE_COMPLETE"), first, worked_out, read, delete_set) == [
            "± A (AWS::ECS::Cluster, replaced)",
            "~ B (AWS::ECS::Cluster, may be replaced)",
            "~ C (AWS::ECS::Cluster)",
        ]

    def test_shows_the_values_of_properties_and_names_each_once(self) -> None:
        first, worked_out, _read = made(kind="UPDATE", changes=("Alarm",))

        def target(path: str, old: str | None, new: str | None) -> dict[str, Any]:
            values = {"BeforeValue": old, "AfterValue": new}
            given = {key: value for key, value in values.items() if value is not None}
            return {"Target": {"Attribute": "Properties", "Path": f"/Properties/{path}", **given}}

        change = {
            "Action": "Modify",
            "LogicalResourceId": "Alarm",
            "ResourceType": "AWS::CloudWatch::Alarm",
            "Replacement": "False",
            "Details": [
                target("Threshold", "5", "50"),
                target("Threshold", "5", "50"),
                target("Dimensions/0/Value", "app/old", "{{changeSet:KNOWN_AFTER_APPLY}}"),
                target("Unit", None, "Count"),
                target("AlarmDescription", "x" * 300, None),
                {"Target": {"Attribute": "Tags"}},
            ],
        }
        read = read_set([{"Type": "Resource", "ResourceChange": change}])
        [shown] = self.preview(state("CREATE_COMPLETE"), first, worked_out, read, delete_set)
        assert [line.strip() for line in shown.splitlines()] == [
            "~ Alarm (AWS::CloudWatch::Alarm)",
            "~ Threshold: 5 → 50",
            "~ Dimensions/0/Value: app/old → (known once it is made)",
            "+ Unit: Count",
            f"- AlarmDescription: {'x' * 179}…",
        ]

    def test_a_stack_that_is_up_to_date_has_no_changes(self) -> None:
        assert self.preview(state("UPDATE_COMPLETE"), *nothing_to_change) == []

    def test_a_stack_whose_creation_failed_is_shown_as_replaced(self) -> None:
        [change] = self.preview(state("ROLLBACK_COMPLETE"))
        assert change == f"± {NAME} (AWS::CloudFormation::Stack, replaced)"

    def test_a_failed_rollback_is_shown_as_a_change(self) -> None:
        [change] = self.preview(state("UPDATE_ROLLBACK_FAILED"))
        assert change == f"~ {NAME} (AWS::CloudFormation::Stack)"

    def test_a_half_deleted_stack_is_refused(self) -> None:
        with pytest.raises(UsageError, match="is half removed"):
            self.preview(state("DELETE_FAILED"))

    def test_a_stack_that_another_run_changes_is_refused(self) -> None:
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
            state("REVIEW_IN_PROGRESS"),  # AWS shows the new state late
            events(("1", NAME, "REVIEW_IN_PROGRESS", "")),
            state("CREATE_IN_PROGRESS"),
            events(("1", NAME, "REVIEW_IN_PROGRESS", ""), ("2", "Vpc", "CREATE_IN_PROGRESS", "")),
            state("CREATE_COMPLETE"),
            events(("2", "Vpc", "CREATE_IN_PROGRESS", ""), ("3", "Vpc", "CREATE_COMPLETE", "")),
            state("CREATE_COMPLETE", VpcId="vpc-1"),
        )
        assert foundation.vpc_id == "vpc-1"
        assert said == ["Vpc: create in progress", "Vpc: create complete"]

    def test_makes_a_change_set_that_the_roles_for_ci_may_not_touch(self) -> None:
        there = state("UPDATE_COMPLETE", VpcId="vpc-1")
        applied(there, there, there, *made(kind="UPDATE", reason=NO_CHANGES, by="up"), delete_set, there)

    def test_without_changes_is_quiet_and_leaves_no_change_set(self) -> None:
        there = state("UPDATE_COMPLETE", VpcId="vpc-1")
        foundation, said = applied(there, there, there, *nothing_to_change, there)
        assert (foundation.vpc_id, said) == ("vpc-1", [])

    def test_waits_for_the_operation_of_an_earlier_run_first(self) -> None:
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
    def test_a_concurrent_change_is_waited_for_and_tried_again(self, code: str) -> None:
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

    @pytest.mark.parametrize("refusal", GONE)
    def test_a_change_set_that_is_gone_before_it_is_read_is_made_again(
        self, refusal: tuple[str, str]
    ) -> None:
        there = state("CREATE_COMPLETE", VpcId="vpc-1")
        *create, _read = made(kind="UPDATE", changes=("Cluster",))
        gone = refused("describe_change_set", *refusal)
        foundation, _ = applied(
            *[there, there, there, *create, gone], *[there, there, there, *nothing_to_change, there]
        )
        assert foundation.vpc_id == "vpc-1"

    def test_a_stack_whose_creation_failed_is_deleted_and_created_again(self) -> None:
        broken, there = state("ROLLBACK_COMPLETE"), state("CREATE_COMPLETE", VpcId="vpc-1")
        foundation, said = applied(
            *[broken, broken, broken],
            *[events(), delete_stack, no_stack, events()],
            no_stack,
            *made(kind="CREATE"),
            *[events(), execute, there, events()],
            there,
        )
        assert foundation.vpc_id == "vpc-1"
        assert "removed and made anew" in said[0]

    def test_a_failed_rollback_is_continued(self) -> None:
        stuck, there = state("UPDATE_ROLLBACK_FAILED"), state("UPDATE_ROLLBACK_COMPLETE", VpcId="vpc-1")
        _, said = applied(
            *[stuck, stuck, events()],
            call("continue_update_rollback", StackName=ID, ClientRequestToken=ANY),
            *[there, events(), there],
            *nothing_to_change,
            there,
        )
        assert said == [f"{NAME}: update rollback failed; trying that once more"]

    def test_a_half_deleted_stack_is_refused_with_destroy_as_the_hint(self) -> None:
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

    def test_a_failed_update_is_rolled_back_and_names_the_first_cause(self) -> None:
        error = fails(*self.update, state("UPDATE_ROLLBACK_COMPLETE"), events(*self.cause))
        assert isinstance(error, RolledBackError)
        assert str(error) == (
            f"The foundation {NAME} could not be changed and is as it was. Certificate: The zone is not ours."
        )

    def test_an_update_that_could_not_be_rolled_back_has_exit_code_4(self) -> None:
        error = fails(*self.update, state("UPDATE_ROLLBACK_FAILED"), events(*self.cause))
        assert isinstance(error, NotRolledBackError)
        assert "UPDATE_ROLLBACK_FAILED" in str(error)

    def test_a_failed_creation_leaves_nothing(self) -> None:
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
            stack.apply(client, NAME, INPUTS, lambda _line: None)


EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. "
    "To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
)


def refused_early(*told: dict[str, str]) -> Step:
    """Return the answer of DescribeEvents for a change set that failed."""
    return call(
        "describe_events",
        {"OperationEvents": [{"EventType": "VALIDATION_ERROR", **event} for event in told]},
        Filters={"FailedEvents": True},
        **ONE_OF_OURS,
    )


class TestEarlyValidation:
    """A change set that fails early validation: only its events name the resources."""

    def refused(self, *steps: Step, reason: str = EARLY) -> UsageError:
        with (
            cloudformation(
                state("CREATE_COMPLETE"), *made(kind="UPDATE", reason=reason), *steps, delete_set
            ) as client,
            pytest.raises(UsageError) as caught,
        ):
            stack.preview(client, NAME, INPUTS)
        return caught.value

    def test_each_resource_is_named_with_what_is_wrong_with_it(self) -> None:
        error = self.refused(
            refused_early(
                {
                    "LogicalResourceId": "LogGroup",
                    "ResourceType": "AWS::Logs::LogGroup",
                    "ValidationName": "NAME_CONFLICT_VALIDATION",
                    "ValidationFailureMode": "FAIL",
                    "ValidationStatusReason": "Resource of type 'AWS::Logs::LogGroup' with identifier "
                    "'/ecs/perfect-puppy-prod' already exists.",
                    "ValidationPath": "/Resources/LogGroup",
                },
                {
                    "LogicalResourceId": "TargetGroup",
                    "ResourceType": "AWS::ElasticLoadBalancingV2::TargetGroup",
                    "ValidationName": "PROPERTY_VALIDATION",
                    "ValidationFailureMode": "FAIL",
                    "ValidationStatusReason": "Unsupported property [Prot]",
                    "ValidationPath": "/Resources/TargetGroup/Properties/Prot",
                },
            )
        )
        assert str(error).startswith(f"CloudFormation can't make {NAME} like that: The following hook(s)")
        assert (
            " LogGroup (AWS::Logs::LogGroup): Resource of type 'AWS::Logs::LogGroup' with identifier "
            "'/ecs/perfect-puppy-prod' already exists (NAME_CONFLICT_VALIDATION, /Resources/LogGroup)."
        ) in str(error)
        assert "Unsupported property [Prot] (PROPERTY_VALIDATION, /Resources/TargetGroup/Prop" in str(error)
        assert "choose another name in ecs/settings.toml" in error.hint

    def test_a_hook_of_the_account_is_named_too(self) -> None:
        hook = {
            "EventType": "HOOK_INVOCATION_ERROR",
            "LogicalResourceId": "LoadBalancer",
            "ResourceType": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "HookType": "Acme::Guard::NoPublicBalancer",
            "HookStatusReason": "No balancer may be open to the internet",
        }
        error = self.refused(refused_early(hook), reason="Validation failure detected. See the FAILED event.")
        assert "LoadBalancer): No balancer may be open to the internet (Acme::Guard::NoP" in str(error)

    def test_an_event_without_a_reason_adds_nothing(self) -> None:
        assert str(self.refused(refused_early({"LogicalResourceId": NAME}))).endswith("failure information.")

    def test_a_missing_permission_to_read_the_events_is_named_in_the_words_of_aws(self) -> None:
        denied = "User: me is not authorized to perform: cloudformation:DescribeEvents on resource: x"
        error = self.refused(refused("describe_events", "AccessDenied", denied))
        assert "ResourceExistenceCheck" in str(error)
        assert f"may not do cloudformation:DescribeEvents: {denied} (AccessDenied)." in str(error)

    def test_a_complete_reason_needs_no_events(self) -> None:
        assert str(self.refused(reason="No such hosted zone.")).endswith("No such hosted zone.")


RECORD = "Content of DNS Record is: {Name: _1.example.org.,Type: CNAME,Value: _2.acm-validations.aws.}"
WAITS = (
    ("1", NAME, "CREATE_IN_PROGRESS", ""),
    ("2", "Vpc", "CREATE_IN_PROGRESS", ""),
    ("3", "Certificate", "CREATE_IN_PROGRESS", ""),
    ("4", "Vpc", "CREATE_COMPLETE", ""),
    ("5", "Certificate", "CREATE_IN_PROGRESS", RECORD),
)


class TestHanging:
    """CloudFormation waits three days for a certificate in a zone that is not delegated to."""

    @pytest.fixture
    def no_patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stack_events, "QUIET_SECONDS", 0)

    @pytest.mark.usefixtures("no_patience")
    def test_a_stack_without_events_names_what_it_waits_for_and_what_to_do(self) -> None:
        error = fails(
            *[no_stack, no_stack, no_stack],
            *made(kind="CREATE"),
            *[events(), execute, state("CREATE_IN_PROGRESS"), events(*WAITS)],
        )
        assert type(error) is NotRolledBackError
        assert "is in CREATE_IN_PROGRESS, without news for" in str(error)
        assert f"It waits for: Certificate: create in progress: {RECORD}." in str(error)
        assert "python -m ecs verify looks at the zone" in error.hint
        assert "give it up with: python -m ecs destroy." in error.hint

    @pytest.mark.usefixtures("no_patience")
    def test_a_later_run_waits_as_long_and_says_the_same(self) -> None:
        hangs, told = state("CREATE_IN_PROGRESS"), events(*WAITS)
        assert f"Certificate: create in progress: {RECORD}." in str(fails(hangs, told, hangs, told))

    @pytest.mark.usefixtures("no_patience")
    def test_the_hint_for_an_update_is_to_cancel_it(self) -> None:
        hangs, told = state("UPDATE_IN_PROGRESS"), events(("1", "HttpsListener", "UPDATE_IN_PROGRESS", ""))
        error = fails(hangs, told, hangs, told)
        assert "It waits for: HttpsListener: update in progress." in str(error)
        assert f"cancel-update-stack --stack-name {NAME}." in error.hint

    def test_an_event_restarts_the_timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = iter(range(0, 1_000_000, 3_000))  # 50 minutes from each poll to the next
        monkeypatch.setattr(stack_events, "time", SimpleNamespace(monotonic=clock.__next__, sleep=int))
        foundation, _ = applied(
            *[no_stack, no_stack, no_stack],
            *made(kind="CREATE"),
            *[events(), execute],
            *[state("CREATE_IN_PROGRESS"), events(*WAITS[:1])],
            *[state("CREATE_IN_PROGRESS"), events(*WAITS[:2])],
            *[state("CREATE_IN_PROGRESS"), events(*WAITS[:3])],
            *[state("CREATE_COMPLETE"), events(*WAITS[:4]), state("CREATE_COMPLETE", VpcId="vpc-1")],
        )
        assert foundation.vpc_id == "vpc-1"

    def test_resources_in_progress_share_a_line_that_is_printed_when_it_changes(self) -> None:
        _, said = applied(
            *[no_stack, no_stack, no_stack],
            *made(kind="CREATE"),
            *[events(), execute],
            *[state("CREATE_IN_PROGRESS"), events(*WAITS[:3])],
            *[state("CREATE_IN_PROGRESS"), events(*WAITS[:3])],
            *[state("CREATE_IN_PROGRESS"), events(*WAITS[:4])],
            *[state("CREATE_COMPLETE"), events(*WAITS), state("CREATE_COMPLETE")],
        )
        assert said == [
            f"{NAME}: create in progress",
            "Vpc: create in progress",
            "Certificate: create in progress",
            "Vpc, Certificate: in progress",
            "Vpc: create complete",
            "Certificate: in progress",
            f"Certificate: create in progress: {RECORD}",
        ]


cancel_update = call("cancel_update_stack", StackName=ID)


class TestRemove:
    """The stack is deleted, whatever operation is in progress."""

    def removed(self, *steps: Step) -> list[str]:
        said: list[str] = []
        with cloudformation(*steps) as client:
            remove(client, NAME, said.append)
        return said

    @pytest.mark.parametrize(
        "status",
        [
            "CREATE_COMPLETE",
            "CREATE_IN_PROGRESS",
            "DELETE_IN_PROGRESS",
            "REVIEW_IN_PROGRESS",
            "ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_FAILED",
        ],
    )
    def test_a_stack_in_most_states_is_deleted_at_once(self, status: str) -> None:
        going = state("DELETE_IN_PROGRESS")
        self.removed(state(status), events(), delete_stack, going, events(), no_stack, events())

    def test_an_update_is_cancelled_and_its_rollback_waited_for(self) -> None:
        not_now = f"Stack [{ID}] cannot be deleted while in status UPDATE_ROLLBACK_IN_PROGRESS"
        self.removed(
            *[state("UPDATE_IN_PROGRESS"), events(), cancel_update],
            refused("delete_stack", "ValidationError", not_now),
            *[state("UPDATE_ROLLBACK_IN_PROGRESS"), events(), state("UPDATE_ROLLBACK_COMPLETE"), events()],
            *[state("UPDATE_ROLLBACK_COMPLETE"), events(), delete_stack, no_stack, events()],
        )

    def test_an_update_that_can_no_longer_be_cancelled_is_waited_for(self) -> None:
        too_late = "CancelUpdateStack cannot be called from current stack status"
        self.removed(
            *[state("UPDATE_IN_PROGRESS"), events()],
            refused("cancel_update_stack", "ValidationError", too_late),
            *[state("UPDATE_COMPLETE"), events()],
            *[state("UPDATE_COMPLETE"), events(), delete_stack, no_stack, events()],
        )

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("AccessDenied", "User: me is not authorized to perform: cloudformation:DeleteStack"),
            ("ValidationError", f"Stack [{ID}] cannot be deleted while TerminationProtection is enabled"),
        ],
    )
    def test_an_error_that_waiting_does_not_cure_is_raised(self, code: str, message: str) -> None:
        denied = refused("delete_stack", code, message)
        with (
            cloudformation(state("CREATE_IN_PROGRESS"), events(), denied) as client,
            pytest.raises(client.exceptions.ClientError, match=code),
        ):
            remove(client, NAME, lambda _line: None)

    def test_a_stack_that_can_not_be_removed_names_what_keeps_it(self) -> None:
        kept = ("1", "Cluster", "DELETE_FAILED", "The Cluster cannot be deleted while Services are active.")
        with pytest.raises(NotRolledBackError, match="while Services are active") as caught:
            self.removed(
                state("UPDATE_COMPLETE"), events(), delete_stack, state("DELETE_FAILED"), events(kept)
            )
        assert "python -m ecs destroy" in caught.value.hint

    def test_removing_nothing_is_no_error(self) -> None:
        assert self.removed(no_stack) == []
