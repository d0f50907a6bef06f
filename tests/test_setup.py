"""How `make` creates `.venv`, which Pythons it refuses, and what the lock files contain."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ROOT
from tests.wheels import locked

PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.15"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# Unsupported Pythons: how each is described, and a statement that makes this Python report to be it.
UNSUPPORTED = {
    "Python 3.10": "sys.version_info = (3, 10, 13, 'final', 0)",
    "Python 3.16": "sys.version_info = (3, 16, 0, 'final', 0)",
    "Python 2.7": "sys.version_info = (2, 7, 18, 'final', 0)",
    "PyPy": "platform.python_implementation = lambda: 'PyPy'",
    "a free-threaded build of Python 3.13": (
        "sys.version_info = (3, 13, 0); sysconfig.get_config_var = lambda name: name == 'Py_GIL_DISABLED'"
    ),
    "Python for win-amd64": "sysconfig.get_platform = lambda: 'win-amd64'",
    "Python for linux-armv7l": "sysconfig.get_platform = lambda: 'linux-armv7l'",
    "Python for linux-x86_64": "sysconfig.get_platform = lambda: 'linux-x86_64'; sys.maxsize = 2**31 - 1",
    "Python for a Linux without glibc 2.28": (
        "sysconfig.get_platform = lambda: 'linux-x86_64'; platform.libc_ver = lambda: ('musl', '1.2.5')"
    ),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the files that `make setup` reads, in a folder with a space in its name."""
    folder = tmp_path / "my projects"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make, without the environment variables of a make that may have started these tests."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHON" and "MAKE" not in name}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=folder, env=ours, capture_output=True, text=True, check=False)


def script(path: Path, *lines: str) -> Path:
    """Write a shell script that can be run by its path."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def imitate(folder: Path, before: str) -> Path:
    """Write a `python3` that runs its script after a statement that changes what it reports about itself."""
    statements = f"import platform, runpy, sys, sysconfig; {before}; sys.argv.pop(0)"
    run = "runpy.run_path(sys.argv[0], run_name='__main__')"
    return script(folder / "python3", f'exec {sys.executable} -c "{statements}; {run}" "$@"')


def with_empty_pip(folder: Path) -> Path:
    """Write a `python3` that makes environments with an empty pip, because the real one takes seconds."""
    return script(
        folder / "python3",
        f'[ "$2" = venv ] || exec {sys.executable} "$@"',
        f'{sys.executable} "$@" --without-pip',
        'cd "$4"/lib/python*/site-packages && mkdir pip && touch pip/__init__.py',
    )


@pytest.mark.parametrize(("what", "before"), UNSUPPORTED.items(), ids=UNSUPPORTED)
def test_an_unsupported_python_is_refused_before_anything_is_made(
    checkout: Path, tmp_path: Path, what: str, before: str
) -> None:
    done = make(checkout, "setup", f"PYTHON={imitate(tmp_path, before)}")
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert lines[0].startswith("Perfect Puppy needs CPython 3.11 to 3.15, ")
    assert f" is {what}. Name another with: make PYTHON=" in lines[0]
    assert len(lines) == 2, "the sentence, and make's own line"
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_is_refused_with_how_to_install_it(checkout: Path, tmp_path: Path) -> None:
    python = imitate(tmp_path, "sys.modules['ensurepip'] = None")
    done = make(checkout, "setup", f"PYTHON={python}")
    assert "lacks the module venv or ensurepip. On Debian or Ubuntu: apt-get install python3." in done.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("named", ["no-such-python", "/no/such/python", "/etc"])
def test_a_python_that_does_not_exist_is_refused_by_its_name(checkout: Path, named: str) -> None:
    done = make(checkout, "run", f"PYTHON={named}")
    assert f"There is no {named} here. Perfect Puppy needs Python 3.11 to 3.15: install one" in done.stderr
    assert not (checkout / ".venv").exists()


def would_be_made(folder: Path, *arguments: str) -> bool:
    """Say whether `make setup` would make `.venv`, by a dry run."""
    return "-m venv" in make(folder, "--dry-run", "setup", *arguments).stdout


def test_a_venv_is_made_again_only_if_it_cannot_be_used(checkout: Path, tmp_path: Path) -> None:
    venv, here = checkout / ".venv", f"PYTHON={with_empty_pip(tmp_path)}"
    assert would_be_made(checkout)
    assert make(checkout, ".venv/made", here).returncode == 0
    assert not would_be_made(checkout)
    assert not would_be_made(checkout, here)

    other = script(tmp_path / "other", "echo Python 3.12.99")
    assert would_be_made(checkout, f"PYTHON={other}"), "PYTHON names another"

    moved = Path(shutil.move(checkout, tmp_path / "moved"))
    assert would_be_made(moved)
    (tmp_path / "worktree").mkdir()
    shutil.move(moved, checkout)
    for name in ("Makefile", "pyproject.toml", "requirements", ".venv"):
        (tmp_path / "worktree" / name).symlink_to(checkout / name)
    assert not would_be_made(tmp_path / "worktree"), "it is a link to where it was made"

    [pip] = venv.glob("lib/*/site-packages/pip")
    aside = pip.rename(tmp_path / "pip")
    assert would_be_made(checkout), "it has no pip"
    aside.rename(pip)
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/no/such/python")
    assert would_be_made(checkout), "its Python is gone"
    assert make(checkout, ".venv/made", here).returncode == 0
    assert not would_be_made(checkout)


@pytest.mark.parametrize("target", ["image", "test-container", "bench-task"])
def test_targets_that_need_docker_are_refused_without_it_before_anything_is_made(
    checkout: Path, tmp_path: Path, target: str
) -> None:
    script(tmp_path / "docker", "echo Cannot connect to the Docker daemon. >&2", "exit 1")
    done = make(checkout, target, f"PATH={tmp_path}:{os.environ['PATH']}")
    assert done.stderr.startswith(
        "Cannot connect to the Docker daemon.\nThis needs Docker, running: https://"
    )
    assert not (checkout / ".venv").exists()


def test_pyproject_makefile_and_workflow_name_the_same_pythons(checkout: Path) -> None:
    assert f'requires-python = ">={PYTHONS[0]},<3.16"' in (ROOT / "pyproject.toml").read_text()
    (checkout / "known.mk").write_text("known: ; @echo $(PYTHONS)\n")
    assert make(checkout, "-f", "Makefile", "-f", "known.mk", "known").stdout.split() == PYTHONS
    matrix = re.findall(r'"(3\.\d+)"', (ROOT / ".github/workflows/ci.yml").read_text().partition("steps:")[0])
    assert matrix == PYTHONS


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"^[\w.-]+==[^\\]*$", text, re.MULTILINE), "every version is followed by a hash"


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_every_python_gets_one_release_of_each_package_and_the_same_xgboost(architecture: str) -> None:
    for python in PYTHONS:
        names = [line.partition("==")[0] for line in dict.fromkeys(locked(python, architecture))]
        assert len(names) == len(set(names))
    xgboost = {line for python in PYTHONS for line in locked(python, architecture) if "xgboost" in line}
    assert len(xgboost) == 1
