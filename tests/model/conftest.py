"""Fixtures of the model's tests: the shipped artifact, one of five breeds, and a copy to damage."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.artifact import ARTIFACT_FOLDER, Artifact, write_artifact
from model.breeds import BREEDS_FILE, Breed, load_breeds
from model.manifest import MANIFEST_NAME
from model.predictor import Predictor
from model.training.dataset import read_homes
from model.training.pipeline import train

FIVE_MEDIANS = {
    "great_dane": 4_000,
    "dachshund": 1_000,
    "beagle": 1_400,
    "german_shepherd": 2_800,
    "labrador": 2_000,
}
FIVE_WEIGHTS = {"great_dane": (46, 54), "beagle": (9, 11), "labrador": (25, 36)}

EXTRA_BREED = """
[{key}]
name = "{name}"
picture = "{key}.svg"
weight_kg = {{ min = {min}, max = {max}, source = "a test", url = "https://example.org/" }}
height_cm = {{ min = 30, max = 80, source = "a test", url = "https://example.org/" }}
space = {{ text = "Some.", source = "a test", url = "https://example.org/" }}
exercise = {{ text = "Some.", source = "a test", url = "https://example.org/" }}
"""


@pytest.fixture(scope="session")
def breeds() -> dict[str, Breed]:
    return load_breeds()


@pytest.fixture(scope="session")
def shipped() -> Predictor:
    return Predictor.load()


@pytest.fixture(scope="session")
def five_breeds_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped catalogue with three more breeds."""
    extra = [
        EXTRA_BREED.format(key=key, name=key.replace("_", " ").title(), min=low, max=high)
        for key, (low, high) in FIVE_WEIGHTS.items()
    ]
    path = tmp_path_factory.mktemp("catalogue") / "breeds.toml"
    path.write_text(BREEDS_FILE.read_text(encoding="utf-8") + "".join(extra), encoding="utf-8")
    return path


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
def five_artifact(five_homes_file: Path, five_breeds_file: Path) -> Artifact:
    """A model of five breeds."""
    return train(read_homes(five_homes_file, load_breeds(five_breeds_file))).artifact


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
