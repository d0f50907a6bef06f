"""The model card and the plots."""

from xml.etree import ElementTree as ET

import pytest

from model.artifact import ARTIFACT_FOLDER, Artifact, read_artifact
from model.manifest import CARD_NAME
from model.training.plots import CALIBRATION, HOMES, PROBABILITY


@pytest.fixture(scope="module", params=["two breeds", "five breeds"])
def artifact(request: pytest.FixtureRequest, five_artifact: Artifact) -> Artifact:
    return read_artifact(ARTIFACT_FOLDER) if request.param == "two breeds" else five_artifact


def card(artifact: Artifact) -> str:
    return artifact.documents[CARD_NAME].decode()


def test_the_card_has_its_sections(artifact: Artifact) -> None:
    headings = [line for line in card(artifact).splitlines() if line.startswith("## ")]
    assert headings == [
        "## What it is for",
        "## The data",
        "## What it answers",
        "## How good it is",
        "## Its limits",
        "## How it was fitted",
    ]
    assert "**Who should not use it:**" in card(artifact)


def test_the_card_names_every_breed_and_shows_every_plot(artifact: Artifact) -> None:
    for breed in artifact.manifest.problem.classes:
        assert breed.name in card(artifact)
    for plot in (PROBABILITY, CALIBRATION, HOMES):
        assert f"]({plot})" in card(artifact)


def test_the_cards_figures_are_the_manifests(artifact: Artifact) -> None:
    metrics = artifact.manifest.metrics
    low, high = metrics.intervals["log_loss"]
    figures = f"{metrics.log_loss:.4f} ({low:.4f} to {high:.4f}) | {metrics.baseline['log_loss']:.4f} |"
    assert figures in card(artifact)


def test_only_simulated_data_are_called_simulated(five_artifact: Artifact) -> None:
    assert "simulated, not a survey" in card(read_artifact(ARTIFACT_FOLDER))
    assert "simulated" not in card(five_artifact)
    assert b"simulated" not in b"".join(five_artifact.documents.values())
    assert b"imulated" in read_artifact(ARTIFACT_FOLDER).documents[PROBABILITY]
    assert b"imulated" in read_artifact(ARTIFACT_FOLDER).documents[HOMES]


@pytest.mark.parametrize("name", [PROBABILITY, CALIBRATION, HOMES])
def test_a_plot_is_svg_that_stands_alone_and_describes_itself(artifact: Artifact, name: str) -> None:
    content = artifact.documents[name]
    root = ET.fromstring(content)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for child in ("title", "desc"):
        found = root.find(f"{{http://www.w3.org/2000/svg}}{child}")
        assert found is not None
        assert found.text
    assert b"prefers-color-scheme: dark" in content
    for outside in (b"<script", b"href", b"url(", b"@import"):
        assert outside not in content
    assert len(content) < 60_000


def test_no_word_of_a_plot_leaves_its_frame(artifact: Artifact) -> None:
    for name in (PROBABILITY, CALIBRATION, HOMES):
        root = ET.fromstring(artifact.documents[name])
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        for text in root.iter("{http://www.w3.org/2000/svg}text"):
            length = 7.8 * len(text.text or "") * (1.2 if text.get("class") == "title" else 1)
            start = (
                float(text.attrib["x"])
                - {"start": 0, "middle": 0.5, "end": 1}[text.attrib["text-anchor"]] * length
            )
            assert start > 0
            assert start + length < width
            assert 0 < float(text.attrib["y"]) < height
