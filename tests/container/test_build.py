"""How the image is built: again quickly, and to the same files."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.container.docker import File, added_files, docker, own_tag
from tests.load.clients import at_best, say
from tests.serving import ROOT

NAME = own_tag("rebuilt")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the tree, to change."""
    tree = tmp_path_factory.mktemp("tree")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).splitlines():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)
    yield tree
    docker("rmi", "--force", NAME)


def build(tree: Path, *options: str) -> float:
    begun = time.monotonic()
    docker("build", *options, "--tag", NAME, str(tree))
    return time.monotonic() - begun


def test_it_is_built_again_to_the_same_files_and_after_a_change_quickly(
    files: dict[PurePosixPath, File], tree: Path
) -> None:
    first = build(tree, "--no-cache")
    again = added_files(NAME)
    assert again.keys() == files.keys()
    assert [path for path, file in files.items() if again[path] != file] == []

    def attempt() -> str:
        with (tree / "webapp" / "words.py").open("a") as words:
            words.write("\n# one more change\n")
        second = build(tree)
        said = f"built in {first:.1f} s, and after a change in webapp/ in {second:.1f} s"
        say(said)
        return "" if second < first / 3 else said

    at_best(attempt)
