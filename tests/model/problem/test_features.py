"""The reading of values: one by one from text and JSON, and a column at once."""

from collections.abc import Callable
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.problem.features import AnyFeature, Choice, FeatureError, Number, Reading, YesNo
from model.problem.rows import as_text
from tests.model.problem.strategies import UNITS, features, good_texts, good_values, texts, values, words_of

SIZE = Number(**words_of("size"), min=50, max=100_000, units=UNITS, example=1200)  # type: ignore[arg-type]
STREET = Choice(
    **words_of("street"),  # type: ignore[arg-type]
    choices={"quiet": "Quiet", "busy": "Busy", "country": "In the country"},
)
YARD = YesNo(**words_of("yard"), required=False)  # type: ignore[arg-type]


def units_of(feature: AnyFeature) -> list[str]:
    return list(feature.units) if isinstance(feature, Number) else []


def number_of(read: Callable[[], Reading]) -> float | None:
    """Return what the model would get; None for a value that is refused."""
    try:
        return read().number
    except FeatureError:
        return None


def assert_same(found: float, expected: float | None) -> None:
    assert expected is not None
    assert found == expected or (isnan(found) and isnan(expected))


def test_a_number_without_a_unit_may_be_a_year_and_has_no_comma_below_10000() -> None:
    year = Number(**words_of("year"), min=1800, max=12_000, example=1990)  # type: ignore[arg-type]
    assert (year.in_words(year.read("2012")), year.limits_in_words("")) == ("2012", "1800 to 12,000")
    assert (SIZE.in_words(SIZE.read("1200")), SIZE.rounded(1234.567)) == ("1,200 sq ft", "1,234.6")


# A column and its single values


@given(st.data(), features)
def test_a_column_of_texts_has_what_each_text_is_read_as(data: st.DataObject, feature: AnyFeature) -> None:
    column = data.draw(st.lists(st.tuples(texts(feature), st.sampled_from(["", *units_of(feature)]))))
    given = [text for text, _ in column]
    units = [unit for _, unit in column] if units_of(feature) else []
    found = feature.column(given, units)
    if found is not None:
        for number, text, unit in zip(found, given, units or [""] * len(given), strict=True):
            assert_same(number, number_of(lambda text=text, unit=unit: feature.read(text, unit)))  # type: ignore[misc]


@given(st.data(), features)
def test_a_column_of_values_has_what_each_value_is_read_as(data: st.DataObject, feature: AnyFeature) -> None:
    column = data.draw(st.lists(st.tuples(values(feature), st.sampled_from(["", *units_of(feature)]))))
    given = [value for value, _ in column]
    units = [unit for _, unit in column] if units_of(feature) else []
    found = feature.values(given, units)
    if found is not None:
        for number, value, unit in zip(found, given, units or [""] * len(given), strict=True):
            assert_same(number, number_of(lambda value=value, unit=unit: feature.value(value, unit)))  # type: ignore[misc]


@given(st.data(), features)
def test_columns_of_plain_values_are_read_at_once(data: st.DataObject, feature: AnyFeature) -> None:
    given = data.draw(st.lists(good_values(feature)))
    assert feature.values(given) is not None
    plain = [as_text(value) for value in given]  # type: ignore[arg-type]
    assert feature.column(plain) is not None
    assert (feature.values([*given, None]) is None) == feature.required
    assert (feature.column([*plain, ""]) is None) == feature.required


# Text and JSON


@given(st.data(), features)
def test_a_value_of_json_is_read_alike_from_text(data: st.DataObject, feature: AnyFeature) -> None:
    value = data.draw(good_values(feature))
    assert feature.read(as_text(value)) == feature.value(value)  # type: ignore[arg-type]


@given(st.data(), features)
def test_spaces_around_a_text_do_not_matter(data: st.DataObject, feature: AnyFeature) -> None:
    text = data.draw(good_texts(feature))
    spaced = f" {text}\t"
    assert number_of(lambda: feature.read(spaced)) == number_of(lambda: feature.read(text))


@given(features)
def test_a_blank_is_a_missing_value_where_it_is_allowed_and_a_fault_elsewhere(feature: AnyFeature) -> None:
    blanks = [lambda: feature.read(""), feature.missing, lambda: feature.value(None)]
    for read in blanks:
        found = number_of(read)
        assert (found is None) == feature.required
        assert found is None or isnan(found)


@given(st.data(), features)
def test_what_is_read_stays_within_limits_and_choices(data: st.DataObject, feature: AnyFeature) -> None:
    number = number_of(lambda: feature.read(data.draw(texts(feature))))
    if number is not None and not isnan(number):
        match feature:
            case Number():
                assert feature.min <= number <= feature.max
            case Choice():
                assert number in range(len(feature.choices))
            case _:
                assert number in {0, 1}


# Sentences


@pytest.mark.parametrize(
    ("feature", "text", "says"),
    [
        (SIZE, "", "size is missing. Give the size as a number."),
        (SIZE, "1,5", "with a decimal point, such as 92.5, not with a decimal comma; got 1,5."),
        (SIZE, "-5", "size must be between 50 and 100,000 sq ft; got -5."),
        (STREET, "", 'street is missing. Give the street as "quiet", "busy" or "country".'),
        (STREET, "bussy", 'street must be "quiet", "busy" or "country"; got bussy. Did you mean "busy"?'),
        (STREET, "in teh country", 'got in teh country. Did you mean "country"?'),
        (YARD, "maybe", "yard must be yes or no; got maybe."),
    ],
)
def test_a_text_that_is_not_taken_is_refused_in_a_sentence(feature: AnyFeature, text: str, says: str) -> None:
    with pytest.raises(FeatureError) as refusal:
        feature.read(text)
    assert str(refusal.value).endswith(says)


@pytest.mark.parametrize(
    ("feature", "given", "says"),
    [
        (SIZE, "1200", "size must be a number; got a string."),
        (SIZE, True, "size must be a number; got a boolean."),
        (SIZE, None, "size must be a number; got null."),
        (SIZE, 10**400, "size must be between 50 and 100,000 sq ft; got a number of more than 20 digits."),
        (STREET, 1, "street must be a string; got a number."),
        (STREET, "Quiet", 'street must be "quiet", "busy" or "country"; got Quiet. Did you mean "quiet"?'),
        (YARD, 1, "yard must be true or false; got a number."),
        (YARD, "yes", "yard must be true or false; got a string."),
    ],
)
def test_a_value_that_is_not_taken_is_refused_in_a_sentence(
    feature: AnyFeature, given: object, says: str
) -> None:
    with pytest.raises(FeatureError) as refusal:
        feature.value(given)
    assert str(refusal.value) == says


def test_another_unit_is_converted_and_has_limits_of_its_own() -> None:
    assert SIZE.read("100", "m2") == Reading(100, "m2", 1076.391041671)
    with pytest.raises(FeatureError, match=r"between 4\.65 and 9,290\.3 m²; got 4"):
        SIZE.read("4", "m2")


@pytest.mark.parametrize("text", ["YES", "true", "y", "1"])
def test_yes_is_written_in_several_ways(text: str) -> None:
    assert YARD.read(text) == Reading(True, "", 1.0)


@pytest.mark.parametrize("text", ["busy", "Busy", "BUSY"])
def test_a_choice_is_read_by_its_key_or_label_in_any_case(text: str) -> None:
    assert STREET.read(text) == Reading("busy", "", 1.0)


def test_a_choice_whose_word_stands_for_a_blank_elsewhere_is_a_choice() -> None:
    exits = Choice(**words_of("exit"), required=False, choices={"none": "None", "north": "NA"})
    assert [exits.read(text).value for text in ("None", "NA", "n/a")] == ["none", "north", None]
    found = exits.column(["none", "", "north"])
    assert found is not None
    assert np.array_equal(found, [0, np.nan, 1], equal_nan=True)
    assert exits.column(["NA"]) is None  # read one by one, as a label
