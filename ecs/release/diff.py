"""Compare what AWS describes with what the tool would send, field by field, ignoring AWS's defaults."""

from typing import Any

from ecs.output import FieldChange

DEFAULTS = {
    "cpu": 0,
    "essential": True,
    "protocol": "tcp",
    "readOnly": False,
    "enableFaultInjection": False,
    "versionConsistency": "enabled",
}
"""Fields to which AWS gives these values if they are not sent."""

MEMBER_KEYS = ("name", "containerPort", "sourceVolume", "targetGroupArn")
"""The keys that identify the members of a list whose order has no meaning."""


def normalise(value: Any) -> Any:
    """Remove values that make no difference: empty ones, AWS's defaults, a host port like the container's."""
    if isinstance(value, dict):
        kept = {name: normalise(item) for name, item in value.items()}
        if kept.get("hostPort") in {0, kept.get("containerPort")}:
            kept.pop("hostPort", None)
        return {
            name: item
            for name, item in kept.items()
            if item not in (None, "", [], {})
            and not (name in DEFAULTS and type(item) is type(DEFAULTS[name]) and item == DEFAULTS[name])
        }
    if isinstance(value, list | tuple):
        return [normalise(item) for item in value]
    return value


def diff(old: Any, new: Any, *, only_wanted: bool = False) -> list[FieldChange]:
    """Compare two documents field by field; with `only_wanted`, ignore fields that only `old` has."""
    before, after = flatten(old), flatten(new)
    names = sorted(after if only_wanted else before | after)
    differing = (name for name in names if before.get(name) != after.get(name))
    return [FieldChange(name, before.get(name), after.get(name)) for name in differing]


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    """Return a nested document as one mapping of dotted paths to plain values."""
    leaves: dict[str, Any] = {}
    if isinstance(value, dict):
        for key, item in value.items():
            leaves |= flatten(item, f"{path}.{key}" if path else key)
        return leaves
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            label = next((str(item[name]) for name in MEMBER_KEYS if name in item), str(index))
            leaves |= flatten(item, f"{path}[{label}]") or {f"{path}[{label}]": {}}
        return leaves
    if isinstance(value, list):
        # The order matters in a command; all other lists of plain values are sets of names.
        return {path: value if path.endswith("command") else sorted(value, key=str)}
    return {path: value}
