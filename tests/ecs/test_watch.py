"""A deployment succeeds by its own status, and serves once only its tasks get requests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.release import service_deployment as deployments
from ecs.release import watch
from ecs.release.pending_changes import placeholder_foundation
from ecs.release.service_deployment import ServiceDeployment
from ecs.release.snapshot import NOT_ROUTED, Snapshot
from ecs.release.watch import Outcome, outcome_of

NEW, OLD = "arn:task-definition/pp:2", "arn:task-definition/pp:1"
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def deployment(status: str) -> ServiceDeployment:
    return ServiceDeployment("arn", status, "", NOW, NEW, OLD, [], failed_by_itself=False)


def service(primary: str = NEW) -> dict[str, Any]:
    return {
        "desiredCount": 2,
        "deployments": [{"status": "PRIMARY", "taskDefinition": primary, "createdAt": NOW}],
    }


@pytest.mark.parametrize(
    ("status", "primary", "outcome"),
    [
        ("PENDING", NEW, None),
        ("IN_PROGRESS", NEW, None),
        ("SUCCESSFUL", NEW, Outcome.COMPLETED),
        ("ROLLBACK_REQUESTED", NEW, Outcome.FAILED),
        ("ROLLBACK_IN_PROGRESS", OLD, Outcome.FAILED),
        ("ROLLBACK_SUCCESSFUL", OLD, Outcome.FAILED),
        ("ROLLBACK_FAILED", OLD, Outcome.FAILED),
        ("STOP_REQUESTED", NEW, Outcome.FAILED),
        ("STOPPED", NEW, Outcome.FAILED),
        ("STOPPED", OLD, Outcome.REPLACED),
    ],
)
def test_the_outcome_is_that_of_the_deployment_itself(
    status: str, primary: str, outcome: Outcome | None
) -> None:
    assert outcome_of(deployment(status), service(primary)) is outcome


def snapshot(*targets: tuple[str, str, str], primary: str = NEW, desired: int = 2) -> Snapshot:
    """Return a snapshot of tasks, given as revision, address and state as a target of the balancer."""
    tasks = [
        {
            "taskDefinitionArn": revision,
            "attachments": [{"details": [{"name": "privateIPv4Address", "value": address}]}],
        }
        for revision, address, _ in targets
    ]
    told = [
        {"Target": {"Id": address}, "TargetHealth": {"State": state}}
        for _, address, state in targets
        if state
    ]
    return Snapshot(service(primary) | {"desiredCount": desired}, tasks, told, [])


@pytest.mark.parametrize(
    ("targets", "serves"),
    [
        ([(NEW, "a", "healthy"), (NEW, "b", "healthy")], True),
        ([(NEW, "a", "healthy"), (NEW, "b", "healthy"), (OLD, "c", "draining")], True),
        ([(NEW, "a", "healthy"), (NEW, "b", "healthy"), (NEW, "c", "initial")], True),
        ([(NEW, "a", "healthy"), (NEW, "b", "healthy"), (OLD, "c", "healthy")], False),
        ([(NEW, "a", "healthy"), (NEW, "b", "healthy"), (OLD, "c", "unhealthy")], False),
        ([(NEW, "a", "healthy"), (NEW, "b", "initial")], False),
        ([(NEW, "a", "healthy"), (NEW, "b", "")], False),
        ([(OLD, "a", "healthy"), (OLD, "b", "healthy")], False),
        ([], False),
    ],
)
def test_the_new_release_can_be_asked_once_the_balancer_asks_no_other(
    targets: list[tuple[str, str, str]], serves: bool
) -> None:
    assert snapshot(*targets).all_requests_go_to(NEW) is serves


def test_a_redeployment_serves_once_no_older_task_of_the_same_revision_is_asked() -> None:
    before = snapshot((NEW, "a", "healthy"), (NEW, "b", "healthy"), (NEW, "c", "healthy"))
    before.tasks[2]["createdAt"] = NOW - timedelta(seconds=1)
    assert not before.all_requests_go_to(NEW)
    before.targets[2]["TargetHealth"]["State"] = "draining"
    assert before.all_requests_go_to(NEW)


states = st.sampled_from(["healthy", "unhealthy", *sorted(NOT_ROUTED)])
tasks = st.lists(
    st.tuples(st.sampled_from([NEW, OLD]), st.integers(0, 9).map(str), states), unique_by=lambda task: task[1]
)


@given(tasks, st.integers(0, 4))
def test_all_requests_go_to_the_new_tasks_only_without_a_healthy_old_task(
    targets: list[tuple[str, str, str]], desired: int
) -> None:
    if snapshot(*targets, desired=desired).all_requests_go_to(NEW):
        healthy = [revision for revision, _, state in targets if state == "healthy"]
        assert set(healthy) == {NEW}
        assert len(healthy) >= desired


SERVES = snapshot((NEW, "a", "healthy"), (NEW, "b", "healthy"))


def follow(aws: Aws, *, early: bool = False) -> Outcome:
    return watch.follow(aws, placeholder_foundation(), "arn", lambda _: None, early=early)[0]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)


def test_one_poll_without_old_tasks_is_not_enough(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes of the balancer learn one after the other that a target drains."""
    both = snapshot((NEW, "a", "healthy"), (NEW, "b", "healthy"), (OLD, "c", "healthy"))
    looks = iter([None, both, SERVES, both, SERVES, SERVES])
    monkeypatch.setattr(watch, "take_snapshot", lambda *_: next(looks))
    monkeypatch.setattr(deployments, "read", lambda *_: deployment("IN_PROGRESS"))
    assert follow(aws, early=True) is Outcome.SERVING
    assert next(looks, None) is None


def test_a_deployment_is_watched_until_it_has_completed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = iter(["IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "SUCCESSFUL"])
    monkeypatch.setattr(watch, "take_snapshot", lambda *_: SERVES)
    monkeypatch.setattr(deployments, "read", lambda *_: deployment(next(statuses)))
    assert follow(aws) is Outcome.COMPLETED


def test_a_deployment_times_out(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "take_snapshot", lambda *_: SERVES)
    monkeypatch.setattr(deployments, "read", lambda *_: deployment("IN_PROGRESS"))
    short = replace(aws, settings=msgspec.structs.replace(aws.settings, deploy_minutes=0.0001))
    assert follow(short) is Outcome.TIMED_OUT


def test_a_deleted_service_is_an_error(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STALE_SECONDS", 0.01)
    monkeypatch.setattr(watch, "take_snapshot", lambda *_: None)
    with pytest.raises(NotRolledBackError, match="somebody deleted it meanwhile"):
        follow(aws)
