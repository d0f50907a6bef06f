"""Download all locked packages as wheels, for each Python named and both architectures of Linux.

``python -m tests.wheels 3.11 3.12 ...`` exits with a sentence if a wheel is missing. It downloads with pip,
because uv, which compiles the locks, ignores the newest Python that a package supports. But pip evaluates
environment markers for the Python that runs it, so `locked` evaluates them for the one named.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).parent.parent / "requirements"
SEPARATE = [REQUIREMENTS / "stand-in.txt"]
"""Locks with versions of their own; all others have the same version of each package."""
SHARED = sorted(set(REQUIREMENTS.glob("*.txt")) - set(SEPARATE))
ARCHITECTURES = ("x86_64", "aarch64")
GLIBC_MINORS = range(5, 29)  # a system with glibc 2.28 or newer runs what is built for an older one


def locked(python: str, architecture: str, locks: list[Path] = SHARED) -> Iterator[str]:
    """Yield the locks' lines that apply to a Python on Linux, with hashes and without markers."""
    target = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": architecture,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_python_implementation": "CPython",
    }
    for lock in locks:
        for line in lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines():
            head, *hashes = line.split(" --hash=")
            if hashes and ((marker := Requirement(head).marker) is None or marker.evaluate(target)):
                yield " --hash=".join([head.partition(";")[0].strip(), *map(str.strip, hashes)])


def download(python: str, architecture: str, locks: list[Path]) -> bool:
    """Download the packages of these locks as wheels; return whether all exist."""
    platforms = [f"manylinux_2_{minor}" for minor in GLIBC_MINORS] + ["manylinux2014"]
    abis = [f"cp{python.replace('.', '')}", "abi3", "none"]
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "requirements.txt")
        lines.write_text("\n".join(dict.fromkeys(locked(python, architecture, locks))), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", folder),
            *("--python-version", python, "--implementation", "cp", *(f"--abi={abi}" for abi in abis)),
            *(f"--platform={platform}_{architecture}" for platform in platforms),
            *("--requirement", str(lines)),
        ]
        return subprocess.run(command, check=False).returncode == 0


def main(pythons: list[str]) -> None:
    """Check each Python on each architecture; exit with a sentence where a wheel is missing."""
    for python in pythons:
        for architecture in ARCHITECTURES:
            if not all(download(python, architecture, locks) for locks in (SHARED, SEPARATE)):
                sys.exit(f"What is locked does not install from wheels on Python {python}, {architecture}.")
            sys.stdout.write(f"Python {python}, {architecture}: every set installs from wheels\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
