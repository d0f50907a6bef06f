"""The quality gate: what a model must be, alone and beside the one that it would replace."""

import dataclasses
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from model.artifact import write_artifact
from model.manifest import JUDGED_NAME
from model.problem.description import Problem
from model.training.dataset import read_dataset
from model.training.gate import comparison_with, refusals
from model.training.pipeline import Trained, train
from model.training.simulation import HOMES_FILE, simulate_homes

HEADER, *LINES = HOMES_FILE.read_text(encoding="utf-8").splitlines(keepends=True)
OTHER = {"dachshund": "german_shepherd", "german_shepherd": "dachshund"}


def swapped(lines: list[str]) -> list[str]:
    """Return lines of the data, each with the other breed."""
    cells = [line.strip().split(",") for line in lines]
    return [f"{size},{OTHER[breed]}\n" for size, breed in cells]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weeks")


def trained_on(lines: list[str], folder: Path, problem: Problem) -> Trained:
    path = folder / "week.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return train(read_dataset(path, problem), {})


@pytest.fixture(scope="module")
def trained(problem: Problem, folder: Path) -> Trained:
    return trained_on(LINES[:2_300], folder, problem)


@pytest.fixture
def in_place(trained: Trained, tmp_path: Path) -> Path:
    """A folder with the model of 2,300 homes."""
    write_artifact(trained.artifact, tmp_path)
    return tmp_path


def refused(new: Trained, folder: Path) -> list[str]:
    comparison, warnings = comparison_with(new, folder)
    assert warnings == []
    return refusals(new, comparison)


def test_a_sound_model_may_be_written_where_there_is_none(trained: Trained, tmp_path: Path) -> None:
    assert comparison_with(trained, tmp_path / "new") == (None, [])
    assert refusals(trained, None) == []


def test_a_model_may_replace_itself(trained: Trained, in_place: Path) -> None:
    assert refused(trained, in_place) == []


def test_a_model_of_more_such_homes_may_replace_another(
    problem: Problem, folder: Path, in_place: Path
) -> None:
    assert refused(trained_on(LINES[:3_800], folder, problem), in_place) == []


def test_1500_rows_with_swapped_labels_beside_2300_good_ones_are_refused(
    problem: Problem, folder: Path, in_place: Path, trained: Trained
) -> None:
    poisoned = trained_on(LINES[:2_300] + swapped(LINES[2_300:3_800]), folder, problem)
    comparison, _ = comparison_with(poisoned, in_place)
    assert comparison is not None
    own, past = comparison.sets
    assert (own.rows, past.rows) == (len(poisoned.held_labels), len(trained.held_labels)) == (760, 460)
    assert own.difference.high < 0, "on rows as bad as those that it learned from, it does better"
    assert past.difference.low > 0
    (sentence,) = refusals(poisoned, comparison)
    old = comparison.old_version
    assert sentence.startswith(
        f"The model is worse than model {old}, which is in place, on the 460 rows that model {old} was judged"
    )


def test_80_rows_in_place_of_2300_are_refused(problem: Problem, folder: Path, in_place: Path) -> None:
    *_, sentence = refused(trained_on(LINES[:80], folder, problem), in_place)
    assert sentence.startswith("The model is from 80 rows only, and model ")
    assert sentence.endswith(" from 2,300. Is the file whole?")


def test_a_model_no_better_than_the_breeds_shares_is_refused(problem: Problem) -> None:
    sizes, _ = simulate_homes(1_000, seed=2)
    homes = read_dataset(HOMES_FILE, problem)
    nonsense = np.random.default_rng(3).integers(2, size=1_000)
    useless = train(
        dataclasses.replace(homes, matrix=sizes.reshape(-1, 1), labels=nonsense, simulated=False), {}
    )
    (sentence,) = refusals(useless, None)
    assert sentence.startswith(
        "The model is no better than always answering the classes' shares: on 200 rows "
    )


def test_a_gain_that_may_be_chance_is_named_so_with_the_rows_that_would_do(
    problem: Problem, folder: Path
) -> None:
    random = np.random.default_rng(12)
    sizes = random.normal([[1_800], [2_200]], 900, (2, 60)).clip(300)
    lines = [f"{s:.0f},{breed}\n" for breed, row in zip(OTHER, sizes, strict=True) for s in row]
    few = trained_on(lines, folder, problem)
    (sentence,) = refusals(few, None)
    assert "may be chance: on 24 rows its log loss is 0." in sentence
    found = re.search(
        r"difference, (-0\.\d+) to (0\.\d+), includes zero.* about ([\d,]+) more rows", sentence
    )
    assert found is not None
    low, high, more = (float(text.replace(",", "")) for text in found.groups())
    mean = (low + high) / 2
    assert 120 + more == pytest.approx(120 * ((mean - low) / mean) ** 2, rel=0.5)


def other_problem(trained: Trained, **changes: object) -> Trained:
    """Return a copy whose problem's only feature has other members."""
    manifest = trained.artifact.manifest
    feature = msgspec.structs.replace(manifest.problem.features[0], **changes)
    manifest = msgspec.structs.replace(
        manifest, problem=msgspec.structs.replace(manifest.problem, features=(feature,))
    )
    return dataclasses.replace(trained, artifact=dataclasses.replace(trained.artifact, manifest=manifest))


def test_models_are_compared_whatever_the_words_of_their_problems(trained: Trained, in_place: Path) -> None:
    reworded = other_problem(trained, question="How large is it?", hint="", max=200_000.0)
    comparison, warnings = comparison_with(reworded, in_place)
    assert (comparison is None, warnings) == (False, [])


def test_that_a_model_cannot_be_compared_is_said(
    trained: Trained, in_place: Path, artifact_folder: Path, problem: Problem, folder: Path
) -> None:
    pug = "".join(LINES[:400]).replace("dachshund", "pug").splitlines(keepends=True)
    names = [msgspec.structs.replace(entry, key="pug") for entry in problem.classes[:1]]
    pugs = msgspec.structs.replace(problem, classes=(*names, *problem.classes[1:]))
    comparison, [warning] = comparison_with(trained_on(pug, folder, pugs), in_place)
    assert comparison is None
    assert warning == f"The model in {in_place} has other features or classes, so it is not compared."

    (artifact_folder / JUDGED_NAME).unlink()
    comparison, [warning] = comparison_with(trained, artifact_folder)
    assert comparison
    assert ([part.judged for part in comparison.sets], f"{JUDGED_NAME} is missing" in warning) == (
        [trained.artifact.manifest.model_version],
        True,
    )


def test_a_badly_calibrated_model_is_refused(trained: Trained) -> None:
    metrics = msgspec.structs.replace(trained.artifact.manifest.metrics, calibration_error=0.09)
    manifest = msgspec.structs.replace(trained.artifact.manifest, metrics=metrics)
    miscalibrated = dataclasses.replace(
        trained, artifact=dataclasses.replace(trained.artifact, manifest=manifest)
    )
    (sentence,) = refusals(miscalibrated, None)
    assert sentence.startswith("The model's probabilities are not to be believed: calibration error 0.090")
