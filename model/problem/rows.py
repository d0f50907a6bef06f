"""Reading one row: the values of all features, from the members of a JSON object or of a query or form."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from math import isnan

import msgspec

from model.problem.description import Problem
from model.problem.features import AnyFeature, Choice, Fault, FeatureError, Number, Reading, YesNo
from model.problem.wording import listed, shown

MAX_FAULTS = 20
"""The most faults of one row that are told; a body may have thousands of unknown members."""


class RowError(ValueError):
    """A row can't be read; `faults` has everything that is wrong with it, one or more."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return " ".join(fault.detail for fault in self.faults)


class Row(msgspec.Struct, frozen=True):
    """A row as it was read.

    Attributes:
        readings: one for each feature, in order.
        numbers: what the model gets, in the order of the features; NaN for a blank.
    """

    readings: tuple[Reading, ...]
    numbers: tuple[float, ...]

    @classmethod
    def of(cls, *readings: Reading) -> "Row":
        """Make a row of readings."""
        return cls(readings, tuple([reading.number for reading in readings]))


class RowReader:
    """Reads rows as a problem describes them.

    Attributes:
        members: the names that an object may have: the features', and those of their units.
    """

    def __init__(self, problem: Problem) -> None:
        self._features: tuple[tuple[AnyFeature, str], ...] = tuple(
            (feature, problem.unit_members.get(feature.name, "")) for feature in problem.features
        )
        self.members = tuple(
            dict.fromkeys(name for feature, unit in self._features for name in (feature.name, unit) if name)
        )
        self._known = frozenset(self.members)

    def from_json(self, given: Mapping[str, object]) -> Row:
        """Read the members of a JSON object.

        Raises:
            RowError: a member is unknown, missing or not taken by its feature.
        """
        return self._read(given, lambda feature, name, unit: feature.value(given[name], unit))

    def from_text(self, given: Mapping[str, str], others: Iterable[str] = ()) -> Row:
        """Read the parameters of a query, in which a blank unit is the first; `others` are known names, too.

        Raises:
            RowError: as `from_json`.
        """
        units = {unit for _, unit in self._features if unit}
        filled = {name: text for name, text in given.items() if text.strip() or name not in units}
        return self._read(filled, lambda feature, name, unit: feature.read(filled[name], unit), others)

    def _read(
        self,
        given: Mapping[str, object],
        read: Callable[[AnyFeature, str, str], Reading],
        others: Iterable[str] = (),
    ) -> Row:
        faults = []
        if not given.keys() <= self._known:
            unknown = islice((name for name in given if name not in self._known), MAX_FAULTS)
            faults = [unknown_name(name, (*self.members, *others)) for name in unknown]
        readings = []
        for feature, unit_member in self._features:
            unit = ""
            if unit_member and unit_member in given and isinstance(feature, Number):
                unit_given = given[unit_member]
                if isinstance(unit_given, str) and unit_given in feature.units:
                    unit = unit_given
                else:
                    faults.append(unit_fault(feature, unit_member, unit_given))
            try:
                if feature.name in given:
                    readings.append(read(feature, feature.name, unit))
                else:
                    readings.append(feature.missing())
            except FeatureError as error:
                faults.append(error.fault)
        if faults:
            raise RowError(tuple(faults[:MAX_FAULTS]))
        return Row.of(*readings)


def unit_fault(feature: Number, member: str, given: object) -> Fault:
    """Return the fault of a unit that a feature does not have."""
    units = listed([f'"{unit}"' for unit in feature.units], "or")
    return Fault(member, f"{member} must be {units}", given if isinstance(given, str) else None)


def unknown_name(name: str, known: tuple[str, ...]) -> Fault:
    """Return the fault of an unknown name; it lists the known ones."""
    names = f"s are {listed(known)}" if len(known) > 1 else f" is {known[0]}"
    detail = f"{shown(name) or 'An empty name'} is not known here; the known name{names}"
    # A name of any length would let the answer become longer than the request.
    return Fault(name if shown(name) == name else "", detail)


def example_row(problem: Problem) -> dict[str, str | bool | int | float]:
    """Return the members of a typical row, as JSON has them, with every feature in its first unit."""
    row: dict[str, str | bool | int | float] = {}
    for feature in problem.features:
        if isinstance(feature, Choice):
            row[feature.name] = feature.example or next(iter(feature.choices))
        else:
            row[feature.name] = feature.example
    return row


def example_rows(problem: Problem) -> list[dict[str, str | bool | int | float]]:
    """Return a typical row in first units, and then, for each further unit, one with a number in it."""
    row = example_row(problem)
    return [row] + [
        {**row, number.name: float(f"{number.example / number.factor(unit):.4g}"), member: unit}
        for number in problem.numbers
        if (member := problem.unit_members.get(number.name))
        for unit in list(number.units)[1:]
    ]


def as_text(value: str | bool | int | float) -> str:
    """Return a member of a row in JSON as a query or a CSV has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def as_json(
    features: Sequence[AnyFeature], numbers: Sequence[float]
) -> dict[str, str | bool | int | float | None]:
    """Return the members of a row as JSON has them, in first units, from what the model gets."""
    row: dict[str, str | bool | int | float | None] = {}
    for feature, number in zip(features, numbers, strict=True):
        if isnan(number):
            row[feature.name] = None
        elif isinstance(feature, Choice):
            row[feature.name] = list(feature.choices)[int(number)]
        else:
            row[feature.name] = bool(number) if isinstance(feature, YesNo) else number
    return row
