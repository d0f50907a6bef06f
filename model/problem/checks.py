"""The faults of a problem that its types cannot express, in sentences."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model.problem.description import Problem
from model.problem.features import AnyFeature, Choice, Number
from model.problem.wording import listed

KINDS = ("number", "choice", "yes_no")

_OF_ANSWERS = ("name", "probability", "probabilities", "image_url", "outside_training_range", "model_version")
_OF_OTHERS = ("reasons", "unit", "explain", "errors", "error", "chart", "model", "request", "row")
RESERVED = frozenset(_OF_ANSWERS + _OF_OTHERS)
"""The members of requests and answers that are ours, and so no names of features or targets."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
MAX_FEATURES = 50
MAX_CHOICES = 200
MAX_CLASSES = 50


class ProblemError(Exception):
    """The problem cannot be used; each line of the message is a sentence that names the file."""


def kind_fault(features: Any) -> str:
    """Return what is wrong with the kinds of the features, or ""."""
    if not isinstance(features, list) or not features:
        return "there is no [[features]] table; describe at least one feature."
    for feature in features:
        if not isinstance(feature, dict):
            return "features are tables; write [[features]] above each."
        name, kind = feature.get("name"), feature.get("kind")
        if kind not in KINDS:
            found = f"has the kind {kind!r}" if kind else "has no kind"
            return f"the feature {name!r} {found}; it must be {listed(KINDS, 'or')}."
        units = feature.get("units", {})
        if not isinstance(units, dict) or {*map(type, units.values())} > {dict}:
            return (
                f'the units of the feature {name!r} are no tables; write units = {{ g = {{ label = "g" }} }}.'
            )
        if kind != "number" and "monotone" in feature:
            return f"the feature {name!r} is no number, so it has no order; remove monotone."
    return ""


def faults(problem: Problem) -> list[str]:
    """Return what is wrong with a problem, one sentence each."""
    found = [*_names(problem), *_sizes(problem)]
    for feature in problem.features:
        if isinstance(feature, Number):
            found += _number(feature)
        elif isinstance(feature, Choice):
            found += _choice(feature)
    return found


def warnings(problem: Problem) -> list[str]:
    """Return what is likely a mistake in a problem, one sentence each."""
    return [
        f"monotone of {number.name} does not count, because there are more than two {problem.target.plural}."
        for number in problem.numbers
        if number.monotone and len(problem.classes) > 2
    ]


def name_fault(name: str) -> str:
    """Return what is wrong with the name of a feature or a target, or ""."""
    if not _NAME.fullmatch(name):
        return (
            f"the name {name!r} can't be a member of JSON that clients read easily; use small letters, "
            "digits and underscores, at most 40, and begin with a letter."
        )
    own = f"the name {name!r} is one of the API's own members; choose another."
    return own if name in RESERVED else ""


def _names(problem: Problem) -> Iterator[str]:
    members = [feature.name for feature in problem.features] + sorted(set(problem.unit_members.values()))
    for name in (*members, problem.target.name):
        if name != "unit" or name not in problem.unit_members.values():
            yield from filter(None, [name_fault(name)])
    for name, count in Counter((*members, problem.target.name, problem.rows_member)).items():
        if count > 1:
            yield f"the name {name!r} occurs {count} times; names must differ."
    if not re.fullmatch(r"[a-z][a-z0-9-]*", problem.path, re.ASCII) or problem.path in _PATHS:
        plural = problem.target.plural
        yield f"target.plural is {plural!r}, which can't be the address of a page; choose another."
    for field in ("row", "answer"):
        noun = getattr(problem, field)
        if not re.fullmatch(r"[^\W\d_](?:[^\W_]|[ -])*", noun.plural):
            yield f"{field}.plural is {noun.plural!r}; write a word in letters."
    if "{range}" not in problem.sentences.rows or re.sub(r"\{range\}", "", problem.sentences.rows).count("{"):
        yield 'sentences.rows must have the place {range} and no other, as in "Homes {range}".'


_PATHS = frozenset({"api", "livez", "model", "preview", "problems", "readyz", "recommendation", "static"})


def _sizes(problem: Problem) -> Iterator[str]:
    if len(problem.features) > MAX_FEATURES:
        yield f"there are {len(problem.features)} features; at most {MAX_FEATURES} can be served."
    if len(problem.classes) > MAX_CLASSES:
        yield f"there are {len(problem.classes)} classes; at most {MAX_CLASSES} can be served."
    for name, count in Counter(entry.name for entry in problem.classes).items():
        if count > 1:
            yield f"{count} classes are named {name!r}; people could not tell them apart."


def _number(number: Number) -> Iterator[str]:
    name = number.name
    if not max(abs(number.min), abs(number.max)) <= 3e38:
        yield f"the limits of {name} are beyond what XGBoost holds, 3e38."
        return
    if not number.min < number.max:
        yield f"the limits of {name} are the wrong way round: min is {number.min:g}, and max {number.max:g}."
        return
    if number.scale == "log" and number.min <= 0:
        yield f'{name} has scale = "log" and min = {number.min:g}; a logarithm needs a min above 0.'
    if number.units and number.units[number.unit].factor != 1:
        yield f"the first unit of {name} is the model's own, so its factor is 1; leave it out."
    if not number.min <= number.example <= number.max:
        yield f"the example of {name}, {number.example:g}, is outside its limits."
    for key in number.units:
        if not _NAME.fullmatch(key):
            yield f"the unit {key!r} of {name} must be a word of small letters, digits and underscores."
    for each in number.typical:
        yield from _typical(number, each)


def _typical(number: Number, each: Mapping[str, str | int | float]) -> Iterator[str]:
    if set(each) != {"label", *(number.units or ["value"])}:
        yield (
            f"a typical value of {number.name} has {listed(map(str, each))}; it needs label and "
            f"{listed(number.units or ['value'])}."
        )
        return
    for unit, (low, high) in number.limits.items():
        given = each[unit or "value"]
        if isinstance(given, str) or not low <= given <= high:
            yield f"the typical value {each['label']!r} of {number.name} is no number within its limits."


def _choice(choice: Choice) -> Iterator[str]:
    if len(choice.choices) > MAX_CHOICES:
        yield f"{choice.name} has {len(choice.choices)} choices; at most {MAX_CHOICES} can be served."
    for code, (key, label) in enumerate(choice.choices.items()):
        if not key.strip() or key != key.strip() or not label.strip() or not key.isprintable():
            yield f"{choice.name} has the choice {key!r}: {label!r}; write both without spaces around."
        if choice.codes.get(label, code) != code:
            yield f"{choice.name} has the label {label!r} for {key!r}, which is the key of another choice."
    for label, count in Counter(map(str.casefold, choice.choices.values())).items():
        if count > 1:
            yield f"{count} choices of {choice.name} have the label {label!r}; people can't tell them apart."
    if choice.example and choice.example not in choice.choices:
        yield f"the example of {choice.name}, {choice.example!r}, is none of its choices."


def feature_fault(features: Sequence[AnyFeature], found: Sequence[str], types: Sequence[str]) -> str:
    """Return what differs between a problem's features and those that a model was trained on, or ""."""
    wanted = [feature.column_name for feature in features]
    if found != wanted:
        return f"it was trained on {listed(found)}, and the problem has {listed(wanted)}"
    categories = [feature.name for feature in features if isinstance(feature, Choice)]
    trained = [name for name, kind in zip(found, types, strict=False) if kind == "c"]
    if trained != categories:
        has, wants = (listed(names) if names else "none" for names in (trained, categories))
        return f"its choices, of XGBoost's categorical type, are {has}, and the problem's {wants}"
    return ""
