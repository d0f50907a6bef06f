"""The reading of a table: its header, and its cells as those of single rows."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.problem.description import Problem
from model.problem.features import Fault
from model.problem.loading import load_problem
from model.problem.rows import Row, RowError, RowReader
from model.problem.table import Columns, HeaderError, plain_name, read_objects, separator_of
from tests.model.problem.strategies import good_texts, good_values, problems, texts, values
from tests.model.tables import PROBLEMS

PUPPY, _ = load_problem()
YARD, _ = load_problem(PROBLEMS / "yard" / "problem.toml")
PENGUINS, _ = load_problem(PROBLEMS / "penguins" / "problem.toml")


def spellings(name: str) -> st.SearchStrategy[str]:
    """A name as people write it in a header: in other case, with spaces or marks between its words."""
    styled = st.sampled_from([name, name.upper(), name.title()])
    marks = st.sampled_from(["_", " ", "-", "", " / "])
    return st.builds(lambda text, mark: f" {text.replace('_', mark)}", styled, marks)


def assert_read_as(read: Callable[[], Row], numbers: NDArray[np.float64], faults: tuple[Fault, ...]) -> None:
    """Fail unless a row of a table has the numbers, or the faults, of a single row."""
    if faults:
        with pytest.raises(RowError) as refusal:
            read()
        assert {fault.detail for fault in faults} == {fault.detail for fault in refusal.value.faults}
    else:
        assert np.array_equal(numbers, read().numbers, equal_nan=True)


# Cells


@given(st.data(), problems())
def test_a_table_is_read_as_its_rows_are_one_by_one(data: st.DataObject, problem: Problem) -> None:
    cell = [st.one_of(good_texts(feature), texts(feature)) for feature in problem.features]
    rows = data.draw(st.lists(st.tuples(*cell), min_size=1, max_size=5))
    names = [feature.name for feature in problem.features]
    order = data.draw(st.permutations(range(len(names))))
    header = [data.draw(spellings(names[at])) for at in order]
    matrix, faults = Columns(problem, header).read([[row[at] for row in rows] for at in order])
    reader = RowReader(problem)
    for position, row in enumerate(rows):
        single = partial(reader.from_text, dict(zip(names, row, strict=True)))
        assert_read_as(single, matrix[position], faults.get(position, ()))


@given(st.data(), problems())
def test_objects_are_read_as_they_are_one_by_one(data: st.DataObject, problem: Problem) -> None:
    member = [
        st.one_of(good_values(feature), good_values(feature), values(feature)) for feature in problem.features
    ]
    names = [feature.name for feature in problem.features]
    rows = [
        {
            name: value
            for name, value in zip(names, row, strict=True)
            if value is not None or data.draw(st.booleans())
        }
        for row in data.draw(st.lists(st.tuples(*member), min_size=1, max_size=5))
    ]
    for number in problem.numbers:
        if number.name in problem.unit_members and data.draw(st.booleans()):
            rows[0][problem.unit_members[number.name]] = data.draw(
                st.sampled_from([*number.units, "", "feet", [], None])
            )
    reader = RowReader(problem)
    matrix, faults = read_objects(problem, reader, rows)
    for position, row in enumerate(rows):
        assert_read_as(partial(reader.from_json, row), matrix[position], faults.get(position, ()))


def test_a_column_may_name_its_unit_and_another_may_hold_it() -> None:
    in_the_name, faults = Columns(PUPPY, ["Home Size (m²)"]).read([["100"]])
    beside_it, more = Columns(PUPPY, ["unit", "home_size"]).read([["m2", "sqft", ""], ["100", "900", "50"]])
    assert (faults, more) == ({}, {})
    assert in_the_name[0, 0] == beside_it[0, 0] == pytest.approx(1_076.391041671)
    assert beside_it[1:, 0].tolist() == [900, 50]


@pytest.mark.parametrize("cell", ["1,234", "45,1", " 1,200.5 "])
def test_a_comma_in_a_number_is_asked_back_where_semicolons_separate_the_cells(cell: str) -> None:
    """It may be a decimal comma or set off thousands, and one of these would be wrong without a word."""
    _, faults = Columns(PUPPY, ["home_size", "note"], ";").read([["900", cell], ["a, b", ""]])
    rule = "must have no comma, which could be a decimal one where semicolons separate the cells"
    assert {row: [fault.detail for fault in found] for row, found in faults.items()} == {
        1: [f"home_size {rule}; got {cell.strip()}."]
    }


GERMAN = msgspec.structs.replace(PUPPY, decimal_comma=True)


@given(st.lists(st.decimals(50, 9_000, places=4), min_size=1))
def test_a_declared_decimal_comma_is_read_where_semicolons_separate_the_cells(sizes: list[Decimal]) -> None:
    to_german = str.maketrans(",.", ".,")
    for shown in ("{}", "{:,}"):
        cells = [shown.format(size).translate(to_german) for size in sizes]
        matrix, faults = Columns(GERMAN, ["home_size"], ";").read([cells])
        assert faults == {}
        assert matrix[:, 0].tolist() == list(map(float, sizes))
    matrix, faults = Columns(GERMAN, ["home_size"], ",").read([[str(size) for size in sizes]])
    assert matrix[:, 0].tolist() == list(map(float, sizes))


@pytest.mark.parametrize("cell", ["92.5", "1,234,567", "1.23,5", "1.234.5"])
def test_other_numbers_are_refused_beside_a_declared_decimal_comma(cell: str) -> None:
    _, faults = Columns(GERMAN, ["home_size"], ";").read([["1.092,5", cell]])
    rule = "must have a decimal comma, and points between thousands only"
    assert [fault.detail for fault in faults[1]] == [f"home_size {rule}; got {cell}."]


def test_what_is_no_number_is_said_of_a_table_with_decimal_commas_as_of_others() -> None:
    _, faults = Columns(GERMAN, ["home_size"], ";").read([["5,7 %", ""]])
    _, same = Columns(PUPPY, ["home_size"]).read([["5,7 %", ""]])
    assert faults == same
    assert len(faults) == 2


# The header


@given(st.text())
def test_a_name_is_compared_without_case_spaces_and_marks(name: str) -> None:
    assume(name.upper().casefold() == name.casefold())
    assert plain_name(f" {name.upper()}-") == plain_name(name.replace(" ", "_"))


def test_other_columns_are_passed_over_and_named() -> None:
    columns = Columns(PUPPY, ["id", "breed", "home_size", "note"])
    assert (columns.others, columns.target) == (["id", "note"], 1)


def test_a_feature_that_may_be_blank_needs_no_column() -> None:
    matrix, faults = Columns(YARD, ["home_size"]).read([["900"]])
    assert faults == {}
    assert np.array_equal(matrix, [[900, np.nan, np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("problem", "header", "says"),
    [
        (PUPPY, ["breed"], "The column home_size (or home_size_sqft or home_size_m2) is missing."),
        (
            PUPPY,
            ["homesize_feet"],
            "The column home_size (or home_size_sqft or home_size_m2) is missing. Is it",
        ),
        (PENGUINS, ["place"], "The column island is missing."),
        (PENGUINS, ["islands"], "The column island is missing. Is it islands?"),
        (
            PENGUINS,
            ["island", "bill_lenth"],
            'The column bill_lenth is not known. Did you mean "bill_length"?',
        ),
        (
            PUPPY,
            ["home_size_m2", "Home Size"],
            "home_size has 2 columns: Home Size and home_size_m2; keep one.",
        ),
        (PUPPY, ["Home Size", "home_size"], "The column Home Size is there 2 times; give it once."),
        (PUPPY, ["home_size", "breed", "Breed"], "The column breed is there 2 times; give it once."),
    ],
)
def test_a_header_that_does_not_fit_is_refused_in_a_sentence(
    problem: Problem, header: list[str], says: str
) -> None:
    with pytest.raises(HeaderError) as refusal:
        Columns(problem, header)
    assert str(refusal.value).startswith(says)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_the_most_frequent_one_of_the_header(separator: str) -> None:
    assert separator_of(separator.join(["id", "home size, sq ft", "breed", "note", "x"])) == separator


def test_a_unit_that_is_not_the_features_is_a_fault_of_its_row() -> None:
    _, faults = Columns(PUPPY, ["home_size", "unit"]).read([["900", "80"], ["sqft", "feet"]])
    assert [fault.detail for fault in faults[1]] == ['unit must be "sqft" or "m2"; got feet.']
