"""Fitting and judging a model."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from model.artifact import ARTIFACT_FOLDER, Artifact, read_artifact
from model.booster import class_probabilities, load_booster
from model.predictor import Predictor
from model.problem.loading import load_problem
from model.problem.rows import RowReader
from model.training import evaluation
from model.training.dataset import read_dataset
from model.training.pipeline import train
from model.training.simulation import best_probabilities, simulate_homes
from tests.model.sizes import answer, answers
from tests.model.tables import columns


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """The shipped artifact, which test_train_command.py trains again."""
    return read_artifact(ARTIFACT_FOLDER)


def test_the_same_households_give_the_same_bytes(
    five_artifact: Artifact, five_homes_file: Path, five_problem_file: Path
) -> None:
    problem, pictures = load_problem(five_problem_file)
    assert train(read_dataset(five_homes_file, problem), pictures).artifact == five_artifact


def test_classes_run_in_the_order_of_the_catalogue(artifact: Artifact, five_artifact: Artifact) -> None:
    assert artifact.manifest.classes == ("dachshund", "german_shepherd")
    assert five_artifact.manifest.classes == (
        "dachshund",
        "german_shepherd",
        "great_dane",
        "beagle",
        "labrador",
    )


def test_on_200_000_fresh_households_it_is_near_the_best_possible_and_calibrated(shipped: Predictor) -> None:
    sizes, labels = simulate_homes(200_000, seed=77)
    assert list(shipped.problem.by_key) == ["dachshund", "german_shepherd"]
    found = answers(shipped, sizes).probabilities
    best = evaluation.losses(labels, best_probabilities(sizes)).mean()
    assert evaluation.losses(labels, found).mean() - best < 0.01
    assert evaluation.scores(labels, found)["calibration_error"] <= 0.02
    # Again with bins of equal width, because the error depends on the bins.
    confidence, hits = found.max(axis=1), found.argmax(axis=1) == labels
    bins = np.floor(confidence * 20)
    gaps = [abs((confidence[bins == b] - hits[bins == b]).sum()) for b in np.unique(bins)]
    assert sum(gaps) / len(labels) <= 0.02


def test_the_manifest_counts_the_fitted_and_the_held_out_households(artifact: Artifact) -> None:
    data = artifact.manifest.data
    assert (data.file, data.simulated, data.fitted, data.held_out) == ("homes.csv", True, 4_800, 1_200)
    assert sum(data.rows.values()) == 6_000


@pytest.mark.parametrize("name", ["artifact", "five_artifact"])
def test_the_metrics_agree_with_one_another(name: str, request: pytest.FixtureRequest) -> None:
    manifest = request.getfixturevalue(name).manifest
    metrics = manifest.metrics
    measures = ("accuracy", "log_loss", "brier_score", "calibration_error", "roc_auc")
    assert set(metrics.intervals) == set(metrics.baseline) == set(measures)
    for measure in ("accuracy", "log_loss", "brier_score", "roc_auc"):
        low, high = metrics.intervals[measure]
        assert low < getattr(metrics, measure) < high
        assert not low < metrics.baseline[measure] < high
    right = sum(row[key] for key, row in metrics.confusion.items())
    assert metrics.accuracy == pytest.approx(right / manifest.data.held_out, abs=1e-6)
    assert sum(each.rows for each in metrics.calibration) == manifest.data.held_out


def test_the_metrics_of_the_shipped_model_are_near_the_best_possible(artifact: Artifact) -> None:
    metrics = artifact.manifest.metrics
    assert metrics.accuracy > 0.78
    assert metrics.best_log_loss is not None
    assert metrics.log_loss == pytest.approx(metrics.best_log_loss, abs=0.01)
    assert metrics.calibration_error < metrics.calibration_error_by_chance


def test_what_was_fitted_is_described_feature_by_feature(model_of: Callable[[str], Path]) -> None:
    manifest = read_artifact(model_of("yard")).manifest
    size, yard, hours = manifest.features
    rows = manifest.data.fitted
    assert (size.blanks, size.counts) == (0, {})
    assert list(yard.counts) == ["no", "yes"]
    assert sum(yard.counts.values()) + yard.blanks == rows
    assert (yard.min, yard.max, yard.quantiles) == (None, None, ())
    assert (hours.min, hours.max) == (0.0, 15.0)
    assert list(hours.quantiles) == sorted(hours.quantiles)
    assert all(stats.importance is not None and stats.importance > 0.1 for stats in manifest.features)
    assert size.importance == max(stats.importance or 0 for stats in manifest.features)


def test_known_answers_of_several_features_are_to_rows_of_the_data(
    model_of: Callable[[str], Path],
) -> None:
    manifest = read_artifact(model_of("penguins")).manifest
    matrix, _ = columns("penguins")
    reader = RowReader(manifest.problem)
    for known in manifest.known_answers:
        row = np.array(reader.from_json(known.row).numbers)
        assert ((matrix == row) | (np.isnan(matrix) & np.isnan(row))).all(axis=1).any()
    assert {known.probabilities.index(max(known.probabilities)) for known in manifest.known_answers} == {
        0,
        1,
        2,
    }


def test_declared_constraints_are_those_of_the_fit(model_of: Callable[[str], Path]) -> None:
    assert read_artifact(model_of("yard")).manifest.parameters["monotone_constraints"] == "(1,0,-1)"
    yard = Predictor.load(model_of("yard"))
    rows = np.array([[1_500.0, 1.0, hours] for hours in range(25)])
    assert (np.diff(yard.predict_many(rows).probabilities[:, 1]) <= 0).all()


def test_only_simulated_data_have_a_best_log_loss(five_artifact: Artifact) -> None:
    assert five_artifact.manifest.metrics.best_log_loss is None


def test_two_breeds_are_fitted_monotone_and_none_is_weighted(
    artifact: Artifact, five_artifact: Artifact
) -> None:
    assert artifact.manifest.parameters["monotone_constraints"] == "(1)"
    assert "monotone_constraints" not in five_artifact.manifest.parameters
    for parameters in (artifact.manifest.parameters, five_artifact.manifest.parameters):
        assert parameters["nthread"] == 1
        assert not [name for name in parameters if "weight" in name and name != "min_child_weight"]


def test_the_answer_changes_once_near_the_crossing_of_the_densities(artifact: Artifact) -> None:
    (boundary,) = artifact.manifest.decision_boundaries
    assert (boundary.below, boundary.above) == ("dachshund", "german_shepherd")
    assert boundary.value == pytest.approx(1_768, abs=120)


def test_the_answer_changes_at_every_boundary_and_nowhere_else(five: Predictor) -> None:
    boundaries = five.boundaries
    assert len(boundaries) >= 4
    limits = [50.0, *(boundary.value for boundary in boundaries), 100_000.0]
    keys = [boundaries[0].below, *(boundary.above for boundary in boundaries)]
    for (start, end), key in zip(pairwise(limits), keys, strict=True):
        inside = np.linspace(start, end, 200, endpoint=False)
        assert {answer(five, size).key for size in inside} == {key}


def test_known_answers_are_those_of_the_model(artifact: Artifact) -> None:
    known = artifact.manifest.known_answers
    rows = np.array([[answer.row["home_size"]] for answer in known])
    expected = np.array([answer.probabilities for answer in known])
    booster = load_booster(artifact.model, artifact.manifest.problem.features)
    assert class_probabilities(booster, rows) == pytest.approx(expected, abs=1e-6)
