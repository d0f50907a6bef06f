"""What differs between what AWS has and what we want: server defaults left out, one line a field."""

from dataclasses import dataclass
from typing import Any

DEFAULTS = {
    "cpu": 0,
    "essential": True,
    "protocol": "tcp",
    "readOnly": False,
    "enableFaultInjection": False,
    "versionConsistency": "enabled",
}
"""Fields that AWS fills in with these values when they are not sent."""

NAMES = ("name", "containerPort", "sourceVolume", "targetGroupArn")
"""What tells the members of a list from each other, as their order says nothing."""


@dataclass(frozen=True)
class Change:
    """One field that differs; None is for a field that is not there."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        if self.old is None:
            return f"+ {self.field}: {self.new}"
        if self.new is None:
            return f"- {self.field}: {self.old}"
        return f"~ {self.field}: {self.old} → {self.new}"


def normalised(value: Any, key: str = "") -> Any:
    """Leave out what says nothing: empty values, server defaults, a host port that is the container's."""
    if isinstance(value, dict):
        kept = {name: normalised(item, name) for name, item in value.items()}
        if kept.get("hostPort") in {0, kept.get("containerPort")}:
            kept.pop("hostPort", None)
        return {
            name: item
            for name, item in kept.items()
            if item not in (None, "", [], {})
            and not (name in DEFAULTS and type(item) is type(DEFAULTS[name]) and item == DEFAULTS[name])
        }
    if isinstance(value, list | tuple):
        return [normalised(item, key) for item in value]
    return value


def diff(old: Any, new: Any, *, only_wanted: bool = False) -> list[Change]:
    """Compare two documents field by field; with `only_wanted` leave out fields that only `old` has."""
    before, after = flat(old), flat(new)
    names = sorted(after if only_wanted else before | after)
    return [
        Change(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Give a document as one mapping of dotted paths to plain values."""
    if isinstance(value, dict):
        return {
            name: leaf
            for key, item in value.items()
            for name, leaf in flat(item, f"{path}.{key}" if path else key).items()
        }
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        leaves: dict[str, Any] = {}
        for index, item in enumerate(value):
            label = next((str(item[name]) for name in NAMES if name in item), str(index))
            leaves |= flat(item, f"{path}[{label}]") or {f"{path}[{label}]": {}}
        return leaves
    if isinstance(value, list):
        # Commands are ordered; the lists of names are sets.
        return {path: value if path.endswith("command") else sorted(value, key=str)}
    return {path: value}
