"""A training that is killed at any moment leaves an artifact that verifies: the old one or the new one."""

import subprocess
import sys
from pathlib import Path

import train
from model.artifact import Artifact, read_artifact, write_artifact
from model.predictor import Predictor

ROOT = Path(__file__).parents[2]


def test_killed_before_and_after_each_write_the_artifact_verifies(
    five_artifact: Artifact, tmp_path: Path
) -> None:
    folder, data = tmp_path / "model", tmp_path / "homes.csv"
    write_artifact(five_artifact, folder)
    rows = [f"{700 + 20 * row},dachshund\n{1_200 + 20 * row},german_shepherd\n" for row in range(60)]
    data.write_text("home_size_sqft,breed\n" + "".join(rows), encoding="utf-8")
    # Python 3.12 and newer warn of forks in a process with threads, which NumPy starts.
    command = [sys.executable, "-W", "ignore", "-m", "tests.model.kill_at_each_write", str(folder)]
    command += ["--data", str(data), "--out", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr.count("\n")) == (0, 1), "only that the models can't be compared"

    new = read_artifact(folder)
    assert new.manifest.classes == ("dachshund", "german_shepherd")
    snapshots = sorted(tmp_path.glob("model-after-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    found = [read_artifact(snapshot) for snapshot in snapshots]
    committed = found.index(new)
    # Before and after each call: twelve files, six of them in the history, take six calls each.
    assert len(found) > 144
    assert found == [five_artifact] * committed + [new] * (len(found) - committed)
    assert 0 < committed < len(found)
    for snapshot in snapshots:
        Predictor.load(snapshot)

    # The next training removes the files that a killed one has left.
    last_moments = (snapshots[committed - 1], snapshots[committed], snapshots[-1])
    for snapshot in last_moments:
        assert train.main(["--data", str(data), "--out", str(snapshot), "--json"]) == 0
        assert {path.name for path in snapshot.iterdir()} == {path.name for path in folder.iterdir()}
