"""`python -m model.check`: it describes the model in a folder, or names a damaged file."""

import shutil
from pathlib import Path

import pytest

from model.artifact import ARTIFACT_FOLDER
from model.check import EXIT_BAD_MODEL, main


def test_it_describes_a_whole_artifact(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    first, answers, asks, data, loss, *changes = capsys.readouterr().out.splitlines()
    assert (
        first
        == f"model      {next(ARTIFACT_FOLDER.glob('*.ubj')).stem[6:]}, whole, and gives its known answers"
    )
    assert answers == "answers    breed: Dachshund, German Shepherd"
    assert asks == "asks       home_size"
    assert data == "data       6,000 simulated homes"
    assert loss.startswith("log loss   0.")
    assert len(changes) == 1
    assert changes[0].endswith("sq ft from Dachshund to German Shepherd")


@pytest.mark.parametrize("part", ["manifest.json", "MODEL_CARD.md", "probability.svg"])
def test_it_names_the_damaged_file(part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "artifact"
    shutil.copytree(ARTIFACT_FOLDER, folder)
    (folder / part).write_bytes(b"damaged")
    assert main([str(folder)]) == EXIT_BAD_MODEL
    said = capsys.readouterr().err
    assert str(folder / part) in said
    assert said.count("\n") == 1
