"""`destroy` leaves nothing, with or without a stack, even if it is interrupted at any call and run again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import msgspec
import pytest
from botocore import xform_name
from click.testing import CliRunner, Result

import ecs.run
from ecs.commands.destroy import destroy
from ecs.foundation import events as stack_events
from ecs.settings import load_settings
from tests.ecs.fake_aws import fake_aws, refusal
from tests.ecs.stand_in.forwarder import Call

NAME = "perfect-puppy-prod"
GROUPS = (f"/ecs/{NAME}", f"/aws/events/{NAME}", f"/aws/ecs/containerinsights/{NAME}/performance")
FAMILY = f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{NAME}"


SESSION = boto3.Session("none", "none", region_name="eu-west-1")


def refused(code: str, message: str = "") -> tuple[int, str]:
    return 400, json.dumps({"__type": code, "message": message})


def xml(name: str, text: str = "") -> tuple[int, str]:
    return 200, f"<R><{name}Result>{text}</{name}Result></R>"


@dataclass
class Account:
    """The resources in a fake AWS account, which disappear as they are deleted.

    Deleting the stack deletes its cluster and two log groups, and fails while there are services or tasks.
    """

    stack: str = ""
    cluster: bool = False
    services: list[str] = field(default_factory=list)
    tasks: dict[str, str] = field(default_factory=dict)
    target: bool = False
    repository: bool = False
    groups: list[str] = field(default_factory=list)
    revisions: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    cut_after: str = ""

    @property
    def is_empty(self) -> bool:
        return not (
            self.stack
            or self.cluster
            or self.services
            or "RUNNING" in self.tasks.values()
            or self.target
            or self.repository
            or set(self.groups) & set(GROUPS)
            or set(self.revisions.values()) - {"DELETE_IN_PROGRESS"}
        )

    def __call__(self, call: Call) -> tuple[int, str]:
        answer = getattr(self, xform_name(call.name))(call.arguments)
        if call.changes or call.name == "StopTask":
            self.changed.append(call.name)
            if self.changed.count(self.cut_after) == 1 and call.name == self.cut_after:
                return refused("CutOff") if isinstance(answer, dict) else (400, refusal("CutOff", "here"))
        return answer if isinstance(answer, tuple) else (200, json.dumps(answer))

    def describe_stacks(self, _given: Any) -> Any:
        if not self.stack:
            return 400, refusal("ValidationError", f"Stack with id {NAME} does not exist")
        told = f"<StackName>{NAME}</StackName><StackId>arn:x</StackId><StackStatus>{self.stack}</StackStatus>"
        return xml("DescribeStacks", f"<Stacks><member>{told}</member></Stacks>")

    def describe_stack_events(self, _given: Any) -> Any:
        return xml("DescribeStackEvents", "<StackEvents></StackEvents>")

    def delete_stack(self, _given: Any) -> Any:
        if self.services or "RUNNING" in self.tasks.values():
            self.stack = "DELETE_FAILED"
        else:
            self.stack, self.cluster = "", False
            self.groups = [group for group in self.groups if group not in GROUPS[:2]]
        return xml("DeleteStack")

    def describe_clusters(self, _given: Any) -> Any:
        return {"clusters": [{"clusterName": NAME, "status": "ACTIVE" if self.cluster else "INACTIVE"}]}

    def delete_cluster(self, _given: Any) -> Any:
        if not self.cluster:
            return refused("ClusterNotFoundException")
        assert not self.services
        self.cluster = False
        return {}

    def list_services(self, _given: Any) -> Any:
        if not self.cluster:
            return refused("ClusterNotFoundException")
        return {"serviceArns": [f"arn:x:service/{NAME}/{name}" for name in self.services]}

    def describe_services(self, _given: Any) -> Any:
        if not self.cluster:
            return refused("ClusterNotFoundException")
        return {"services": [{"status": "ACTIVE", "desiredCount": 2}] if NAME in self.services else []}

    def delete_service(self, _given: Any) -> Any:
        self.services.remove(NAME)
        return {}

    def list_tasks(self, given: Any) -> Any:
        if not self.cluster:
            return refused("ClusterNotFoundException")
        return {"taskArns": [arn for arn, status in self.tasks.items() if status == given["desiredStatus"]]}

    def stop_task(self, given: Any) -> Any:
        self.tasks[given["task"]] = "STOPPED"
        return {}

    def describe_tasks(self, given: Any) -> Any:
        return {"tasks": [{"lastStatus": self.tasks[arn]} for arn in given["tasks"]]}

    def deregister_scalable_target(self, _given: Any) -> Any:
        if not self.target:
            return refused("ObjectNotFoundException")
        self.target = False
        return {}

    def describe_repositories(self, _given: Any) -> Any:
        if not self.repository:
            return refused("RepositoryNotFoundException")
        return {"repositories": [{"repositoryName": NAME}]}

    def delete_repository(self, given: Any) -> Any:
        if not self.repository:
            return refused("RepositoryNotFoundException")
        assert given["force"], "it has images"
        self.repository = False
        return {}

    def describe_log_groups(self, given: Any) -> Any:
        prefix = given["logGroupNamePrefix"]
        return {"logGroups": [{"logGroupName": group} for group in self.groups if group.startswith(prefix)]}

    def delete_log_group(self, given: Any) -> Any:
        if given["logGroupName"] not in self.groups:
            return refused("ResourceNotFoundException")
        self.groups.remove(given["logGroupName"])
        return {}

    def list_task_definitions(self, given: Any) -> Any:
        return {
            "taskDefinitionArns": [arn for arn, status in self.revisions.items() if status == given["status"]]
        }

    def deregister_task_definition(self, given: Any) -> Any:
        if self.revisions[given["taskDefinition"]] != "ACTIVE":
            return refused("ClientException")
        self.revisions[given["taskDefinition"]] = "INACTIVE"
        return {}

    def delete_task_definitions(self, given: Any) -> Any:
        active = [arn for arn in given["taskDefinitions"] if self.revisions[arn] == "ACTIVE"]
        self.revisions |= dict.fromkeys(set(given["taskDefinitions"]) - set(active), "DELETE_IN_PROGRESS")
        return {"failures": [{"arn": arn, "reason": "it is ACTIVE"} for arn in active]}


def full() -> Account:
    """Return an account with a running service, and a task that was started by hand."""
    return Account(
        stack="UPDATE_COMPLETE",
        cluster=True,
        services=[NAME],
        tasks={"arn:a": "RUNNING", "arn:b": "RUNNING", "arn:by-hand": "RUNNING", "arn:old": "STOPPED"},
        target=True,
        repository=True,
        groups=[*GROUPS, f"/ecs/{NAME}-2"],
        revisions={f"{FAMILY}:1": "INACTIVE", **{f"{FAMILY}:{number}": "ACTIVE" for number in range(2, 15)}},
    )


STATES = {
    "all of it": full(),
    "a stack whose making failed, without outputs": replace(full(), stack="CREATE_FAILED"),
    "a stack that is still being made, perhaps for days": replace(full(), stack="CREATE_IN_PROGRESS"),
    "a stack that is half removed": replace(full(), stack="DELETE_FAILED", services=[]),
    "no stack, and all else": replace(full(), stack=""),
    "a cluster alone": Account(cluster=True),
    "a service that was deleted, its tasks still there": replace(full(), services=[]),
    "a repository alone": Account(repository=True),
    "a log group alone": Account(groups=[GROUPS[2]]),
    "revisions alone": Account(revisions={f"{FAMILY}:1": "INACTIVE"}),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_events, "POLL_SECONDS", 0)
    # One session for all runs, because reading botocore's models takes long.
    monkeypatch.setattr(boto3, "Session", lambda **_: SESSION)


@contextmanager
def served(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with fake_aws() as fake:
        fake.answer = account  # type: ignore[method-assign]
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
        yield


def run(*arguments: str) -> Result:
    return CliRunner().invoke(destroy, arguments)


def copied(account: Account, **changes: Any) -> Account:
    changes |= {
        name: type(value)(value) for name, value in vars(account).items() if isinstance(value, list | dict)
    }
    return replace(account, **changes)


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    account = copied(STATES[state])
    with served(account, monkeypatch):
        result = run("--yes", NAME)
        assert (result.exit_code, account.is_empty) == (0, True), result.output
        assert f"{NAME} is gone" in result.output
        assert "Nothing is there" in run("--yes", NAME).output
    assert f"/ecs/{NAME}-2" not in STATES[state].groups or f"/ecs/{NAME}-2" in account.groups, (
        "it is another's"
    )


@pytest.mark.parametrize("state", ["all of it", "no stack, and all else"])
def test_it_completes_after_an_interruption_at_any_call(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    whole = copied(STATES[state])
    with served(whole, monkeypatch):
        assert run("--yes", NAME).exit_code == 0
    for name in sorted(set(whole.changed)):
        account = copied(STATES[state], cut_after=name)
        with served(account, monkeypatch):
            first, second = run("--yes", NAME), run("--yes", NAME)
        assert first.exit_code != 0
        assert (second.exit_code, account.is_empty) == (0, True), f"{name}: {first.output} {second.output}"


def test_a_dry_run_lists_what_is_there_and_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    account = full()
    with served(account, monkeypatch):
        result = run("--dry-run")
    assert (result.exit_code, account.changed) == (0, [])
    for line in (f"stack: {NAME}", f"cluster: {NAME}", f"repository: {NAME}", f"log groups: {GROUPS[0]}"):
        assert line in result.output


def test_services_that_the_tool_did_not_make_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    account = replace(full(), services=[NAME, "worker"])
    with served(account, monkeypatch):
        result = run("--yes", NAME)
    assert (result.exit_code, account.changed) == (2, [])
    assert "services that this tool did not make: worker." in result.output


def test_it_names_what_only_aws_can_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = {"hosted_zone_id": "Z123", "domain_name": "puppy.example.org"}
    settings = msgspec.structs.replace(load_settings("prod"), **zone)
    monkeypatch.setattr(ecs.run, "load_settings", lambda _env: settings)
    with served(full(), monkeypatch):
        said = " ".join(run("--yes", NAME).output.split())
    assert "Key=Project,Values=perfect-puppy Key=Environment,Values=prod" in said
    assert "puppy.example.org is yours stays in the zone Z123: a CNAME to acm-validations.aws" in said


def test_a_revision_that_aws_keeps_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    account = full()
    account.deregister_task_definition = lambda _given: refused("ClientException")  # type: ignore[method-assign,assignment]
    with served(account, monkeypatch):
        result = run("--yes", NAME)
    assert result.exit_code == 4
    assert f"{FAMILY}:2: it is ACTIVE" in result.output
