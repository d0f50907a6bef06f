"""The measures agree with scikit-learn's, and their intervals with the variation between samples."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, brier_score_loss, confusion_matrix, log_loss, roc_auc_score

from model.training import evaluation


def draw(
    classes: int, households: int = 4_000, seed: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Draw households from 40 answers, the same for every seed, and true classes from their probabilities."""
    answers = np.random.default_rng(5).dirichlet(np.ones(classes), size=40).astype(np.float32)
    random = np.random.default_rng(seed)
    given = answers[random.integers(40, size=households)]
    drawn = random.random((households, 1)) < np.cumsum(given, axis=1)
    return np.minimum(drawn.argmax(axis=1), classes - 1), given


@pytest.mark.parametrize("classes", [2, 5])
def test_the_measures_agree_with_scikit_learns(classes: int) -> None:
    labels, given = draw(classes)
    found = evaluation.scores(labels, given)
    exact = given.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, exact.argmax(axis=1)))
    assert found["log_loss"] == pytest.approx(log_loss(labels, exact))
    assert found["brier_score"] == pytest.approx(brier_score_loss(labels, exact, labels=range(classes)))
    scores = exact if classes > 2 else exact[:, 1]
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, scores, multi_class="ovr"))
    expected = confusion_matrix(labels, exact.argmax(axis=1))
    assert (evaluation.confusion(labels, given) == expected).all()


def test_the_calibration_error_by_hand() -> None:
    given = np.array([[0.2, 0.8]] * 100 + [[0.4, 0.6]] * 100, dtype=np.float32)
    labels = np.array([1] * 70 + [0] * 30 + [1] * 60 + [0] * 40)
    error = evaluation.scores(labels, given)["calibration_error"]
    assert error == pytest.approx((0.1 * 100 + 0) / 200)


@pytest.mark.parametrize("households", [30, 1_000])
def test_a_perfectly_calibrated_model_stays_below_the_error_by_chance_19_times_in_20(households: int) -> None:
    samples = [draw(2, households, seed) for seed in range(200)]
    below = [
        evaluation.scores(labels, given)["calibration_error"] <= evaluation.error_by_chance(given)
        for labels, given in samples
    ]
    assert 0.91 <= np.mean(below) <= 0.99


@pytest.mark.parametrize(("classes", "households"), [(2, 800), (5, 800), (2, 4 * evaluation.RESAMPLE_SIZE)])
def test_intervals_are_as_wide_as_samples_vary_and_contain_the_truth(
    classes: int, households: int, full: bool
) -> None:
    samples = [draw(classes, households, seed) for seed in range(300)]
    estimates = pd.DataFrame([evaluation.scores(*sample) for sample in samples])
    intervals = [evaluation.intervals(*sample) for sample in samples[: 100 if full else 3]]
    for name in ("accuracy", "log_loss", "brier_score", "roc_auc"):
        ends = np.array([found[name] for found in intervals])
        assert np.diff(ends).mean() == pytest.approx(2 * 1.96 * estimates[name].std(), rel=0.1)
        assert ends.mean() == pytest.approx(estimates[name][: len(ends)].mean(), rel=0.01)
        held = (ends[:, 0] <= estimates[name].mean()) & (estimates[name].mean() <= ends[:, 1])
        assert held.mean() >= (0.89 if full else 0.6)  # of three, one may miss


def test_the_roc_auc_of_a_rare_breed_has_an_interval() -> None:
    given = np.tile(np.array([[0.9, 0.1], [0.4, 0.6]], dtype=np.float32), (6, 1))
    low, high = evaluation.intervals(np.array([0, 1] + [0] * 10), given)["roc_auc"]
    assert 0 < low < high <= 1


def test_the_measures_of_always_answering_the_shares() -> None:
    labels = np.array([0] * 30 + [1] * 70)
    found = evaluation.scores(labels, np.tile([0.3, 0.7], (100, 1)))
    assert found["accuracy"] == pytest.approx(0.7)
    assert found["log_loss"] == pytest.approx(-0.3 * np.log(0.3) - 0.7 * np.log(0.7))
    assert found["calibration_error"] == pytest.approx(0)
    assert found["roc_auc"] == pytest.approx(0.5)


def test_calibration_bins_hold_all_households_the_least_confident_first() -> None:
    labels, given = draw(5)
    bins = evaluation.calibration(labels, given)
    assert sum(each.rows for each in bins) == len(labels)
    assert [each.mean_predicted for each in bins] == sorted(each.mean_predicted for each in bins)
    assert all(each.low <= each.fraction_positive <= each.high for each in bins)


def test_a_probability_of_zero_does_not_make_the_loss_infinite() -> None:
    given = np.array([[0, 1], [0, 1]], dtype=np.float32)
    assert np.isfinite(evaluation.losses(np.array([0, 1]), given)).all()
    assert np.isfinite(evaluation.scores(np.array([0, 1]), given)["log_loss"])


@pytest.mark.parametrize("households", [1_500, 20_000])
def test_the_interval_of_a_mean_is_near_that_of_the_normal_distribution(households: int) -> None:
    values = np.random.default_rng(2).normal(3, 1, households)
    half = 1.96 / households**0.5
    expected = (values.mean() - half, values.mean() + half)
    assert evaluation.mean_interval(values) == pytest.approx(expected, abs=half / 10)
