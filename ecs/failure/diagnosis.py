"""Why a release failed, in one sentence, and what to do about it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from ecs.failure.evidence import ENDED_BY_ITSELF, Evidence

BAD_MODEL, BAD_SETTING, KILLED = 65, 78, 137
FIRST, LAST = 100, 200
"""How much is shown of a long reason: what it is about, and its end, where AWS says what is wrong."""
MEMORY_HINT = "Raise memory_mb in ecs/settings.toml, lower web_concurrency, or find what the release loads."


@dataclass(frozen=True)
class Cause:
    """A cause by its kind, the sentence that names it, and its hint."""

    kind: str
    sentence: str
    hint: str


def diagnose(evidence: Evidence, *, timed_out: bool = False) -> Cause:
    """Name the cause: the first rule that fits, from the surest sign to the weakest."""
    for rule in RULES:
        if cause := rule(evidence):
            return cause
    if timed_out:
        return Cause(
            "timed out",
            "The rollout took longer than deploy_minutes allows, and no task of it failed.",
            "Look at the events in the evidence; raise deploy_minutes if the tasks only start slowly.",
        )
    return Cause(
        "unknown",
        f"ECS gave the release up: {evidence.reason.rstrip('.') or 'it does not say why'}.",
        "Read the evidence, and the log with: python -m ecs logs --since 30m.",
    )


def _reasons(evidence: Evidence) -> Iterator[str]:
    for task in evidence.stopped:
        yield task.get("stoppedReason") or ""
        yield from (container.get("reason") or "" for container in task.get("containers", []))


def _exit_codes(evidence: Evidence) -> Iterator[int]:
    # A task that ECS stops when it takes the release back ends well, and says nothing.
    own = (task for task in evidence.stopped if task.get("stopCode", ENDED_BY_ITSELF) == ENDED_BY_ITSELF)
    for task in own:
        for container in task.get("containers", []):
            if container.get("exitCode") is not None:
                yield int(container["exitCode"])


def _find(texts: Iterator[str] | list[str], pattern: str) -> str | None:
    return next((text for text in texts if re.search(pattern, text, re.IGNORECASE)), None)


def _image(evidence: Evidence) -> Cause | None:
    if not (reason := _find(_reasons(evidence), r"CannotPull|pull image|manifest unknown")):
        return None
    if "platform" in reason:
        hint = "The image is for another architecture: set architecture in ecs/settings.toml, then run up."
    else:
        hint = "See that the tag is in the registry and the execution role may read it; up pushes it again."
    return Cause("image", f"The image can't be pulled: {_cut(reason)}.", hint)


def _initialization(evidence: Evidence) -> Cause | None:
    if not (
        reason := _find(_reasons(evidence), r"ResourceInitializationError|CannotStartContainer|CannotCreate")
    ):
        return None
    return Cause(
        "start",
        f"The task could not be set up: {_cut(reason)}.",
        "See that its subnets reach AWS, and its log group and roles exist: python -m ecs verify.",
    )


def _memory(evidence: Evidence) -> Cause | None:
    if _find(_reasons(evidence), r"OutOfMemory|out of memory"):
        return Cause(
            "memory", "The task was killed for memory: it needs more than memory_mb allows.", MEMORY_HINT
        )
    return None


def _balancer_health(evidence: Evidence) -> Cause | None:
    said = _find(_reasons(evidence), r"failed ELB health checks") or _find(
        evidence.events, r"is unhealthy in \(?target-group"
    )
    if not said:
        return None
    found = re.search(r"codes?:? ?\[?(\d{3})", " ".join([said, *map(_description, evidence.targets)]))
    status = f" but {found[1]}" if found else ""
    last = _last_line(evidence)
    return Cause(
        "health",
        f"The tasks start and never pass the balancer's check: no 200 from GET /readyz{status}{last}.",
        "Run the image here and ask its /readyz; it says why it is not ready.",
    )


def _container_health(evidence: Evidence) -> Cause | None:
    unhealthy = any(task.get("healthStatus") == "UNHEALTHY" for task in evidence.stopped)
    if not unhealthy and not _find(_reasons(evidence), r"failed container health checks"):
        return None
    return Cause(
        "container health",
        f"The container's own check failed: GET /livez gives no answer in time{_last_line(evidence)}.",
        "Run the image here and ask its /livez; a longer start wants a larger grace_seconds.",
    )


def _exit(evidence: Evidence) -> Cause | None:
    code = next(iter(_exit_codes(evidence)), None)
    if code is None:
        return None
    last = _last_line(evidence)
    if code == BAD_MODEL:
        return Cause(
            "model", f"The model's artifact can't be served (exit code 65){last}.", "Train again: make train."
        )
    if code == BAD_SETTING:
        return Cause(
            "setting", f"The app refuses a setting (exit code 78){last}.", "Mend it in ecs/settings.toml."
        )
    if code == KILLED:
        said = f"The task was killed (exit code 137), most likely for memory{last}."
        return Cause("memory", said, MEMORY_HINT)
    return Cause(
        "crash",
        f"The app ends at its start with exit code {code}{last}.",
        "Run the image here to see it whole: docker run --rm IMAGE.",
    )


def _capacity(evidence: Evidence) -> Cause | None:
    said = _find(evidence.events, r"unable to place a task|capacity is unavailable|RESOURCE:|limit.*reached")
    if not said:
        return None
    return Cause(
        "capacity",
        f"AWS has no room for the tasks: {_cut(said)}.",
        "Wait and run up again, use more zones, or ask AWS to raise the Fargate quota.",
    )


def _alarm(evidence: Evidence) -> Cause | None:
    ringing = evidence.triggered or [
        alarm["AlarmName"] for alarm in evidence.alarms if alarm.get("StateValue") == "ALARM"
    ]
    if "alarm" not in evidence.reason.lower() and not ringing:
        return None
    names = ", ".join(ringing) or "a deployment alarm"
    return Cause(
        "alarm",
        f"{names} went off during the release{_last_line(evidence)}.",
        "ecs/README.md says for each alarm what it means and what to type.",
    )


RULES: tuple[Callable[[Evidence], Cause | None], ...] = (
    _image,
    _memory,
    _initialization,
    _balancer_health,
    _container_health,
    _exit,
    _capacity,
    _alarm,
)


def _description(target: dict[str, Any]) -> str:
    return str(target.get("TargetHealth", {}).get("Description", ""))


def _last_line(evidence: Evidence) -> str:
    """The last log line that tells something, ready to stand at a sentence's end."""
    lines = [line for line in map(_event, evidence.last_lines) if line]
    worst = [
        line for line in lines if re.search(r"error|exception|refuse|can't|not ready", line, re.IGNORECASE)
    ]
    return f"; the log says: {_cut((worst or lines)[-1])}" if lines else ""


def _event(line: str) -> str:
    """Give the words of a log line that is JSON, or the line."""
    try:
        fields = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return line.strip()
    if trace := str(fields.get("exception") or "").strip():
        return trace.splitlines()[-1]
    return str(fields.get("event", line))


def _cut(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= FIRST + LAST else f"{text[:FIRST]} … {text[-LAST:]}"
