"""Reading many rows: the columns of a CSV for training and for batches, and a list of JSON objects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from unicodedata import normalize

import numpy as np

from model.arrays import Floats, Matrix
from model.problem.description import Problem
from model.problem.features import AnyFeature, Fault, FeatureError, Number, with_point
from model.problem.rows import RowError, RowReader, unit_fault
from model.problem.wording import listed, shown

Faults = Mapping[int, tuple[Fault, ...]]
"""What is wrong with rows, by their positions from 0."""

SEPARATORS = ",;\t"

NO_COMMA = "must have no comma, which could be a decimal one where semicolons separate the cells"


class HeaderError(ValueError):
    """A table's header does not have the columns of a problem.

    Attributes:
        column: the column that is missing, repeated or unknown.
    """

    def __init__(self, column: str, detail: str) -> None:
        super().__init__(detail)
        self.column = column


@dataclass(frozen=True, slots=True)
class _Column:
    """Where a feature stands in a table.

    Attributes:
        feature: the feature.
        at: the position of its column; None where it is left out, as it may be.
        unit: the unit that the column's name says; "" where it says none.
        unit_at: the position of the column with each row's unit; None where there is none.
        unit_member: the name of that column.
    """

    feature: AnyFeature
    at: int | None
    unit: str = ""
    unit_at: int | None = None
    unit_member: str = ""


class Columns:
    """The columns of a table with a header, matched to the features of a problem.

    Names are compared without regard to case, accents, spaces and punctuation. A number stands under its
    name, or under its name with a unit, as `home_size_m2`. Where semicolons separate the cells, a number may
    have no comma, unless the problem declares a decimal one: people who write such tables mean that, and
    `1,234` would be read a thousand times as large.

    Attributes:
        others: the names of the columns that are neither features nor their units nor the target.
        target: the position of the target's column; None where there is none.
    """

    def __init__(self, problem: Problem, header: Sequence[str], separator: str = ",") -> None:
        """Match a header, whose table has a separator between its cells.

        Raises:
            HeaderError: a required feature has no column, or a feature has several; or an unknown column has
                nearly the name of a feature that has none.
        """
        self._header = [name.strip() for name in header]
        self._semicolons = separator == ";"
        self._decimal_comma = self._semicolons and problem.decimal_comma
        self._places: dict[str, list[int]] = {}
        for at, name in enumerate(self._header):
            self._places.setdefault(plain_name(name), []).append(at)
        self._columns = [self._find(problem, feature) for feature in problem.features]
        target = self._places.pop(plain_name(problem.target.name), [])
        self.target = self._single(target)
        used = {at for column in self._columns for at in (column.at, column.unit_at)} | {self.target}
        self.others = [name for at, name in enumerate(self._header) if at not in used]
        absent = {
            plain_name(column.feature.name): column.feature.name
            for column in self._columns
            if column.at is None
        }
        for name in self.others:
            if near := get_close_matches(plain_name(name), absent, n=1):
                raise HeaderError(
                    name, f'The column {shown(name)} is not known. Did you mean "{absent[near[0]]}"?'
                )

    def read(
        self, cells: Sequence[Sequence[str]], turn: Callable[[], None] = lambda: None
    ) -> tuple[Matrix, Faults]:
        """Read rows.

        Args:
            cells: for each column of the header, the texts of all rows.
            turn: called after each value of a column that can't be read at once, which takes longer.

        Returns:
            The model's inputs, shape `(rows, features)`, and what is wrong; a wrong row's inputs mean
            nothing.
        """
        rows = len(cells[0]) if cells else 0
        faults: dict[int, list[Fault]] = {}
        matrix = np.full((rows, len(self._columns)), np.nan)
        for column, numbers in zip(self._columns, matrix.T, strict=True):
            if column.at is None:
                continue
            texts = cells[column.at]
            units = cells[column.unit_at] if column.unit_at is not None else ()
            at_once = self._read_at_once(column, texts, units)
            if at_once is not None:
                numbers[:] = at_once
                continue
            for row, text in enumerate(texts):
                turn()
                try:
                    numbers[row] = self._read_cell(column, text, units[row].strip() if units else column.unit)
                except FeatureError as error:
                    faults.setdefault(row, []).append(error.fault)
        return matrix, {row: tuple(found) for row, found in sorted(faults.items())}

    def _read_at_once(self, column: _Column, texts: Sequence[str], units: Sequence[str]) -> Floats | None:
        if self._decimal_comma and isinstance(column.feature, Number):
            pointed = [text for text in map(with_point, texts) if text is not None]
            if len(pointed) < len(texts):
                return None
            texts = pointed
        elif self._semicolons and isinstance(column.feature, Number) and "," in "".join(texts):
            return None
        return column.feature.column(texts, units or ([column.unit] if column.unit else ()))

    def _read_cell(self, column: _Column, text: str, unit: str) -> float:
        feature = column.feature
        if isinstance(feature, Number):
            if unit and unit not in feature.units:
                raise FeatureError(unit_fault(feature, column.unit_member, unit))
            pointed = with_point(text) if self._decimal_comma else text
            refused = self._semicolons and not self._decimal_comma and "," in text
            if pointed is None or refused:
                rule = NO_COMMA if refused else "must have a decimal comma, and points between thousands only"
                raise FeatureError(Fault(feature.name, f"{feature.name} {rule}", text.strip()))
            text = pointed
        return feature.read(text, unit).number

    def _find(self, problem: Problem, feature: AnyFeature) -> _Column:
        units = list(feature.units) if isinstance(feature, Number) else []
        found = [
            (at, unit)
            for unit in ("", *units)
            for at in self._places.get(plain_name(f"{feature.name}_{unit}" if unit else feature.name), [])
        ]
        names = [f"{feature.name}_{unit}" for unit in units]
        if len(found) > 1:
            columns = [shown(self._header[at]) for at, _ in found]
            raise HeaderError(
                self._header[found[0][0]],
                f"{feature.name} has {len(found)} columns: {' and '.join(columns)}; keep one."
                if len(set(map(plain_name, columns))) > 1
                else f"The column {columns[0]} is there {len(found)} times; give it once.",
            )
        if not found:
            if feature.required:
                others = f" (or {listed(names, 'or')})" if names else ""
                near = get_close_matches(plain_name(feature.name), self._places, n=1)
                hint = f" Is it {shown(self._header[self._places[near[0]][0]])}?" if near else ""
                raise HeaderError(feature.name, f"The column {feature.name}{others} is missing.{hint}")
            return _Column(feature, None)
        at, unit = found[0]
        member = problem.unit_members.get(feature.name, "")
        unit_at = self._single(self._places.get(plain_name(member), [])) if member and not unit else None
        return _Column(feature, at, unit, unit_at, member)

    def _single(self, places: Sequence[int]) -> int | None:
        if len(places) > 1:
            name = self._header[places[0]]
            raise HeaderError(name, f"The column {shown(name)} is there {len(places)} times; give it once.")
        return places[0] if places else None


def read_objects(
    problem: Problem,
    reader: RowReader,
    objects: Sequence[Mapping[str, object]],
    turn: Callable[[], None] = lambda: None,
) -> tuple[Matrix, Faults]:
    """Read rows that are JSON objects; returns what `Columns.read` does.

    The columns are read at once where every value is a plain one. Where one is not, the rows are read one by
    one, and `turn` is called after each.
    """
    names = set().union(*objects)
    if names.issubset(reader.members):
        columns = []
        for feature in problem.features:
            unit_member = problem.unit_members.get(feature.name, "")
            if feature.name not in names and feature.required:
                break
            units: Sequence[Any] = ()  # what is no unit makes `values` return None
            if isinstance(feature, Number) and unit_member in names:
                first = feature.unit
                units = [each.get(unit_member, first) for each in objects]
            column = feature.values([each.get(feature.name) for each in objects], units)
            if column is None or "" in units:
                break
            columns.append(column)
        else:
            return np.column_stack(columns), {}
    matrix = np.full((len(objects), len(problem.features)), np.nan)
    faults = {}
    for row, each in enumerate(objects):
        turn()
        try:
            matrix[row] = reader.from_json(each).numbers
        except RowError as error:
            faults[row] = error.faults
    return matrix, faults


def separator_of(header: str) -> str:
    """Return the separator of a CSV's first line: the most frequent of comma, semicolon and tab."""
    return max(SEPARATORS, key=header.count)


def plain_name(name: str) -> str:
    """Return a column's name without what does not count: case, accents, spaces and punctuation."""
    letters = normalize("NFKD", name).casefold()
    # What can't be seen counts, for it is likely to be damage.
    return "".join(c for c in letters if c.isalnum() or not (c.isprintable() or c.isspace()))
