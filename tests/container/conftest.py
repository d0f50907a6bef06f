import subprocess
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.container.docker import LOCKED_DOWN, SMALLEST_TASK, Container, File, added_files, own_tag, serving
from tests.serving import ROOT

IMAGE = own_tag("tests")


@pytest.fixture(scope="session")
def image() -> str:
    """The image, built as a person would."""
    subprocess.run(["make", "image", f"IMAGE={IMAGE}"], cwd=ROOT, check=True)
    return IMAGE


@pytest.fixture(scope="session")
def files(image: str) -> dict[PurePosixPath, File]:
    """What the image adds to its base."""
    return added_files(image)


@pytest.fixture(scope="session")
def smallest(image: str) -> Iterator[Container]:
    """The image, locked down, on Fargate's smallest task."""
    with serving(image, *LOCKED_DOWN, *SMALLEST_TASK) as container:
        yield container
