"""Fitting and judging a model."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from model.artifact import Artifact
from model.booster import class_probabilities, load_booster
from model.breeds import Breed
from model.dataset import HOMES_FILE, MEDIAN_SQFT, best_probabilities, read_homes, simulate_homes
from model.predictor import Predictor
from model.training import train


@pytest.fixture(scope="module")
def artifact(breeds: dict[str, Breed]) -> Artifact:
    return train(read_homes(HOMES_FILE, breeds), breeds)


def test_the_same_households_give_the_same_bytes(artifact: Artifact, breeds: dict[str, Breed]) -> None:
    assert train(read_homes(HOMES_FILE, breeds), breeds) == artifact


def test_classes_run_from_the_lightest_breed_to_the_heaviest(
    artifact: Artifact, five_artifact: Artifact
) -> None:
    assert artifact.manifest.classes == ("dachshund", "german_shepherd")
    assert five_artifact.manifest.classes == (
        "beagle",
        "dachshund",
        "labrador",
        "german_shepherd",
        "great_dane",
    )


def test_on_fresh_households_the_log_loss_is_close_to_the_best_possible(shipped: Predictor) -> None:
    homes = simulate_homes(50_000, seed=77)
    sizes = homes["home_size_sqft"].to_numpy(dtype=np.float64)
    breeds = list(MEDIAN_SQFT)
    labels = homes["breed"].map(breeds.index).to_numpy()
    order = [[breed.key for breed in shipped.breeds].index(key) for key in breeds]

    def log_loss(probabilities: NDArray[np.floating]) -> float:
        return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())

    model = log_loss(shipped.predict_many(sizes).probabilities[:, order])
    assert model - log_loss(best_probabilities(sizes)) < 0.01


def test_the_manifest_tells_what_the_model_was_fitted_on_and_judged_by(artifact: Artifact) -> None:
    data = artifact.manifest.data
    assert (data.file, data.simulated, data.fitted, data.held_out) == ("homes.csv", True, 4_800, 1_200)
    assert sum(data.households.values()) == 6_000


def test_the_metrics_of_the_shipped_model_are_near_the_best_possible(artifact: Artifact) -> None:
    metrics = artifact.manifest.metrics
    assert metrics.accuracy > 0.78
    assert metrics.best_log_loss is not None
    assert metrics.log_loss == pytest.approx(metrics.best_log_loss, abs=0.01)


def test_the_best_possible_is_not_claimed_for_data_that_are_not_simulated(five_artifact: Artifact) -> None:
    assert five_artifact.manifest.metrics.best_log_loss is None


def test_the_answer_changes_once_near_the_crossing_of_the_densities(artifact: Artifact) -> None:
    (boundary,) = artifact.manifest.decision_boundaries
    assert (boundary.below, boundary.above) == ("dachshund", "german_shepherd")
    assert boundary.home_size_sqft == pytest.approx(1_768, abs=120)


def test_the_answer_changes_at_every_boundary_and_nowhere_else(five: Predictor) -> None:
    boundaries = five.boundaries
    assert len(boundaries) >= 4
    limits = [50.0, *(boundary.home_size_sqft for boundary in boundaries), 100_000.0]
    answers = [boundaries[0].below, *(boundary.above for boundary in boundaries)]
    for (start, end), answer in zip(pairwise(limits), answers, strict=True):
        inside = np.linspace(start, end, 200, endpoint=False)
        assert {five.predict(size).breed for size in inside} == {answer}


def test_known_answers_are_the_models_own(artifact: Artifact) -> None:
    known = artifact.manifest.known_answers
    sizes = np.array([answer.home_size_sqft for answer in known])
    expected = np.array([answer.probabilities for answer in known])
    assert class_probabilities(load_booster(artifact.model), sizes) == pytest.approx(expected, abs=1e-6)
