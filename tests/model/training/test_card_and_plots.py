"""The model card and the plots, of every problem."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from model.artifact import ARTIFACT_FOLDER, Artifact, read_artifact
from model.manifest import CARD_NAME, Manifest
from model.problem.features import Choice
from model.training.card import constraints_in_words, write_card
from model.training.plots import (
    CALIBRATION,
    IMPORTANCE,
    MOST_BARS,
    PROBABILITY,
    choice_plot,
    feature_plot_name,
    importance_plot,
    number_plot,
)
from tests.model.tables import columns

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=["puppy", "five breeds", "yard", "penguins"])
def artifact(
    request: pytest.FixtureRequest, five_artifact: Artifact, model_of: Callable[[str], Path]
) -> Artifact:
    return five_artifact if request.param == "five breeds" else read_artifact(model_of(request.param))


def card(artifact: Artifact) -> str:
    return artifact.documents[CARD_NAME].decode()


def plots(artifact: Artifact) -> dict[str, bytes]:
    return {
        name: content
        for name, content in artifact.documents.items()
        if name.endswith(".svg") and not name.startswith("picture-")
    }


def words(drawing: bytes) -> list[str]:
    return [text.text or "" for text in ET.fromstring(drawing).iter(f"{SVG}text")]


def assert_no_word_leaves_the_frame(drawing: bytes) -> None:
    root = ET.fromstring(drawing)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for text in root.iter(f"{SVG}text"):
        length = 7.8 * len(text.text or "") * (1.2 if text.get("class") == "title" else 1)
        before = {"start": 0, "middle": 0.5, "end": 1}[text.attrib["text-anchor"]] * length
        start = float(text.attrib["x"]) - before
        assert start > 0, text.text
        assert start + length < width, text.text
        assert 0 < float(text.attrib["y"]) < height, text.text


# The card


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


def test_the_card_names_every_class_and_feature_and_shows_every_plot(artifact: Artifact) -> None:
    for entry in artifact.manifest.problem.classes:
        assert f"| {entry.name} |" in card(artifact)
    for feature in artifact.manifest.problem.features:
        assert f"| {feature.axis} (`{feature.name}`) |" in card(artifact)
    assert set(re.findall(r"\]\(([^)]+\.svg)\)", card(artifact))) == plots(artifact).keys()


def test_the_cards_figures_are_the_manifests(artifact: Artifact) -> None:
    metrics = artifact.manifest.metrics
    low, high = metrics.intervals["log_loss"]
    figures = f"{metrics.log_loss:.4f} ({low:.4f} to {high:.4f}) | {metrics.baseline['log_loss']:.4f} |"
    assert figures in card(artifact)
    assert "nan" not in card(artifact)


def test_the_tables_of_the_card_have_as_many_cells_in_every_line(artifact: Artifact) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", card(artifact), re.MULTILINE)
    assert len(tables) >= 5
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_the_card_of_the_puppies_says_who_should_not_use_it_and_how_the_data_were_simulated() -> None:
    puppies = card(read_artifact(ARTIFACT_FOLDER))
    assert "**Who should not use it:** anyone who is about to get a dog" in puppies
    assert "a median of 1,250 sq ft (Dachshund) and 2,500 sq ft (German Shepherd)" in puppies
    assert "At 1,765 sq ft the answer changes from Dachshund to German Shepherd." in puppies
    assert "Size below 315 or above 10,859 sq ft." in puppies


def test_no_document_of_another_problem_speaks_of_a_puppy(model_of: Callable[[str], Path]) -> None:
    penguins = read_artifact(model_of("penguins"))
    text = card(penguins) + b"".join(plots(penguins).values()).decode()
    assert not re.search(r"pupp|dog|breed|home|household", text, re.IGNORECASE)


def test_only_the_shipped_data_are_called_simulated(five_artifact: Artifact) -> None:
    puppies = read_artifact(ARTIFACT_FOLDER)
    assert "simulated, not a survey" in card(puppies)
    assert b"simulated" not in b"".join(five_artifact.documents.values())
    for name in (PROBABILITY, "feature-home_size.svg"):
        assert b"imulated" in puppies.documents[name]


def test_the_card_says_which_constraints_are_declared_and_whether_they_count(
    model_of: Callable[[str], Path], five_artifact: Artifact
) -> None:
    yard, five = read_artifact(model_of("yard")).manifest, five_artifact.manifest
    assert constraints_in_words(yard) == [
        "As Size rises, German Shepherd never gets less probable; the fit is constrained so.",
        "As Hours away rises, German Shepherd never gets more probable; the fit is constrained so.",
    ]
    assert constraints_in_words(five) == [
        "Size is declared increasing, which does not count with over two breeds."
    ]
    assert f"- {constraints_in_words(five)[0]}\n" in card(five_artifact)


def test_the_card_says_how_much_each_of_several_features_matters_the_most_first(
    model_of: Callable[[str], Path],
) -> None:
    yard = card(read_artifact(model_of("yard")))
    table = yard[yard.index("| Feature | Mean absolute SHAP") :]
    assert re.findall(r"\| (Size|Hours away|A yard) \| \d\.\d{3} \|", table) == [
        "Size",
        "Hours away",
        "A yard",
    ]
    assert "SHAP" not in card(read_artifact(ARTIFACT_FOLDER))


def test_the_card_names_choices_and_blanks_that_were_never_seen(model_of: Callable[[str], Path]) -> None:
    manifest = read_artifact(model_of("penguins")).manifest
    island, *others, sex = manifest.features
    new = msgspec.structs.replace(
        manifest,
        features=(
            msgspec.structs.replace(island, counts={**island.counts, "Torgersen": 0}),
            *others,
            msgspec.structs.replace(sex, blanks=0),
        ),
    )
    limits = write_card(new).decode().split("## Its limits")[1]
    assert "Island Torgersen; Bill length below 32.1 or above 59.6 mm; " in limits
    assert "; Sex not given." in limits


# The plots


def test_there_is_a_plot_of_each_feature_and_one_of_what_the_answers_depend_on(artifact: Artifact) -> None:
    features = artifact.manifest.problem.features
    of_all = {CALIBRATION, PROBABILITY if len(features) == 1 else IMPORTANCE}
    assert plots(artifact).keys() == of_all | {feature_plot_name(feature) for feature in features}


def test_a_plot_is_svg_that_stands_alone_and_describes_itself(artifact: Artifact) -> None:
    for content in plots(artifact).values():
        root = ET.fromstring(content)
        assert root.tag == f"{SVG}svg"
        for child in ("title", "desc"):
            found = root.find(f"{SVG}{child}")
            assert found is not None
            assert found.text
        assert b"prefers-color-scheme: dark" in content
        for outside in (b"<script", b"href", b"url(", b"@import", b"nan"):
            assert outside not in content
        assert len(content) < 60_000


def test_no_word_of_a_plot_leaves_its_frame(artifact: Artifact) -> None:
    for content in plots(artifact).values():
        assert_no_word_leaves_the_frame(content)


def test_plots_say_how_many_rows_have_no_value(model_of: Callable[[str], Path]) -> None:
    yard = read_artifact(model_of("yard"))
    blanks = {stats.name: stats.blanks for stats in yard.manifest.features}
    assert words(yard.documents["feature-has_yard.svg"])[-2:] == ["not given", f"{blanks['has_yard']:,}"]
    said = [
        re.search(r", ([\d,]+) not given$", text) for text in words(yard.documents["feature-hours_away.svg"])
    ]
    assert sum(int(found[1].replace(",", "")) for found in said if found) == blanks["hours_away"]


def long_words(manifest: Manifest) -> Manifest:
    """Return a manifest whose problem has long words everywhere."""
    problem = manifest.problem
    long = "an unusually long name of something that nobody would ever write in a table of data "
    features = tuple(
        msgspec.structs.replace(feature, short=long + feature.short, axis=long + feature.axis)
        for feature in problem.features
    )
    classes = tuple(msgspec.structs.replace(entry, name=long + entry.name) for entry in problem.classes)
    return msgspec.structs.replace(
        manifest, problem=msgspec.structs.replace(problem, features=features, classes=classes)
    )


def test_long_words_do_not_leave_the_frame_either(model_of: Callable[[str], Path]) -> None:
    manifest = long_words(read_artifact(model_of("penguins")).manifest)
    matrix, labels = columns("penguins")
    island, bill = manifest.problem.features[:2]
    assert_no_word_leaves_the_frame(importance_plot(manifest))
    assert_no_word_leaves_the_frame(choice_plot(manifest, island, matrix[:, 0], labels))
    assert_no_word_leaves_the_frame(number_plot(manifest, bill, matrix[:, 1], labels))  # type: ignore[arg-type]


def test_the_rarest_of_many_choices_share_a_bar(model_of: Callable[[str], Path]) -> None:
    manifest = read_artifact(model_of("penguins")).manifest
    matrix, labels = columns("penguins")
    island = manifest.problem.features[0]
    assert isinstance(island, Choice)
    many = msgspec.structs.replace(
        island, choices=island.choices | {f"k{n}": f"Islet {n}" for n in range(50)}
    )
    drawing = choice_plot(manifest, many, matrix[:, 0], labels)
    names = words(drawing)
    assert f"{50 + 3 - MOST_BARS} others" in names
    assert names.index("Biscoe") < names.index("Dream") < names.index("Torgersen")
