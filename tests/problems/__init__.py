"""The problems beside the shipped one that the tests serve: each a TOML file and a CSV, and no code."""

import subprocess
import sys
from pathlib import Path

from model.problem.loading import PROBLEM_FILE
from tests.serving import ROOT

FOLDER = Path(__file__).parent
NAMES = ("puppy", "penguins", "yard")
"""The shipped problem, and the folders here."""


def problem_file(name: str) -> Path:
    """Return the file that describes a problem."""
    return PROBLEM_FILE if name == "puppy" else FOLDER / name / "problem.toml"


def train_problem(name: str, folder: Path) -> str:
    """Train the model of a problem, but for the shipped one; return the folder of its artifact."""
    if name == "puppy":
        return str(ROOT / "model" / "artifact")
    [data] = (FOLDER / name).glob("*.csv")
    return train(problem_file(name), data, folder / "artifact")


def train(problem: Path, data: Path, out: Path) -> str:
    """Train a model by the command for it; return the folder of its artifact."""
    command = [sys.executable, "train.py", "--problem", str(problem), "--data", str(data), "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(out)
