"""Fixtures of the model's tests: the shipped artifact, one of five breeds, and a copy to damage."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.artifact import ARTIFACT_FOLDER, Artifact, write_artifact
from model.manifest import MANIFEST_NAME
from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.loading import PROBLEM_FILE, load_problem
from model.training.dataset import read_dataset
from model.training.pipeline import train

FIVE_MEDIANS = {
    "great_dane": 4_000,
    "dachshund": 1_000,
    "beagle": 1_400,
    "german_shepherd": 2_800,
    "labrador": 2_000,
}
MORE_BREEDS = "".join(
    f'[{key}]\nname = "{key.replace("_", " ").title()}"\n' for key in ("great_dane", "beagle", "labrador")
)


@pytest.fixture(scope="session")
def problem() -> Problem:
    return load_problem()[0]


@pytest.fixture(scope="session")
def shipped() -> Predictor:
    return Predictor.load()


@pytest.fixture(scope="session")
def five_problem_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped problem with three more breeds, which have neither pictures nor facts."""
    folder = tmp_path_factory.mktemp("problem")
    shutil.copytree(PROBLEM_FILE.parent / "pictures", folder / "pictures")
    shutil.copy(PROBLEM_FILE, folder)
    breeds = (PROBLEM_FILE.parent / "breeds.toml").read_text(encoding="utf-8")
    (folder / "breeds.toml").write_text(f"{breeds}\n{MORE_BREEDS}", encoding="utf-8")
    return folder / "problem.toml"


@pytest.fixture(scope="session")
def five_homes_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 households of five breeds."""
    random = np.random.default_rng(5)
    keys = random.choice(list(FIVE_MEDIANS), size=2_000)
    rows = [f"{FIVE_MEDIANS[key] * np.exp(0.3 * random.standard_normal())},{key}\n" for key in keys]
    path = tmp_path_factory.mktemp("data") / "five.csv"
    path.write_text("home_size_sqft,breed\n" + "".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def five_artifact(five_homes_file: Path, five_problem_file: Path) -> Artifact:
    """A model of five breeds."""
    problem, pictures = load_problem(five_problem_file)
    return train(read_dataset(five_homes_file, problem), pictures).artifact


@pytest.fixture(scope="session")
def five(five_artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("five")
    write_artifact(five_artifact, folder)
    return Predictor.load(folder)


@pytest.fixture
def artifact_folder(tmp_path: Path) -> Path:
    """A copy of the shipped artifact that a test may change."""
    return Path(shutil.copytree(ARTIFACT_FOLDER, tmp_path / "artifact"))


@pytest.fixture
def edit_manifest(artifact_folder: Path) -> Callable[..., None]:
    """A function that changes fields of the manifest in `artifact_folder`."""

    def edit(**changes: Any) -> None:
        path = artifact_folder / MANIFEST_NAME
        manifest = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(manifest | changes), encoding="utf-8")

    return edit
