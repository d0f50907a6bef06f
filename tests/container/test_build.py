"""Builds of the image: reproducible, and with packages cached across changes of the app."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.container.docker import File, added_files, docker, ended, own_tag
from tests.serving import ROOT

NAME = own_tag("rebuilt")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project's files, to change."""
    tree = tmp_path_factory.mktemp("tree")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).splitlines():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)
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
    with (tree / "webapp" / "pages" / "words.py").open("a") as words:
        words.write("\n# one more change\n")
    build(str(tree))
    assert packed_at() == before
