"""Schemathesis sends a real server requests that the API's document allows or forbids."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.load.clients import say
from tests.problems import NAMES
from tests.serving import ROOT, running

HOOKS = "tests.load.schemathesis_hooks"
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.parametrize("problem", NAMES)
def test_the_api_behaves_as_its_document_says(
    tmp_path: Path, model_of: Callable[[str], Path], full: bool, problem: str
) -> None:
    # A fixed seed: CI should fail for a change of this project, not for a newly found request.
    examples, enough, seed = (1500, 5000, []) if full else (80, 400, ["--seed", "1"])
    model = str(model_of(problem))
    with running(tmp_path / "log", MODEL_DIR=model) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(CONFIG)),
                *("run", f"{server.url}/api/openapi.json", "--checks", "all"),
                *("--max-examples", str(examples), "--request-timeout", "20", *seed),
            ],
            env=os.environ | {"ASKED_MODEL": model, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert found, done.stdout
    say(f"schemathesis: {found[0]}")
    assert int(found[1]) == int(found[2]) >= enough
