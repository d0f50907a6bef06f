"""The quality gate."""

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from model.artifact import ARTIFACT_FOLDER, write_artifact
from model.problem.description import Problem
from model.training.dataset import read_dataset
from model.training.gate import refusals
from model.training.pipeline import Trained, train
from model.training.simulation import HOMES_FILE, simulate_homes


@pytest.fixture(scope="module")
def trained(problem: Problem) -> Trained:
    homes = read_dataset(HOMES_FILE, problem)
    return train(dataclasses.replace(homes, matrix=homes.matrix[:2_000], labels=homes.labels[:2_000]), {})


def with_less_confidence(trained: Trained) -> Trained:
    """Return a copy whose probabilities are half-way between the model's and one half."""
    answers = (trained.held_probabilities + 0.5) / 2
    return dataclasses.replace(trained, held_probabilities=answers.astype(np.float32))


def test_a_sound_model_may_be_written_where_there_is_none(trained: Trained, tmp_path: Path) -> None:
    assert refusals(trained, tmp_path / "new") == []


def test_a_model_may_replace_itself(trained: Trained, tmp_path: Path) -> None:
    write_artifact(trained.artifact, tmp_path)
    assert refusals(trained, tmp_path) == []


def test_a_model_no_better_than_the_breeds_shares_is_refused(problem: Problem, tmp_path: Path) -> None:
    sizes, _ = simulate_homes(1_000, seed=2)
    homes = read_dataset(HOMES_FILE, problem)
    nonsense = np.random.default_rng(3).integers(2, size=1_000)
    useless = train(
        dataclasses.replace(homes, matrix=sizes.reshape(-1, 1), labels=nonsense, simulated=False), {}
    )
    (sentence,) = refusals(useless, tmp_path)
    assert sentence.startswith("The model is no better than always answering the classes' shares: ")


def test_a_model_that_is_worse_than_the_one_in_place_is_refused(trained: Trained) -> None:
    worse = with_less_confidence(trained)
    (sentence,) = refusals(worse, ARTIFACT_FOLDER)
    assert sentence.startswith("The model is worse than model ")
    assert f"on the same {len(trained.held_labels)} rows its log loss is " in sentence


def test_a_model_of_other_breeds_is_not_compared(trained: Trained, artifact_folder: Path) -> None:
    worse = with_less_confidence(trained)
    problem = trained.artifact.manifest.problem
    pug = msgspec.structs.replace(problem.classes[0], key="pug")
    problem = msgspec.structs.replace(problem, classes=(pug, problem.classes[1]))
    manifest = msgspec.structs.replace(trained.artifact.manifest, problem=problem)
    other = dataclasses.replace(worse, artifact=dataclasses.replace(trained.artifact, manifest=manifest))
    assert refusals(other, artifact_folder) == []


def with_feature(trained: Trained, **changes: object) -> Trained:
    """Return a copy whose problem's only feature has other members."""
    manifest = trained.artifact.manifest
    feature = msgspec.structs.replace(manifest.problem.features[0], **changes)
    manifest = msgspec.structs.replace(
        manifest, problem=msgspec.structs.replace(manifest.problem, features=(feature,))
    )
    return dataclasses.replace(trained, artifact=dataclasses.replace(trained.artifact, manifest=manifest))


def test_models_are_compared_whatever_the_words_of_their_problems(trained: Trained) -> None:
    reworded = with_feature(with_less_confidence(trained), question="How large is it?", hint="", max=90_000.0)
    assert len(refusals(reworded, ARTIFACT_FOLDER)) == 1


def test_models_of_other_features_are_not_compared(trained: Trained) -> None:
    renamed = with_feature(with_less_confidence(trained), name="floor_area")
    assert refusals(renamed, ARTIFACT_FOLDER) == []


def test_an_artifact_that_cannot_be_read_may_be_replaced(trained: Trained, artifact_folder: Path) -> None:
    (artifact_folder / "manifest.json").write_text("{}", encoding="utf-8")
    assert refusals(trained, artifact_folder) == []


def test_a_badly_calibrated_model_is_refused(trained: Trained, tmp_path: Path) -> None:
    metrics = msgspec.structs.replace(trained.artifact.manifest.metrics, calibration_error=0.09)
    manifest = msgspec.structs.replace(trained.artifact.manifest, metrics=metrics)
    miscalibrated = dataclasses.replace(
        trained, artifact=dataclasses.replace(trained.artifact, manifest=manifest)
    )
    (sentence,) = refusals(miscalibrated, tmp_path)
    assert sentence.startswith("The model's probabilities are not to be believed: calibration error 0.090")
