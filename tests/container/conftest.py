import subprocess
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.container.docker import LOCKED_DOWN, SMALLEST_TASK, Container, File, added_files, own_tag, serving
from tests.serving import ROOT

IMAGE = own_tag("tests")


@pytest.fixture(scope="session")
def image() -> str:
    """The name of the image, built by `make image`."""
    subprocess.run(["make", "image", f"IMAGE={IMAGE}"], cwd=ROOT, check=True)
    return IMAGE


@pytest.fixture(scope="session")
def files(image: str) -> dict[PurePosixPath, File]:
    """The files that the image adds to its base image."""
    return added_files(image)


@pytest.fixture(scope="session")
def smallest(image: str) -> Iterator[Container]:
    """A container without privileges, with the CPU and memory of Fargate's smallest task."""
    with serving(image, *LOCKED_DOWN, *SMALLEST_TASK) as container:
        yield container
