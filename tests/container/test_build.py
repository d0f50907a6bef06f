"""Builds of the image: reproducible, packages cached across changes of the app, a model as its last layer."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.container.docker import File, added_files, docker, ended, inspect, own_tag
from tests.load.clients import say
from tests.problems import train_problem
from tests.serving import copy_project

NAME = own_tag("rebuilt")
OTHER_MODEL = own_tag("penguins")
ARTIFACT = PurePosixPath("/app/model/artifact")
MB = 1_000_000


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project's files, to change."""
    tree = tmp_path_factory.mktemp("tree")
    copy_project(tree)
    yield tree
    docker("rmi", "--force", NAME)


def build(*arguments: str) -> None:
    docker("build", "--tag", NAME, *arguments)


def layers(image: str) -> list[str]:
    """Return the checksums of an image's layers."""
    found: dict[str, Any] = inspect("image", image)["RootFS"]
    return list(found["Layers"])


def test_a_second_build_from_another_checkout_gives_the_same_layers(
    image: str, files: dict[PurePosixPath, File], tree: Path
) -> None:
    for path in tree.rglob("*"):
        os.utime(path, (1, 1))
    build("--no-cache", str(tree))
    again = added_files(NAME)
    assert again.keys() == files.keys()
    assert [path for path, file in files.items() if again[path] != file] == []
    assert layers(NAME) == layers(image)


def test_a_change_of_the_app_does_not_install_its_packages_again(tree: Path) -> None:
    build("--target", "packages", str(tree))
    before = inspect("image", NAME)["Id"]
    with (tree / "webapp" / "words.py").open("a") as words:
        words.write("\n# one more change\n")
    build("--target", "packages", str(tree))
    assert inspect("image", NAME)["Id"] == before


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of another problem."""
    return Path(train_problem("penguins", tmp_path_factory.mktemp("penguins")))


@pytest.fixture(scope="module")
def other_model(penguins: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with that model, which lies beside the rows that it was judged by and a former model."""
    tree = tmp_path_factory.mktemp("project")
    copy_project(tree)
    artifact = tree / "model" / "penguins"
    shutil.copytree(penguins, artifact)
    shutil.copytree(penguins, artifact / "history" / "0123456789ab")
    make = ["make", "image", "ARTIFACT=model/penguins", f"IMAGE={OTHER_MODEL}"]
    subprocess.run(make, cwd=tree, check=True, capture_output=True)
    yield OTHER_MODEL
    docker("rmi", "--force", OTHER_MODEL)


def test_an_image_holds_the_model_of_ones_choice_and_no_other(
    other_model: str, penguins: Path, files: dict[PurePosixPath, File]
) -> None:
    manifest = json.loads((penguins / "manifest.json").read_bytes())
    assert (
        inspect("image", other_model)["Config"]["Labels"]["perfect-puppy.model-version"]
        == (manifest["model_version"])
    )
    code, said = ended(other_model, command="check")
    assert code == 0, said
    assert "species: Adelie, Chinstrap, Gentoo" in said
    added = added_files(other_model)
    there = {path.name for path in added if path.parent == ARTIFACT}
    assert there ^ {path.name for path in penguins.iterdir()} == {"judged.csv"}, "and no history"
    assert not any("penguins" in str(path) for path in added)
    assert {path.name for path in files if path.parent == ARTIFACT} & there == {
        *("manifest.json", "MODEL_CARD.md", "calibration.svg")
    }


def test_a_new_model_is_a_last_layer_of_less_than_a_megabyte(image: str, other_model: str) -> None:
    *below, model = layers(image)
    *below_other, other = layers(other_model)
    assert below == below_other
    assert model != other
    for name in (image, other_model):
        sizes = docker("image", "history", "--human=false", "--format", "{{.Size}}", name).split()
        last = next(size for size in map(int, sizes) if size)  # the first: a label or a user adds nothing
        say(f"the model's layer has {last:,} bytes")
        assert last < MB
