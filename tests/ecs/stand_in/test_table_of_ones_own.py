"""A table of one's own, released by the settings alone: the penguins in place of the puppy, and back."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.predictor import Predictor
from tests.ecs.stand_in.conftest import Deployed
from tests.problems import train_problem


@pytest.fixture
def penguins(deployed: Deployed, tmp_path: Path) -> Iterator[Predictor]:
    """The penguins' model in the project, committed and named in the settings; undone afterwards."""
    project = deployed.place.project
    folder = Path(train_problem("penguins", tmp_path)).rename(project.folder / "model" / "penguins")
    project.set({"artifact": "model/penguins"})
    project.commit()
    yield Predictor.load(folder)
    project.undo()
    assert deployed.up().code == 0


def test_up_releases_the_model_that_the_settings_name(deployed: Deployed, penguins: Predictor) -> None:
    begun = time.monotonic()
    result = deployed.up()
    assert result.code == 0, result.said
    print(f"the penguins were released in {time.monotonic() - begun:.0f} s")  # noqa: T201 - shown by -s
    status = deployed.place.ecs("status", "--json").json
    assert status["model_version"] == penguins.model_version
    with deployed.client() as client:
        asked = {"island": "Biscoe", "flipper_length": 220, "bill_depth": 14.2}
        answer = client.post("/api/predict", json=asked).json()
        assert (answer["species"], answer["model_version"]) == ("Gentoo", penguins.model_version)
        assert "Which penguin did you meet?" in client.get("/").text
