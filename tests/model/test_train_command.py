"""``python train.py``, as a person runs it."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import train
from model.artifact import ARTIFACT_FOLDER, read_artifact
from model.predictor import Predictor

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", "train.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_training_again_gives_the_committed_artifact(tmp_path: Path) -> None:
    done = run("--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        committed = {path.name: path.read_bytes() for path in ARTIFACT_FOLDER.iterdir()}
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == committed
    else:
        sizes = np.geomspace(50, 100_000, 1_000)
        again, committed_answers = (
            Predictor.load(folder).predict_many(sizes) for folder in (tmp_path, ARTIFACT_FOLDER)
        )
        assert again.probabilities == pytest.approx(committed_answers.probabilities, abs=1e-3)


def test_it_prints_how_good_the_model_is_and_where_the_answer_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--out", str(tmp_path)]) == 0
    manifest = read_artifact(tmp_path).manifest
    printed = capsys.readouterr().out
    for words in (
        manifest.model_version,
        "simulated",
        f"{manifest.metrics.accuracy:.1%}",
        f"{manifest.metrics.log_loss:.4f} nats",
        f"{manifest.metrics.best_log_loss:.4f} nats",
        "Dachshund to German Shepherd at",
        f"{manifest.decision_boundaries[0].home_size_sqft:,.0f} sq ft",
    ):
        assert words in printed


def test_it_trains_on_a_table_of_your_own(tmp_path: Path) -> None:
    data = tmp_path / "mine.csv"
    data.write_text(
        "home_size_m2,breed\n" + "80,dachshund\n300,german_shepherd\n" * 40,
        encoding="utf-8",
    )
    done = run("--data", data, "--out", tmp_path / "model")
    assert done.returncode == 0
    assert "simulated" not in done.stdout
    predictor = Predictor.load(tmp_path / "model")
    assert [predictor.predict(size).breed for size in (800, 3_300)] == ["dachshund", "german_shepherd"]


def test_bad_data_are_refused_in_one_sentence_and_nothing_is_written(tmp_path: Path) -> None:
    data = tmp_path / "bad.csv"
    data.write_text("home_size_sqft,breed\n-5,dachshund\n", encoding="utf-8")
    done = run("--data", data, "--out", tmp_path / "model")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"train.py: In {data}, line 2 has '-5': a home size must be a number between 50 and 100,000 sq ft.\n"
    )
    assert not (tmp_path / "model").exists()


def test_a_place_that_cannot_be_written_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as stop:
        train.main(["--out", str(tmp_path / "file")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("train.py: Cannot write the model to ")


def test_help_teaches_the_columns_and_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    for words in ("home_size_sqft,breed", "home_size_m2", "model/breeds.toml", "exit status"):
        assert words in printed
