"""Builds of the image: reproducible, and with packages cached across changes of the app."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.container.docker import File, added_files, docker, ended, own_tag
from tests.problems import train_problem
from tests.serving import copy_project

NAME = own_tag("rebuilt")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project's files, to change."""
    tree = tmp_path_factory.mktemp("tree")
    copy_project(tree)
    yield tree
    docker("rmi", "--force", NAME)


def build(*arguments: str) -> None:
    docker("build", "--tag", NAME, *arguments)


def packed_at() -> str:
    """Return when the packages in the image were installed."""
    code, said = ended(NAME, command="stat --format=%y /venv/bin/check")
    assert code == 0, said
    return said


def test_a_second_build_gives_the_same_files(files: dict[PurePosixPath, File], tree: Path) -> None:
    build("--no-cache", str(tree))
    again = added_files(NAME)
    assert again.keys() == files.keys()
    assert [path for path, file in files.items() if again[path] != file] == []


def test_a_change_of_the_app_does_not_install_its_packages_again(tree: Path) -> None:
    build(str(tree))
    before = packed_at()
    with (tree / "webapp" / "words.py").open("a") as words:
        words.write("\n# one more change\n")
    build(str(tree))
    assert packed_at() == before


def test_an_image_holds_the_model_of_ones_choice_and_no_other(
    tree: Path, files: dict[PurePosixPath, File], tmp_path: Path
) -> None:
    Path(train_problem("penguins", tmp_path)).rename(tree / "model" / "penguins")
    make = ["make", "image", "ARTIFACT=model/penguins", f"IMAGE={NAME}"]
    subprocess.run(make, cwd=tree, check=True, capture_output=True)
    manifest = json.loads((tree / "model" / "penguins" / "manifest.json").read_bytes())
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", NAME))
    assert labels["perfect-puppy.model-version"] == manifest["model_version"]
    code, said = ended(NAME, command="check")
    assert code == 0, said
    assert "species: Adelie, Chinstrap, Gentoo" in said
    artifact = PurePosixPath("/app/model/artifact")
    there = {path.name for path in added_files(NAME) if path.parent == artifact}
    assert there == {path.name for path in (tree / "model" / "penguins").iterdir()}
    assert not any("penguins" in str(path) for path in added_files(NAME))
    assert {path.name for path in files if path.parent == artifact} & there == {
        *("manifest.json", "MODEL_CARD.md", "calibration.svg")
    }
