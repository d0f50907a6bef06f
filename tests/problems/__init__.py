"""The problems beside the shipped one that the tests serve: each a TOML file and a CSV, and no code."""

import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT

FOLDER = Path(__file__).parent
NAMES = ("puppy", "penguins", "yard")
"""The shipped problem, and the folders here."""


def train_problem(name: str, folder: Path) -> str:
    """Train the model of a problem, and return the folder of its artifact; the shipped one is there already."""
    if name == "puppy":
        return str(ROOT / "model" / "artifact")
    [data] = (FOLDER / name).glob("*.csv")
    command = ["train.py", "--problem", str(FOLDER / name / "problem.toml"), "--data", str(data)]
    out = folder / "artifact"
    subprocess.run([sys.executable, *command, "--out", str(out)], cwd=ROOT, check=True, capture_output=True)
    return str(out)
