"""A training that is killed at any moment leaves an artifact that verifies: the old one or the new one."""

import subprocess
import sys
from pathlib import Path

import train
from model.artifact import history, read_artifact
from model.predictor import Predictor
from model.training.draft import draft
from model.training.simulation import HOMES_FILE

ROOT = Path(__file__).parents[2]


def test_killed_before_and_after_each_write_the_artifact_verifies(tmp_path: Path) -> None:
    folder, data, problem = tmp_path / "model", tmp_path / "homes.csv", tmp_path / "problem.toml"
    lines = HOMES_FILE.read_text(encoding="utf-8").splitlines(keepends=True)
    data.write_text("".join(lines[:201]), encoding="utf-8")
    # A drafted problem has no pictures, so there are fewer writes.
    problem.write_text(draft(data, "breed")[0], encoding="utf-8")
    command = ["--problem", str(problem), "--data", str(data), "--out", str(folder), "--force", "--json"]
    assert train.main(command) == 0
    old = read_artifact(folder)
    data.write_text("".join(lines[:301]), encoding="utf-8")
    # Python 3.12 and newer warn of forks in a process with threads, which NumPy starts.
    killing = [sys.executable, "-W", "ignore", "-m", "tests.model.kill_at_each_write", str(folder), *command]
    run = subprocess.run(killing, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr

    new = read_artifact(folder)
    assert new != old
    snapshots = sorted(tmp_path.glob("model-after-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    found = [read_artifact(snapshot) for snapshot in snapshots]
    committed = found.index(new)
    # Before and after each call: seven files, which are also copied to the history, take seven calls each.
    assert len(found) > 196
    assert found == [old] * committed + [new] * (len(found) - committed)
    assert 0 < committed < len(found)

    # The next training removes the files that a killed one has left, and the old model is in the history.
    for snapshot in (snapshots[0], snapshots[committed - 1], snapshots[committed], snapshots[-1]):
        Predictor.load(snapshot)
        assert train.main([*command, "--out", str(snapshot)]) == 0
        assert {path.name for path in snapshot.iterdir()} == {path.name for path in folder.iterdir()}
        [kept] = history(snapshot).values()
        assert read_artifact(kept) == old
