"""Why a release failed, in one sentence, and what to do about it."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ecs.failure.evidence import ENDED_BY_ITSELF, Evidence

FIRST, LAST = 100, 200
"""How much is shown of a long reason: what it is about, and its end, where AWS says what is wrong."""


class Cause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of `causes.toml`, which says what each field means, perhaps with its sentence filled in."""

    kind: str
    sentence: str
    hint: str
    says: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The causes: by ECS's own words, by exit codes, and by what else is seen."""

    reason: list[Cause]
    weak: list[Cause]
    exits: dict[str, Cause]
    other: dict[str, Cause]


_FILE = Path(__file__).with_name("causes.toml")
TABLE = msgspec.convert(tomllib.loads(_FILE.read_text(encoding="utf-8")), Table)


def diagnose(evidence: Evidence, *, timed_out: bool = False) -> Cause:
    """Name the cause: the first rule that fits, from the surest sign to the weakest."""
    for rule in RULES:
        if cause := rule(evidence):
            return cause
    if timed_out:
        return named("timed out")
    return named("unknown", reason=_cut(evidence.reason) or "it does not say why")


def named(kind: str, **words: object) -> Cause:
    """Give a cause that is seen otherwise than by AWS's words, with these words filled into its sentence."""
    return _filled(TABLE.other[kind], **words)


def _filled(row: Cause, **words: object) -> Cause:
    return msgspec.structs.replace(row, sentence=row.sentence.format(**words))


def _reasons(evidence: Evidence) -> Iterator[str]:
    for task in evidence.stopped:
        yield f"{task.get('stopCode') or ''}\n{task.get('stoppedReason') or ''}"
        yield from (container.get("reason") or "" for container in task.get("containers", []))
    # Of an image for another architecture only its log says so.
    yield from (line for line in evidence.last_lines if "exec format error" in line)


def _look_up(rows: list[Cause], texts: Iterable[str]) -> Cause | None:
    """Find the first row that fits any of these; what is said of health checks is not for it."""
    told = [text for text in texts if "health check" not in text.lower()]
    for row in rows:
        if text := _find(told, row.says):
            return _filled(row, reason=_cut(re.sub(r"^\w*\n", "", text) or text))
    return None


def _find(texts: Iterable[str], pattern: str) -> str | None:
    return next((text for text in texts if re.search(pattern, text, re.IGNORECASE | re.MULTILINE)), None)


def _balancer_health(evidence: Evidence) -> Cause | None:
    said = _find(_reasons(evidence), r"failed ELB health checks") or _find(
        evidence.events, r"is (unhealthy|not healthy) in \(?(target-group|elb)(?!.*NOT FOUND)"
    )
    if not said:
        return None
    told = " ".join([said, *(str(target.get("TargetHealth")) for target in evidence.targets)])
    found = re.search(r"codes?:? ?\[?(\d{3})", told)
    status = f" but {found[1]}" if found else " in time" if "timed out" in told else ""
    return named("health", status=status, last=_last_line(evidence))


def _container_health(evidence: Evidence) -> Cause | None:
    unhealthy = any(task.get("healthStatus") == "UNHEALTHY" for task in evidence.stopped)
    if not unhealthy and not _find(_reasons(evidence), r"failed container health checks"):
        return None
    return named("container health", last=_last_line(evidence))


def _exit(evidence: Evidence) -> Cause | None:
    # A task that ECS stops when it takes the release back ends well, and says nothing.
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
    return named("alarm", alarms=names, last=_last_line(evidence))


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
