"""The measures, against scikit-learn's and against chance."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, brier_score_loss, confusion_matrix, log_loss, roc_auc_score

from model.training import evaluation


def draw(
    classes: int, households: int = 4_000, seed: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Truths, and calibrated answers of which there are 40 different ones."""
    random = np.random.default_rng(seed)
    answers = random.dirichlet(np.ones(classes), size=40).astype(np.float32)
    given = answers[random.integers(40, size=households)]
    drawn = random.random((households, 1)) < np.cumsum(given, axis=1)
    return np.minimum(drawn.argmax(axis=1), classes - 1), given


def measures(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> dict[str, float]:
    counted = evaluation.tally(labels, probabilities)
    found = evaluation.scores(counted.answers, counted.counts, counted.bins)
    return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize("classes", [2, 5])
def test_the_measures_are_scikit_learns(classes: int) -> None:
    labels, given = draw(classes)
    found = measures(labels, given)
    exact = given.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, exact.argmax(axis=1)))
    assert found["log_loss"] == pytest.approx(log_loss(labels, exact))
    assert found["brier_score"] == pytest.approx(brier_score_loss(labels, exact, labels=range(classes)))
    scores = exact if classes > 2 else exact[:, 1]
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, scores, multi_class="ovr"))
    counted = evaluation.tally(labels, given)
    assert (evaluation.confusion(counted) == confusion_matrix(labels, exact.argmax(axis=1))).all()


def test_the_calibration_error_by_hand() -> None:
    given = np.array([[0.2, 0.8]] * 100 + [[0.4, 0.6]] * 100, dtype=np.float32)
    labels = np.array([1] * 70 + [0] * 30 + [1] * 60 + [0] * 40)
    assert measures(labels, given)["calibration_error"] == pytest.approx((0.1 * 100 + 0) / 200)


def test_a_perfectly_calibrated_model_stays_below_what_chance_makes_19_times_in_20() -> None:
    below = 0
    for seed in range(100):
        labels, given = draw(2, 1_000, seed)
        counted = evaluation.tally(labels, given)
        found = float(evaluation.scores(counted.answers, counted.counts, counted.bins)["calibration_error"])
        below += found <= evaluation.error_by_chance(counted)
    assert below >= 88


@pytest.mark.parametrize("classes", [2, 5])
def test_an_interval_holds_the_truth_about_as_often_as_it_says(classes: int) -> None:
    truth = measures(*draw(classes, 200_000, seed=5))
    names = ("accuracy", "log_loss", "brier_score", "roc_auc")
    held = dict.fromkeys(names, 0)
    _, answers = draw(classes, 40, seed=5)
    for seed in range(60):
        labels, given = draw(classes, 200_000, seed=5)
        chosen = np.random.default_rng(seed).integers(len(labels), size=800)
        ends = evaluation.intervals(evaluation.tally(labels[chosen], given[chosen]))
        for name in names:
            held[name] += ends[name][0] <= truth[name] <= ends[name][1]
    assert min(held.values()) >= 50
    assert answers.shape[1] == classes


def test_the_baseline_answers_the_shares() -> None:
    labels = np.array([0] * 30 + [1] * 70)
    counted = evaluation.constant(np.array([0.3, 0.7]), labels)
    found = evaluation.scores(counted.answers, counted.counts, counted.bins)
    assert found["accuracy"] == pytest.approx(0.7)
    assert found["log_loss"] == pytest.approx(-0.3 * np.log(0.3) - 0.7 * np.log(0.7))
    assert found["roc_auc"] == pytest.approx(0.5)


def test_calibration_bins_hold_all_households_the_least_sure_first() -> None:
    labels, given = draw(5)
    bins = evaluation.calibration(evaluation.tally(labels, given))
    assert sum(each.households for each in bins) == len(labels)
    assert [each.said for each in bins] == sorted(each.said for each in bins)
    assert all(each.low <= each.right <= each.high for each in bins)


def test_a_probability_of_zero_does_not_make_the_loss_infinite() -> None:
    assert np.isfinite(evaluation.losses(np.array([0]), np.array([[0.0, 1.0]]))).all()
    assert np.isfinite(measures(np.array([0, 1]), np.array([[0, 1], [0, 1]], dtype=np.float32))["log_loss"])


def test_the_interval_of_a_mean_is_near_the_normal_one() -> None:
    values = np.random.default_rng(2).normal(3, 1, 2_000)
    low, high = evaluation.mean_interval(values)
    assert (low, high) == pytest.approx(
        (values.mean() - 1.96 / 2_000**0.5, values.mean() + 1.96 / 2_000**0.5), abs=0.01
    )
