"""The reading of a row: all features, and everything that is wrong at once."""

from hypothesis import given
from hypothesis import strategies as st

from model.problem.description import Problem
from model.problem.features import FeatureError, Number
from model.problem.rows import MAX_FAULTS, Row, RowError, RowReader, as_text, example_row
from tests.model.problem.strategies import good_values, problems, values


@st.composite
def objects(draw: st.DrawFn, problem: Problem) -> dict[str, object]:
    """JSON objects with values of the features, good, bad and missing, and now and then a unit."""
    found: dict[str, object] = {}
    for feature in problem.features:
        if draw(st.booleans()):
            found[feature.name] = draw(st.one_of(good_values(feature), values(feature)))
        member = problem.unit_members.get(feature.name)
        if member and isinstance(feature, Number) and draw(st.booleans()):
            found[member] = draw(st.sampled_from([*feature.units, "feet", 1]))
    return found


def wrong(problem: Problem, given: dict[str, object]) -> set[str]:
    """Return the members of an object whose values are refused, by the single features."""
    found = set()
    for feature in problem.features:
        member, unit = problem.unit_members.get(feature.name, ""), ""
        if isinstance(feature, Number) and member and member in given:
            if given[member] in list(feature.units):
                unit = str(given[member])
            else:
                found.add(member)
        try:
            if feature.name in given:
                feature.value(given[feature.name], unit)
            else:
                feature.missing()
        except FeatureError:
            found.add(feature.name)
    return found


def faults_of(reader: RowReader, given: dict[str, object]) -> list[str]:
    try:
        reader.from_json(given)
    except RowError as error:
        return [fault.member for fault in error.faults]
    return []


@given(st.data(), problems())
def test_every_member_that_is_refused_is_named_once_and_no_other(
    data: st.DataObject, problem: Problem
) -> None:
    row = data.draw(objects(problem))
    assert sorted(faults_of(RowReader(problem), row)) == sorted(wrong(problem, row))


@given(st.data(), problems())
def test_a_row_is_read_alike_from_json_and_from_text(data: st.DataObject, problem: Problem) -> None:
    row = {feature.name: data.draw(good_values(feature)) for feature in problem.features}
    texts = {name: as_text(value) for name, value in row.items()}  # type: ignore[arg-type]
    assert RowReader(problem).from_text(texts) == RowReader(problem).from_json(row)


@given(st.data(), problems())
def test_a_row_has_what_each_feature_reads_in_order(data: st.DataObject, problem: Problem) -> None:
    row = {feature.name: data.draw(good_values(feature)) for feature in problem.features}
    readings = [feature.value(row[feature.name]) for feature in problem.features]
    assert RowReader(problem).from_json(row) == Row.of(*readings)


@given(problems())
def test_the_example_of_a_problem_is_a_row_of_it(problem: Problem) -> None:
    RowReader(problem).from_json(example_row(problem))


@given(problems(), st.dictionaries(st.text(max_size=60), st.integers(), min_size=1, max_size=30))
def test_unknown_members_are_named_beside_the_other_faults_but_not_without_end(
    problem: Problem, row: dict[str, object]
) -> None:
    reader = RowReader(problem)
    unknown = row.keys() - set(reader.members)
    named = faults_of(reader, row)
    assert len(named) == min(MAX_FAULTS, len(unknown) + len(wrong(problem, row)))
