"""Why a release failed, told from what AWS says in its own words."""

from typing import Any

import pytest

from ecs.failure.diagnosis import Cause, diagnose
from ecs.failure.evidence import Evidence

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
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                "failed to resolve ref 1.dkr.ecr.eu-west-1.amazonaws.com/x:y: not found"
            )
        ),
        "image",
        "The image can't be pulled: CannotPullContainerError",
    ),
    (
        evidence(
            stopped=stopped(
                "CannotPullContainerError: image Manifest does not contain descriptor matching "
                "platform 'linux/arm64'"
            )
        ),
        "image",
        "descriptor matching platform",
    ),
    (
        evidence(
            stopped=stopped(
                "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull "
                "registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. "
                "Check your task network configuration."
            )
        ),
        "start",
        "Check your task network configuration",
    ),
    (
        evidence(
            stopped=stopped(
                "ResourceInitializationError: failed to validate logger args: The task cannot find "
                "the Amazon CloudWatch log group"
            )
        ),
        "start",
        "could not be set up",
    ),
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
    (evidence(stopped=stopped(EXITED, code=1)), "crash", "ends at its start with exit code 1"),
    (
        evidence(
            events=["(service x) was unable to place a task. Reason: Capacity is unavailable at this time."]
        ),
        "capacity",
        "AWS has no room for the tasks",
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


@pytest.mark.parametrize(
    ("seen", "kind", "words"), CASES, ids=[f"{kind}: {words[:30]}" for _, kind, words in CASES]
)
def test_the_cause_is_named_in_a_sentence_with_a_cure(seen: Evidence, kind: str, words: str) -> None:
    cause = diagnose(seen)
    assert cause.kind == kind
    assert words in cause.sentence
    assert cause.sentence.endswith(".")
    assert "\n" not in cause.sentence
    assert cause.hint


def test_the_last_telling_line_of_the_log_is_quoted() -> None:
    lines = [
        '{"event": "booting"}',
        '{"event": "worker failed", "exception": "Traceback:\\n  x\\nKeyError: \'breed\'"}',
        '{"event": "Shutting down: Master"}',
    ]
    cause = diagnose(evidence(stopped=stopped(EXITED, code=1), logs={TASK: lines}))
    assert cause.sentence.endswith("the log says: KeyError: 'breed'.")


def test_time_that_ran_out_is_named_when_nothing_else_is() -> None:
    assert diagnose(evidence(), timed_out=True).kind == "timed out"
    failing: Cause = diagnose(evidence(stopped=stopped(EXITED, code=1)), timed_out=True)
    assert failing.kind == "crash"


def test_of_a_long_line_the_middle_is_left_out() -> None:
    line = "error " + "x" * 5_000 + " and the end"
    cause = diagnose(evidence(stopped=stopped(EXITED, code=1), logs={TASK: [line]}))
    assert len(cause.sentence) < 400
    assert cause.sentence.endswith("x and the end.")


def test_a_task_that_was_stopped_with_the_release_says_nothing() -> None:
    scheduler = stopped("Scaling activity initiated by (deployment ecs-svc/1)", code=0)
    failed = stopped(EXITED, code=3)
    scheduler[0]["stopCode"], failed[0]["stopCode"] = "ServiceSchedulerInitiated", "EssentialContainerExited"
    assert "exit code 3" in diagnose(evidence(stopped=[*scheduler, *failed])).sentence
