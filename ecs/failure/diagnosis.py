"""Find the cause of a failed release in its evidence: one sentence, and a hint what to do."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ecs.failure.evidence import ENDED_BY_ITSELF, Evidence

FIRST, LAST = 100, 200
"""How many characters are kept of a long reason. AWS often says only at its end what is wrong."""


class Cause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of `causes.toml`, as written or with its sentence filled in; the file explains the fields."""

    kind: str
    sentence: str
    hint: str
    pattern: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of `causes.toml`: causes found by ECS's wording, by exit code, or by code in this module."""

    reason: list[Cause]
    weak: list[Cause]
    exits: dict[str, Cause]
    other: dict[str, Cause]


TABLE = msgspec.toml.decode(Path(__file__).with_name("causes.toml").read_bytes(), type=Table)


def diagnose(evidence: Evidence, *, timed_out: bool = False) -> Cause:
    """Return the cause that the first matching rule finds; `RULES` begins with the surest sign."""
    for rule in RULES:
        if cause := rule(evidence):
            return cause
    if timed_out:
        return other_cause("timed out")
    return other_cause("unknown", reason=_shorten(evidence.reason) or "it does not say why")


def other_cause(kind: str, **words: object) -> Cause:
    """Return a cause of the table `other`, with these values filled into its sentence."""
    return _filled(TABLE.other[kind], **words)


def _filled(row: Cause, **words: object) -> Cause:
    return msgspec.structs.replace(row, sentence=row.sentence.format(**words))


def _reasons(evidence: Evidence) -> Iterator[str]:
    for task in evidence.stopped:
        yield f"{task.get('stopCode') or ''}\n{task.get('stoppedReason') or ''}"
        yield from (container.get("reason") or "" for container in task.get("containers", []))
    # An image for another architecture shows only in the log.
    yield from (line for line in evidence.last_lines if "exec format error" in line)


def _look_up(rows: list[Cause], texts: Iterable[str]) -> Cause | None:
    """Return the first row that matches a text, ignoring health checks, which have their own rules."""
    candidates = [text for text in texts if "health check" not in text.lower()]
    for row in rows:
        if text := _find(candidates, row.pattern):
            return _filled(row, reason=_shorten(re.sub(r"^\w*\n", "", text) or text))
    return None


def _find(texts: Iterable[str], pattern: str) -> str | None:
    return next((text for text in texts if re.search(pattern, text, re.IGNORECASE | re.MULTILINE)), None)


def _balancer_health(evidence: Evidence) -> Cause | None:
    text = _find(_reasons(evidence), r"failed ELB health checks") or _find(
        evidence.events, r"is (unhealthy|not healthy) in \(?(target-group|elb)(?!.*NOT FOUND)"
    )
    if not text:
        return None
    details = " ".join([text, *(str(target.get("TargetHealth")) for target in evidence.targets)])
    found = re.search(r"codes?:? ?\[?(\d{3})", details)
    status = f" but {found[1]}" if found else " in time" if "timed out" in details else ""
    return other_cause("health", status=status, last=_last_line(evidence))


def _container_health(evidence: Evidence) -> Cause | None:
    unhealthy = any(task.get("healthStatus") == "UNHEALTHY" for task in evidence.stopped)
    if not unhealthy and not _find(_reasons(evidence), r"failed container health checks"):
        return None
    return other_cause("container health", last=_last_line(evidence))


def _exit(evidence: Evidence) -> Cause | None:
    # ECS also stops healthy tasks when it rolls a release back; their exit codes do not tell the cause.
    own = (task for task in evidence.stopped if task.get("stopCode", ENDED_BY_ITSELF) == ENDED_BY_ITSELF)
    codes = (container.get("exitCode") for task in own for container in task.get("containers", []))
    if (code := next((code for code in codes if code is not None), None)) is None:
        return None
    row = TABLE.exits.get(str(code), TABLE.exits["other"])
    return _filled(row, code=code, last=_last_line(evidence))


def _alarm(evidence: Evidence) -> Cause | None:
    ringing = evidence.triggered or [
        alarm["AlarmName"] for alarm in evidence.alarms if alarm.get("StateValue") == "ALARM"
    ]
    if "alarm" not in evidence.reason.lower() and not ringing:
        return None
    names = ", ".join(ringing) or "a deployment alarm"
    return other_cause("alarm", alarms=names, last=_last_line(evidence))


RULES: tuple[Callable[[Evidence], Cause | None], ...] = (
    lambda evidence: _look_up(TABLE.reason, _reasons(evidence)),
    _balancer_health,
    _container_health,
    _exit,
    lambda evidence: _look_up(TABLE.reason, [*evidence.events, evidence.reason]),
    _alarm,
    lambda evidence: _look_up(TABLE.weak, [*_reasons(evidence), *evidence.events, evidence.reason]),
)


def _last_line(evidence: Evidence) -> str:
    """Return the last log line, if possible of an error, as the end of a sentence; empty without a log."""
    lines = [line for line in map(_log_event, evidence.last_lines) if line]
    worst = [line for line in lines if re.search(r"(?i)error|exception|refuse|can't|not ready", line)]
    return f"; the log says: {_shorten((worst or lines)[-1])}" if lines else ""


def _log_event(line: str) -> str:
    """Return the exception or event of a log line in JSON; any other line unchanged."""
    try:
        fields = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return line.strip()
    if trace := str(fields.get("exception") or "").strip():
        return trace.splitlines()[-1]
    return str(fields.get("event", line))


def _shorten(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= FIRST + LAST else f"{text[:FIRST]} … {text[-LAST:]}"
