"""The layers: which packages may import which; tests/ecs/test_rooms.py has those of the deploy tool."""

import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from tests.imports import imports, is_within, modules
from tests.serving import ROOT

FORBIDDEN = {
    "model": ["flask", "gunicorn", "gevent", "webapp", "ecs", "boto3"],
    "webapp": ["boto3", "botocore", "ecs"],
    "webapp.http": ["webapp.server", "webapp.api", "webapp.pages", "webapp.reasons"],
    "webapp.reasons": ["webapp.server", "webapp.http", "webapp.api", "webapp.pages"],
    "webapp.server": ["webapp.api", "webapp.pages", "webapp.reasons"],
    "webapp.api": ["webapp.server", "webapp.pages"],
    "webapp.pages": ["webapp.server", "webapp.api"],
    "ecs": ["flask", "webapp"],
}
"""For each package, what neither its modules nor those of its subpackages may import."""

PRODUCT = modules("model", "webapp", "ecs", "gunicorn.conf")
TESTS = modules("tests")


@pytest.mark.parametrize(("package", "forbidden"), FORBIDDEN.items(), ids=FORBIDDEN)
def test_a_package_imports_nothing_from_above_it(package: str, forbidden: list[str]) -> None:
    inside = {name: file for name, file in PRODUCT.items() if is_within(name, package)}
    assert inside
    for name, file in inside.items():
        for other in imports(file):
            assert not is_within(other, *forbidden), f"{name} imports {other}"


def test_only_training_and_its_command_import_training() -> None:
    for name, file in PRODUCT.items():
        for other in imports(file):
            assert is_within(name, "model.training") or not is_within(other, "model.training"), (
                f"{name} imports {other}"
            )


def test_the_serving_process_loads_nothing_that_only_training_or_deploying_needs() -> None:
    script = "import sys, webapp; webapp.create_app(); print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True).split()
    assert "model.predictor" in loaded
    for unwanted in ("model.training", "pandas", "sklearn", "matplotlib", "boto3"):
        assert unwanted not in loaded


@pytest.mark.parametrize("package", ["model", "webapp", "ecs"])
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    needed = {
        name: {other for other in imports(file) if other in PRODUCT and other != name}
        for name, file in PRODUCT.items()
        if is_within(name, package)
    }
    TopologicalSorter(needed).prepare()  # raises CycleError, which names the circle


def test_no_test_module_imports_another() -> None:
    for name, file in TESTS.items():
        for other in imports(file):
            imports_a_test = other in TESTS and other.rpartition(".")[2].startswith("test_")
            assert not imports_a_test, f"{name} imports {other}"
