import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.problem import wording
from webapp import words


def test_the_examples_in_the_docstrings_are_right() -> None:
    assert doctest.testmod(words).failed == doctest.testmod(wording).failed == 0


@pytest.mark.parametrize("probability", [0.995, 0.99999, 1.0])
def test_no_probability_is_called_certain(probability: float) -> None:
    assert words.percentage(probability) == "more than 99%"
    assert words.frequency(probability) == "more than 19 in 20"


@given(st.floats(0.3, 0.975))
def test_a_frequency_is_within_5_points_of_its_probability(probability: float) -> None:
    said = words.frequency(probability).removeprefix("about ")
    part, _, whole = said.partition(" in ")
    value = 0.5 if said == "half" else int(part) / int(whole)
    assert abs(value - probability) <= 0.05
