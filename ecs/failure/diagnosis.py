"""Why a release failed, in one sentence, and what to do about it."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ecs.failure.evidence import ENDED_BY_ITSELF, Evidence

FIRST, LAST = 100, 200
"""How much is shown of a long reason: what it is about, and its end, where AWS says what is wrong."""


@dataclass(frozen=True)
class Cause:
    """A cause by its kind, the sentence that names it, and its hint."""

    kind: str
    sentence: str
    hint: str


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of `causes.toml`, which says what each field means."""

    kind: str
    sentence: str
    hint: str
    says: str = ""
    weak: bool = False


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The causes that ECS's own words and exit codes show."""

    reason: list[_Row]
    exits: dict[str, _Row]


_FILE = Path(__file__).with_name("causes.toml")
TABLE = msgspec.convert(tomllib.loads(_FILE.read_text(encoding="utf-8")), Table)


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
        f"ECS gave the release up: {_cut(evidence.reason) or 'it does not say why'}.",
        "Read the evidence, and the log with: python -m ecs logs --since 30m.",
    )


def _reasons(evidence: Evidence) -> Iterator[str]:
    for task in evidence.stopped:
        yield f"{task.get('stopCode') or ''}\n{_one_line(task.get('stoppedReason') or '')}".lstrip()
        yield from (container.get("reason") or "" for container in task.get("containers", []))


def _look_up(texts: Iterable[str], *, weak: bool = False) -> Cause | None:
    """Find the first row of the table that fits any of these; what is said of health checks is not for it."""
    told = [text for text in texts if "health check" not in text.lower()]
    for row in TABLE.reason:
        if row.weak == weak and (text := _find(told, row.says)):
            reason = _cut(text.partition("\n")[2] or text)
            return Cause(row.kind, row.sentence.format(reason=reason), row.hint)
    return None


def _tasks(evidence: Evidence) -> Cause | None:
    # Of an image for another architecture only its log says so.
    logged = [line for line in evidence.last_lines if "exec format error" in line]
    return _look_up([*_reasons(evidence), *logged])


def _events(evidence: Evidence) -> Cause | None:
    return _look_up([*evidence.events, evidence.reason])


def _weak_signs(evidence: Evidence) -> Cause | None:
    return _look_up([*_reasons(evidence), *evidence.events, evidence.reason], weak=True)


def _exit_codes(evidence: Evidence) -> Iterator[int]:
    # A task that ECS stops when it takes the release back ends well, and says nothing.
    own = (task for task in evidence.stopped if task.get("stopCode", ENDED_BY_ITSELF) == ENDED_BY_ITSELF)
    for task in own:
        for container in task.get("containers", []):
            if container.get("exitCode") is not None:
                yield int(container["exitCode"])


def _find(texts: Iterable[str], pattern: str) -> str | None:
    return next((text for text in texts if re.search(pattern, text, re.IGNORECASE | re.MULTILINE)), None)


def _balancer_health(evidence: Evidence) -> Cause | None:
    said = _find(_reasons(evidence), r"failed ELB health checks") or _find(
        evidence.events, r"is (unhealthy|not healthy) in \(?(target-group|elb)(?!.*NOT FOUND)"
    )
    if not said:
        return None
    told = " ".join([said, *map(_description, evidence.targets)])
    found = re.search(r"codes?:? ?\[?(\d{3})", told)
    status = f" but {found[1]}" if found else " in time" if "timed out" in told else ""
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
    row = TABLE.exits.get(str(code), TABLE.exits["other"])
    return Cause(row.kind, f"{row.sentence.format(code=code)}{_last_line(evidence)}.", row.hint)


def _alarm(evidence: Evidence) -> Cause | None:
    ringing = [alarm["AlarmName"] for alarm in evidence.alarms if alarm.get("StateValue") == "ALARM"]
    if "alarm" not in evidence.reason.lower() and not ringing:
        return None
    names = ", ".join(ringing) or "a deployment alarm"
    return Cause(
        "alarm",
        f"{names} went off during the release{_last_line(evidence)}.",
        "ecs/README.md says for each alarm what it means and what to type.",
    )


RULES: tuple[Callable[[Evidence], Cause | None], ...] = (
    _tasks,
    _balancer_health,
    _container_health,
    _exit,
    _events,
    _alarm,
    _weak_signs,
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
    text = _one_line(text).rstrip(".")
    return text if len(text) <= FIRST + LAST else f"{text[:FIRST]} … {text[-LAST:]}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
