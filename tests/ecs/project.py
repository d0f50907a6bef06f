"""A copy of this repository with its own git history, in which tests run the tool as a person would."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.serving import copy_project

GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
CEILING = 300


@dataclass(frozen=True)
class Result:
    """The exit code and output of a run of the tool."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return msgspec.json.decode(self.out, type=dict[str, Any])

    @property
    def said(self) -> str:
        """Everything that the run printed."""
        return self.out + self.err


class Project:
    """A committed copy of all files of the repository that git does not ignore."""

    def __init__(
        self, folder: Path, settings: Mapping[str, object], environments: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.environ = {
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "HOME", "LANG"} or name.startswith(("DOCKER_", "CONTAINERS_", "BUILDAH_"))
        }
        copy_project(folder)
        self.set(settings)
        with (folder / "ecs" / "settings.toml").open("a") as file:
            file.writelines(f"\n[env.{name}]\n" for name in environments)
        _git(folder, "init", "--quiet")
        self.commit()

    def set(self, settings: Mapping[str, object]) -> None:
        """Change values in the settings file, without a commit."""
        path = self.folder / "ecs" / "settings.toml"
        text = path.read_text()
        for name, value in settings.items():
            line = f"{name} = {msgspec.json.encode(value).decode()}"
            text, count = re.subn(
                rf"^{name} = .*$", line.replace("\\", "\\\\"), text, count=1, flags=re.MULTILINE
            )
            assert count == 1, f"no setting {name}"
        path.write_text(text)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)

    def append(self, path: str, text: str) -> None:
        with (self.folder / path).open("a") as file:
            file.write(text)

    def replace(self, path: str, old: str, new: str, count: int = -1) -> None:
        text = (self.folder / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new, count))

    def train(self, households: int) -> None:
        """Train a model with other answers and another version, on the first homes only."""
        lines = (self.folder / "model" / "homes.csv").read_text().splitlines(keepends=True)
        self.write("model/homes.csv", "".join(lines[: households + 1]))
        subprocess.run(
            [sys.executable, "train.py", "--force"], cwd=self.folder, check=True, capture_output=True
        )

    def commit(self) -> None:
        _git(self.folder, "add", "--all")
        _git(self.folder, "commit", "--quiet", "--allow-empty", "--message", "A change")

    def undo(self) -> None:
        """Remove the last commit."""
        self.run_git("reset", "--quiet", "--hard", "HEAD~1")

    def run_git(self, *arguments: str) -> None:
        _git(self.folder, *arguments)

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        return self._start(arguments, environ, subprocess.DEVNULL)

    def run(self, *arguments: str, **environ: str) -> Result:
        """Run a command to its end."""
        return _ended(self.start(*arguments, **environ))

    def answer(self, typed: str, *arguments: str, **environ: str) -> Result:
        """Run a command to its end at a terminal, and type this at its question."""
        terminal, stdin = os.openpty()
        try:
            os.write(terminal, f"{typed}\n".encode())
            return _ended(self._start(arguments, environ, stdin))
        finally:
            os.close(terminal)
            os.close(stdin)

    def _start(
        self, arguments: Sequence[str], environ: Mapping[str, str], stdin: int
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "ecs", *arguments],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def _ended(process: "subprocess.Popen[str]") -> Result:
    try:
        out, err = process.communicate(timeout=CEILING)
    finally:
        process.kill()
    return Result(process.returncode, out, err)


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
