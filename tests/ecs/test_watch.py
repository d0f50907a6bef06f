"""What counts as a success: this deployment, by ECS's own record of it, and once no other task is asked."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.release import deployment as deployments
from ecs.release import watch
from ecs.release.changes import unknown_foundation
from ecs.release.deployment import Deployment
from ecs.release.snapshot import NOT_ASKED, Snapshot
from ecs.release.watch import Outcome, Rollout, judge

MINE, OTHER = "ecs-svc/1", "ecs-svc/2"
NEW, OLD = "arn:task-definition/pp:2", "arn:task-definition/pp:1"
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def record(status: str) -> Deployment:
    return Deployment("arn", status, "", NOW, NEW, OLD, [], failed_by_itself=False)


def service(primary: str = MINE) -> dict[str, Any]:
    return {
        "desiredCount": 2,
        "deployments": [{"id": primary, "status": "PRIMARY", "taskDefinition": NEW}],
    }


@pytest.mark.parametrize(
    ("status", "primary", "outcome"),
    [
        ("PENDING", MINE, None),
        ("IN_PROGRESS", MINE, None),
        ("SUCCESSFUL", MINE, Outcome.COMPLETED),
        ("ROLLBACK_REQUESTED", MINE, Outcome.FAILED),
        ("ROLLBACK_IN_PROGRESS", OTHER, Outcome.FAILED),
        ("ROLLBACK_SUCCESSFUL", OTHER, Outcome.FAILED),
        ("ROLLBACK_FAILED", OTHER, Outcome.FAILED),
        ("STOP_REQUESTED", MINE, Outcome.FAILED),
        ("STOPPED", MINE, Outcome.FAILED),
        ("STOPPED", OTHER, Outcome.REPLACED),
    ],
)
def test_the_outcome_is_that_of_the_deployment_itself(
    status: str, primary: str, outcome: Outcome | None
) -> None:
    assert judge(record(status), service(primary), MINE) is outcome


def snapshot(*targets: tuple[str, str, str], primary: str = MINE, desired: int = 2) -> Snapshot:
    """Tasks, each with its revision, its address, and what the balancer thinks of it."""
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


states = st.sampled_from(["healthy", "unhealthy", *sorted(NOT_ASKED)])
tasks = st.lists(
    st.tuples(st.sampled_from([NEW, OLD]), st.integers(0, 9).map(str), states), unique_by=lambda task: task[1]
)


@given(tasks, st.integers(0, 4))
def test_an_old_task_that_is_healthy_always_counts(targets: list[tuple[str, str, str]], desired: int) -> None:
    if snapshot(*targets, desired=desired).all_requests_go_to(NEW):
        healthy = [revision for revision, _, state in targets if state == "healthy"]
        assert set(healthy) == {NEW}
        assert len(healthy) >= desired


def rollout() -> Rollout:
    return Rollout(MINE, NEW, NOW)


SERVES = snapshot((NEW, "a", "healthy"), (NEW, "b", "healthy"))


@pytest.mark.parametrize("stale", [snapshot(primary=OTHER), None], ids=["without it", "without the service"])
def test_a_look_that_is_older_than_the_call_says_nothing(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, stale: Snapshot | None
) -> None:
    looks = iter([stale, stale, SERVES])
    monkeypatch.setattr(watch, "observe", lambda *_: next(looks))
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    found = iter([*([None] * 2 if stale else []), record("SUCCESSFUL")])
    monkeypatch.setattr(deployments, "find", lambda *_: next(found))
    outcome, _ = watch.follow(aws, unknown_foundation(), rollout(), lambda _: None, early=False)
    assert outcome is Outcome.COMPLETED


def test_one_look_at_draining_tasks_is_not_enough(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The balancer's nodes hear of it one after the other."""
    both = snapshot((NEW, "a", "healthy"), (NEW, "b", "healthy"), (OLD, "c", "healthy"))
    looks = iter([both, SERVES, both, SERVES, SERVES])
    monkeypatch.setattr(watch, "observe", lambda *_: next(looks))
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    monkeypatch.setattr(deployments, "find", lambda *_: record("IN_PROGRESS"))
    monkeypatch.setattr(deployments, "read", lambda *_: record("IN_PROGRESS"))
    outcome, _ = watch.follow(aws, unknown_foundation(), rollout(), lambda _: None, early=True)
    assert outcome is Outcome.SERVING
    assert next(looks, None) is None


def test_what_stays_so_is_believed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "observe", lambda *_: snapshot(primary=OTHER))
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    monkeypatch.setattr(watch, "STALE_SECONDS", 0.01)
    monkeypatch.setattr(deployments, "find", lambda *_: None)
    outcome, _ = watch.follow(aws, unknown_foundation(), rollout(), lambda _: None, early=True)
    assert outcome is Outcome.REPLACED
    monkeypatch.setattr(watch, "observe", lambda *_: None)
    with pytest.raises(NotRolledBackError, match="somebody deleted it meanwhile"):
        watch.follow(aws, unknown_foundation(), rollout(), lambda _: None, early=True)
