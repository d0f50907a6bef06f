"""What counts as a success: this deployment, completed, with this task definition."""

from typing import Any

import pytest

from ecs.aws import Aws
from ecs.errors import NotRolledBackError
from ecs.release import watch
from ecs.release.changes import unknown_foundation
from ecs.release.snapshot import Snapshot
from ecs.release.watch import Outcome, judge

MINE, OTHER = "ecs-svc/1", "ecs-svc/2"
NEW, OLD = "arn:task-definition/pp:2", "arn:task-definition/pp:1"


def deployment(identifier: str, status: str, state: str, arn: str = NEW, reason: str = "") -> dict[str, Any]:
    return {
        "id": identifier,
        "status": status,
        "rolloutState": state,
        "rolloutStateReason": reason,
        "taskDefinition": arn,
    }


def service(*deployments: dict[str, Any], events: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"deployments": list(deployments), "events": [{"message": message} for message in events]}


@pytest.mark.parametrize(
    ("described", "outcome"),
    [
        (service(deployment(MINE, "PRIMARY", "COMPLETED")), Outcome.COMPLETED),
        (service(deployment(MINE, "PRIMARY", "IN_PROGRESS")), None),
        (service(deployment(MINE, "PRIMARY", "FAILED")), Outcome.FAILED),
        (
            service(deployment(OTHER, "PRIMARY", "COMPLETED", OLD), deployment(MINE, "ACTIVE", "FAILED")),
            Outcome.FAILED,
        ),
        (
            service(
                deployment(OTHER, "PRIMARY", "IN_PROGRESS", OLD, "ECS deployment rollback in progress."),
                deployment(MINE, "ACTIVE", "IN_PROGRESS"),
            ),
            Outcome.FAILED,
        ),
        (
            service(
                deployment(OTHER, "PRIMARY", "COMPLETED", OLD),
                events=(f"(service pp) (deployment {MINE}) deployment failed: tasks failed to start.",),
            ),
            Outcome.FAILED,
        ),
    ],
    ids=["completed", "under way", "failed", "rolled back", "being rolled back", "gone after it failed"],
)
def test_the_outcome_is_that_of_the_deployment_itself(
    described: dict[str, Any], outcome: Outcome | None
) -> None:
    assert judge(described, MINE, NEW) is outcome


@pytest.mark.parametrize(
    "described",
    [
        service(deployment(OTHER, "PRIMARY", "COMPLETED", OLD)),
        service(deployment(OTHER, "PRIMARY", "COMPLETED", NEW)),
        service(
            deployment(OTHER, "PRIMARY", "IN_PROGRESS", "arn:task-definition/pp:3"),
            deployment(MINE, "ACTIVE", "IN_PROGRESS"),
        ),
        service(deployment(MINE, "PRIMARY", "COMPLETED", OLD)),
    ],
    ids=[
        "gone, the old one stable",
        "gone, another of the same",
        "overtaken",
        "with another task definition",
    ],
)
def test_a_stable_service_that_is_not_ours_is_no_success(described: dict[str, Any]) -> None:
    assert judge(described, MINE, NEW) is Outcome.REPLACED


def snapshot(*deployments: dict[str, Any]) -> Snapshot:
    return Snapshot(service(*deployments), [], [], [])


AS_BEFORE = snapshot(deployment(OTHER, "PRIMARY", "COMPLETED", OLD))
DONE = snapshot(deployment(MINE, "PRIMARY", "COMPLETED"))


@pytest.mark.parametrize("stale", [AS_BEFORE, None], ids=["without the deployment", "without the service"])
def test_a_look_that_is_older_than_the_call_says_nothing(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, stale: Snapshot | None
) -> None:
    looks = iter([stale, stale, DONE])
    monkeypatch.setattr(watch, "observe", lambda *_: next(looks))
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    outcome, _ = watch.follow(aws, unknown_foundation(), MINE, NEW, lambda _: None)
    assert outcome is Outcome.COMPLETED


def test_what_stays_so_is_believed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "observe", lambda *_: AS_BEFORE)
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    monkeypatch.setattr(watch, "STALE_SECONDS", 0.01)
    outcome, _ = watch.follow(aws, unknown_foundation(), MINE, NEW, lambda _: None)
    assert outcome is Outcome.REPLACED
    monkeypatch.setattr(watch, "observe", lambda *_: None)
    with pytest.raises(NotRolledBackError, match="somebody deleted it meanwhile"):
        watch.follow(aws, unknown_foundation(), MINE, NEW, lambda _: None)
