"""The simulated households."""

import math

import numpy as np
import pytest

from model.training.simulation import (
    HOMES_FILE,
    MAX_SQFT,
    MEDIAN_SQFT,
    MIN_SQFT,
    best_probabilities,
    simulate_homes,
    simulated_csv,
)


def test_the_shipped_file_is_what_the_generator_writes() -> None:
    assert HOMES_FILE.read_bytes() == simulated_csv()


def test_another_seed_gives_other_households() -> None:
    assert not np.array_equal(simulate_homes(100, seed=1)[0], simulate_homes(100, seed=2)[0])


def test_simulated_homes_follow_the_documented_densities() -> None:
    sizes, labels = simulate_homes(20_000, seed=3)
    assert sizes.min() >= MIN_SQFT
    assert sizes.max() <= MAX_SQFT
    for label, median in enumerate(MEDIAN_SQFT.values()):
        logarithms = np.log(sizes[labels == label])
        assert len(logarithms) == pytest.approx(10_000, rel=0.03)
        assert math.exp(np.median(logarithms)) == pytest.approx(median, rel=0.03)
        assert logarithms.std() == pytest.approx(0.4, rel=0.03)


def test_some_large_homes_have_dachshunds() -> None:
    sizes, labels = simulate_homes()
    assert 0.02 < (labels[sizes > 2_500] == 0).mean() < 0.2


def test_best_probabilities_are_even_where_the_densities_cross() -> None:
    crossing = math.sqrt(1_250 * 2_500)
    assert best_probabilities(np.array([crossing])) == pytest.approx(np.array([[0.5, 0.5]]))


def test_best_probabilities_agree_with_the_shares_among_many_homes() -> None:
    sizes, labels = simulate_homes(50_000, seed=4)
    share = (labels[(sizes >= 1_150) & (sizes <= 1_250)] == 0).mean()
    assert best_probabilities(np.array([1_200.0]))[0, 0] == pytest.approx(share, abs=0.02)
