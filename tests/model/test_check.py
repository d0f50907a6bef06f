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


def test_it_refuses_a_manifest_without_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "artifact"
    shutil.copytree(ARTIFACT_FOLDER, folder)
    manifest = folder / "manifest.json"
    text = manifest.read_text(encoding="utf-8").replace("MODEL_CARD.md", "MY_CARD.md")
    manifest.write_text(text, encoding="utf-8")
    assert main([str(folder)]) == EXIT_BAD_MODEL
    assert capsys.readouterr().err == f"{manifest} names no MODEL_CARD.md; train again.\n"


def test_the_rows_that_a_model_was_judged_by_may_be_missing_but_not_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "artifact"
    shutil.copytree(ARTIFACT_FOLDER, folder)
    (folder / "judged.csv").unlink()
    assert main([str(folder)]) == 0
    (folder / "judged.csv").write_text("home_size_sqft,breed\n", encoding="utf-8")
    assert main([str(folder)]) == EXIT_BAD_MODEL
    assert "judged.csv is not the document that manifest.json describes" in capsys.readouterr().err
