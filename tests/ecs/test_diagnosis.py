"""The diagnosis finds the cause of a failed release in AWS's own messages."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs.aws import Aws
from ecs.failure.diagnosis import TABLE, Cause, diagnose
from ecs.failure.evidence import Evidence
from ecs.foundation.stack_outputs import read_outputs
from ecs.release import snapshot
from ecs.release.service_deployment import ServiceDeployment
from ecs.release.snapshot import Snapshot

TASK = "arn:aws:ecs:eu-west-1:1:task/perfect-puppy-prod/0123"
HEALTH = (
    "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/x/1)"
)


def evidence(**given: Any) -> Evidence:
    nothing: dict[str, Any] = {
        "reason": "",
        "task_definition": "arn:aws:ecs:eu-west-1:1:task-definition/perfect-puppy-prod:2",
        "stopped": [],
        "running": [],
        "logs": {},
        "targets": [],
        "alarms": [],
        "events": [],
    }
    return Evidence(**nothing | given)


def stopped(
    reason: str, *, code: int | None = None, container: str = "", health: str = "UNKNOWN"
) -> list[Any]:
    described: dict[str, Any] = {"name": "web", "reason": container}
    if code is not None:
        described["exitCode"] = code
    return [{"taskArn": TASK, "stoppedReason": reason, "healthStatus": health, "containers": [described]}]


EXITED = "Essential container in task exited"
CASES = [
    (
        evidence(
            stopped=stopped(
                EXITED, code=137, container="OutOfMemoryError: Container killed due to memory usage"
            )
        ),
        "memory",
        "killed for memory: it needs more than memory_mb",
    ),
    (evidence(stopped=stopped(EXITED, code=137)), "memory", "(exit code 137), most likely for memory"),
    (
        evidence(
            stopped=stopped(f"{HEALTH} due to (reason Health checks failed with these codes: [503])", code=0)
        ),
        "health",
        "no 200 from GET /readyz but 503",
    ),
    (
        evidence(stopped=stopped(f"{HEALTH} due to (reason Request timed out)", code=0)),
        "health",
        "no 200 from GET /readyz in time",
    ),
    (
        evidence(
            stopped=stopped(EXITED, code=137),
            events=["(service x) (port 8000) is unhealthy in (target-group y)"],
        ),
        "health",
        "never pass the balancer's check",
    ),
    (
        evidence(stopped=stopped("Task failed container health checks", health="UNHEALTHY", code=143)),
        "container health",
        "GET /livez gives no answer",
    ),
    (evidence(stopped=stopped(EXITED, code=65)), "model", "exit code 65"),
    (
        evidence(stopped=stopped(EXITED, code=78), logs={TASK: ["PORT must be a number."]}),
        "setting",
        "PORT must be",
    ),
    (evidence(stopped=stopped(EXITED, code=0)), "crash", "ends by itself with exit code 0"),
    (evidence(stopped=stopped(EXITED, code=1)), "crash", "ends at its start with exit code 1"),
    (evidence(stopped=stopped(EXITED, code=127)), "crash", "command is not in the image (exit code 127)"),
    (evidence(stopped=stopped(EXITED, code=139)), "crash", "segmentation fault (exit code 139, SIGSEGV)"),
    (evidence(stopped=stopped(EXITED, code=143)), "crash", "ended by SIGTERM (exit code 143)"),
    (
        evidence(
            stopped=stopped(EXITED, code=255), logs={TASK: ["exec /usr/bin/gunicorn: exec format error"]}
        ),
        "image",
        "for another architecture: exec /usr/bin/gunicorn: exec format error",
    ),
    (
        evidence(
            reason="ECS deployment failed: alarm detected.",
            alarms=[{"AlarmName": "pp-server-errors", "StateValue": "ALARM"}],
        ),
        "alarm",
        "pp-server-errors went off",
    ),
    (evidence(reason="ECS deployment ecs-svc/1 failed."), "unknown", "ECS deployment ecs-svc/1 failed."),
]
REASONS = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8"))["reason"]


@pytest.mark.parametrize(
    "told", REASONS, ids=[f"{row['kind']}: {[*row.values()][-1][:60]}" for row in REASONS]
)
def test_each_message_of_ecs_leads_to_its_cause(told: dict[str, str]) -> None:
    tasks = stopped(told.get("task", ""), container=told.get("container", ""))
    tasks[0]["stopCode"] = told.get("code", "")
    cause = diagnose(
        evidence(
            stopped=tasks if {"task", "container"} & told.keys() else [],
            events=[told["event"]] if "event" in told else [],
            reason=told.get("deployment", ""),
        )
    )
    assert cause.kind == told["kind"]
    assert cause.sentence.endswith(".")
    assert "\n" not in cause.sentence
    assert cause.hint


@pytest.mark.parametrize(
    ("seen", "kind", "words"), CASES, ids=[f"{kind}: {words[:30]}" for _, kind, words in CASES]
)
def test_the_cause_is_named_in_a_sentence_with_a_hint(seen: Evidence, kind: str, words: str) -> None:
    cause = diagnose(seen)
    assert cause.kind == kind
    assert words in cause.sentence
    assert cause.sentence.endswith(".")
    assert "\n" not in cause.sentence
    assert cause.hint


def test_the_last_error_in_the_log_is_quoted() -> None:
    lines = [
        '{"event": "booting"}',
        '{"event": "worker failed", "exception": "Traceback:\\n  x\\nKeyError: \'breed\'"}',
        '{"event": "Shutting down: Master"}',
    ]
    cause = diagnose(evidence(stopped=stopped(EXITED, code=1), logs={TASK: lines}))
    assert cause.sentence.endswith("the log says: KeyError: 'breed'.")


def test_a_timeout_is_the_cause_only_without_another() -> None:
    assert diagnose(evidence(), timed_out=True).kind == "timed out"
    failing: Cause = diagnose(evidence(stopped=stopped(EXITED, code=1)), timed_out=True)
    assert failing.kind == "crash"


def test_the_middle_of_a_long_log_line_is_left_out() -> None:
    line = "error " + "x" * 5_000 + " and the end"
    cause = diagnose(evidence(stopped=stopped(EXITED, code=1), logs={TASK: [line]}))
    assert len(cause.sentence) < 400
    assert cause.sentence.endswith("x and the end.")


def test_the_exit_code_of_a_task_that_ecs_stopped_is_ignored() -> None:
    scheduler = stopped("Scaling activity initiated by (deployment ecs-svc/1)", code=0)
    failed = stopped(EXITED, code=3)
    scheduler[0]["stopCode"], failed[0]["stopCode"] = "ServiceSchedulerInitiated", "EssentialContainerExited"
    assert "exit code 3" in diagnose(evidence(stopped=[*scheduler, *failed])).sentence


def test_task_reasons_precede_events_and_both_precede_weak_reasons() -> None:
    events = [
        "(service x) is unable to consistently start tasks successfully.",
        "service x was unable to place a task. Reason: Capacity is unavailable at this time.",
    ]
    pulled = stopped("CannotPullContainerError: failed to resolve ref x: not found")
    assert diagnose(evidence(stopped=pulled, events=events)).kind == "image"
    assert diagnose(evidence(stopped=stopped(EXITED, code=1), events=events)).kind == "crash"
    assert diagnose(evidence(events=events)).kind == "capacity"
    assert diagnose(evidence(events=events[:1]), timed_out=True).kind == "gave up"


def test_a_task_stopped_by_hand_is_not_the_cause_if_another_exited_by_itself() -> None:
    by_hand, failed = stopped("Task stopped by user", code=143), stopped(EXITED, code=3)
    by_hand[0]["stopCode"], failed[0]["stopCode"] = "UserInitiated", "EssentialContainerExited"
    assert "exit code 3" in diagnose(evidence(stopped=[*by_hand, *failed])).sentence


def test_hints_for_the_network_do_not_mention_roles_nor_the_reverse() -> None:
    hints = {row.kind: row.hint for row in TABLE.reason}
    for word in ("internet gateway", "public address", "security group", "endpoints"):
        assert word in hints["network"]
        assert word not in hints["role"]
    assert "role" not in hints["network"]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_message_of_ecs_gives_a_sentence_of_one_line(reason: str, event: str) -> None:
    cause = diagnose(evidence(stopped=stopped(reason), events=[event], reason=event))
    assert cause.kind
    assert len(cause.sentence.splitlines()) == 1


def test_events_from_before_the_deployment_are_not_evidence(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = datetime(2026, 11, 26, 12, tzinfo=UTC)
    task = {"taskArn": TASK, "taskDefinitionArn": "td:2", "desiredStatus": "STOPPED", "createdAt": began}
    events = [
        {"message": "(service x) deployment failed: tasks failed to start.", "createdAt": began},
        {"message": "ECS was unable to assume the role x", "createdAt": began - timedelta(days=7)},
    ]
    monkeypatch.setattr(snapshot, "last_lines", lambda *_: [])
    seen = Snapshot({"deployments": [], "events": events}, [task], [], [])
    foundation = read_outputs({"StackName": "x", "CreationTime": began, "StackStatus": "CREATE_COMPLETE"})
    deployment = ServiceDeployment(
        "arn:2", "ROLLBACK_SUCCESSFUL", "", began, "td:2", "td:1", [], failed_by_itself=True
    )
    gathered = snapshot.gather(aws, foundation, seen, deployment)
    assert gathered.events == [events[0]["message"]]
