"""Which households are held out."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model.training import simulation
from model.training.split import FOLDS, folds, held_out, shuffled_ranks


def simulate_homes(households: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Simulated households: their features, shape (n, 1), and their classes."""
    sizes, labels = simulation.simulate_homes(households, seed)
    return sizes.reshape(-1, 1), labels


def test_a_fifth_of_every_breed_is_held_out() -> None:
    sizes = np.arange(1_000, 1_130, dtype=float).reshape(-1, 1)
    labels = np.repeat([0, 1, 2], [30, 40, 60])
    assert np.bincount(labels[held_out(sizes, labels)]).tolist() == [6, 8, 12]


def test_a_fifth_of_identical_households_is_held_out() -> None:
    labels = np.repeat([0, 1], 50)
    assert held_out(np.full((100, 1), 900.0), labels).sum() == 20


def test_held_out_homes_have_the_same_mean_size_as_the_others() -> None:
    sizes, labels = simulate_homes(20_000, seed=6)
    held = held_out(sizes, labels)
    assert np.log(sizes[held]).mean() == pytest.approx(np.log(sizes[~held]).mean(), abs=0.02)


def test_the_order_of_the_lines_does_not_matter() -> None:
    sizes, labels = simulate_homes(2_000, seed=7)
    order = np.random.default_rng(1).permutation(2_000)
    before = sorted(zip(sizes[:, 0], labels, held_out(sizes, labels), strict=True))
    after = sorted(zip(sizes[order, 0], labels[order], held_out(sizes[order], labels[order]), strict=True))
    assert before == after


def test_a_file_that_grows_keeps_nearly_all_of_its_held_out_households() -> None:
    sizes, labels = simulate_homes(6_000, seed=8)
    before = held_out(sizes[:5_000], labels[:5_000])
    after = held_out(sizes, labels)[:5_000]
    assert (before & after).sum() > 0.95 * before.sum()


def test_ranks_run_from_zero_in_each_breed() -> None:
    sizes, labels = simulate_homes(300, seed=9)
    ranks = shuffled_ranks(sizes, labels)
    for label in (0, 1):
        own = ranks[labels == label]
        assert sorted(own.tolist()) == list(range(len(own)))


@pytest.mark.parametrize("max_households", [200, 100_000])
def test_folds_divide_the_households_and_each_has_every_breed(max_households: int) -> None:
    sizes, labels = simulate_homes(1_000, seed=10)
    taken, parts = folds(sizes, labels, max_households)
    assert len(taken) == pytest.approx(min(max_households, 1_000), abs=2)
    assert len(parts) == FOLDS
    assert sorted(np.concatenate([judged for _, judged in parts]).tolist()) == list(range(len(taken)))
    for fitted, judged in parts:
        assert not set(fitted) & set(judged)
        assert set(labels[taken[judged]]) == {0, 1}


def test_rows_that_differ_in_any_feature_are_shuffled_apart_and_blanks_are_equal() -> None:
    matrix = np.column_stack((np.full(200, 900.0), np.repeat([0.0, 1.0, np.nan, np.nan], 50)))
    labels = np.zeros(200, dtype=np.int64)
    held = held_out(matrix, labels)
    assert held.sum() == 40
    assert all(0 < held[start : start + 50].sum() < 50 for start in range(0, 200, 50))
