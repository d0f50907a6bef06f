"""What is said of rows that pass every check but are rarely right, and that nothing is said of sound ones."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

import train
from model.artifact import ARTIFACT_FOLDER, Artifact, read_artifact
from model.manifest import Manifest
from model.problem.description import Problem
from model.problem.loading import load_problem
from model.training import pipeline
from model.training.dataset import Dataset, read_dataset
from model.training.draft import draft
from model.training.oddities import oddities
from model.training.pipeline import Trained
from model.training.simulation import HOMES_FILE
from model.training.split import held_out
from tests.model.tables import PROBLEMS
from tests.problems import NAMES, problem_file

FILES = {
    "puppy": (HOMES_FILE, "breed"),
    "penguins": (PROBLEMS / "penguins" / "penguins.csv", "species"),
    "yard": (PROBLEMS / "yard" / "homes.csv", "breed"),
}
HOMES = [line.split(",") for line in HOMES_FILE.read_text(encoding="utf-8").split()[1:]]
YARD_HEADER, *YARD = FILES["yard"][0].read_text(encoding="utf-8").splitlines()
OTHER = {"dachshund": "german_shepherd", "german_shepherd": "dachshund"}

Look = Callable[..., list[str]]


@pytest.fixture(scope="module")
def in_place() -> Artifact:
    return read_artifact(ARTIFACT_FOLDER)


@pytest.fixture(scope="module")
def trained(in_place: Artifact) -> Trained:
    return Trained(in_place, *(np.empty(0),) * 4)  # type: ignore[arg-type]


@pytest.fixture
def look(trained: Trained, tmp_path: Path) -> Look:
    """A function that returns what is odd about rows, once without a model in place."""

    def look(
        rows: list[list[str]] | list[str], problem: Problem, header: str, last: Manifest | None = None
    ) -> list[str]:
        path = tmp_path / "week.csv"
        lines = [row if isinstance(row, str) else ",".join(row) for row in rows]
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return said(read_dataset(path, problem), trained, last)

    return look


def said(data: Dataset, trained: Trained, last: Manifest | None = None) -> list[str]:
    held = held_out(data.matrix, data.labels)
    judged = dataclasses.replace(trained, held_matrix=data.matrix[held], held_labels=data.labels[held])
    return oddities(data, judged, last)


@pytest.fixture
def homes(look: Look, problem: Problem) -> Look:
    return lambda rows, last=None: look(rows, problem, "home_size_sqft,breed", last)


@pytest.fixture
def yard(look: Look) -> Look:
    problem = load_problem(problem_file("yard"))[0]
    return lambda rows: look(rows, problem, YARD_HEADER)


def number(problem: Problem, **changes: object) -> Problem:
    """Return the shipped problem with another number."""
    return msgspec.structs.replace(
        problem, features=(msgspec.structs.replace(problem.features[0], **changes),)
    )


# Sound rows


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_of_sound_rows(name: str, trained: Trained, tmp_path: Path) -> None:
    data, target = FILES[name]
    drafted = tmp_path / "problem.toml"
    drafted.write_text(draft(data, target)[0], encoding="utf-8")
    for file in (problem_file(name), drafted):
        assert said(read_dataset(data, load_problem(file)[0]), trained) == []


def test_nothing_is_said_of_the_next_week(homes: Look, in_place: Artifact) -> None:
    assert homes(HOMES[:300], in_place.manifest) == []
    assert homes(HOMES[2_000:], in_place.manifest) == []


@pytest.mark.parametrize("width", [0.2, 0.5, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("places", [-2, 0, 2])
def test_nothing_is_said_of_one_hump_however_wide_and_rounded(
    width: float, places: int, problem: Problem, look: Look
) -> None:
    random = np.random.default_rng(7)
    sizes = np.round(np.exp(random.normal(7, width, 3_000)), places)
    rows = [[f"{size}", "dachshund" if k % 2 else "german_shepherd"] for k, size in enumerate(sizes)]
    assert look(rows, number(problem, min=0, max=1e12, monotone=""), "home_size_sqft,breed") == []


@pytest.mark.parametrize("share_of_none", [0.04, 0.5])
def test_nothing_is_said_of_whole_hours_even_if_half_are_none(
    share_of_none: float, problem: Problem, look: Look
) -> None:
    random = np.random.default_rng(7)
    hours = np.where(random.random(3_000) < share_of_none, 0, random.integers(0, 25, 3_000))
    rows = [[f"{hour}", "dachshund" if k % 2 else "german_shepherd"] for k, hour in enumerate(hours)]
    plain = number(problem, min=0, max=24, monotone="", units={}, scale="linear", typical=(), example=5)
    assert look(rows, plain, "home_size,breed") == []


# Odd rows


@pytest.mark.parametrize(("value", "shown"), [("99999", "99,999"), ("0", "0"), ("-1", "-1")])
def test_a_number_that_stands_for_unknown(value: str, shown: str, problem: Problem, look: Look) -> None:
    rows = [[value, row[1]] if k % 20 == 3 else row for k, row in enumerate(HOMES)]
    [sentence] = look(rows, number(problem, min=-1, scale="linear"), "home_size_sqft,breed")
    assert sentence == (
        f"In week.csv, 300 rows (lines 5, 25, 45, ...) have the home_size {shown}; does it stand for "
        '"unknown"? Then leave the cells empty, and allow blanks: required = false.'
    )


def test_a_number_that_stands_for_unknown_among_round_ones(homes: Look) -> None:
    rows = [["99999" if k % 50 == 0 else f"{round(int(row[0]), -2)}", row[1]] for k, row in enumerate(HOMES)]
    [sentence] = homes(rows)
    assert "120 rows (lines 2, 52, 102, ...) have the home_size 99,999" in sentence


@pytest.mark.parametrize("every", [5, 10, 20])
def test_rows_in_square_metres_under_a_header_of_square_feet(every: int, homes: Look) -> None:
    rows = [
        [f"{int(size) / 10.7639:.0f}", breed] if k % every == 0 and int(size) > 540 else [size, breed]
        for k, (size, breed) in enumerate(HOMES)
    ]
    [sentence] = homes(rows)
    count = int(sentence.split()[2].replace(",", ""))
    assert count == pytest.approx(len(HOMES) / every, rel=0.1)
    assert sentence.startswith("In week.csv, ")
    assert f"(lines 2, {2 + every}, {2 + 2 * every}, ...) have a home_size about 11 times smaller" in sentence
    assert sentence.endswith(" than the others; are they in m², and the others in sq ft?")


def test_a_few_rows_in_kilograms_under_a_header_of_grams(look: Look) -> None:
    penguins = load_problem(problem_file("penguins"))[0]
    mass = msgspec.structs.replace(penguins.features_by_name["body_mass"], min=2)
    lighter = msgspec.structs.replace(
        penguins, features=tuple(mass if each.name == "body_mass" else each for each in penguins.features)
    )
    header, *lines = FILES["penguins"][0].read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines]
    for row in rows[10:120:10]:
        row[5] = str(int(row[5]) / 1000)
    [sentence] = look(rows, lighter, header)
    assert sentence == (
        "In week.csv, 11 rows (lines 12, 22, 32, ...) have a body_mass about 1,000 times smaller than the "
        "others; are they in kg, and the others in g?"
    )


def test_swapped_labels_go_against_the_declared_constraint(homes: Look) -> None:
    [sentence] = homes([[size, OTHER[breed]] for size, breed in HOMES])
    assert sentence == (
        "In week.csv, as home_size rises, homes are german_shepherd less often (rank correlation -0.67 in "
        '6,000 rows), but monotone = "increasing" is declared; are labels swapped?'
    )


def test_copies_that_contradict_each_other(yard: Look) -> None:
    copies = [row.replace(row.split(",")[-1], OTHER[row.split(",")[-1]]) for row in YARD[:600]]
    sentence = yard(YARD + copies)[0]
    assert "have the same features as another row, and another breed; which is right?" in sentence
    assert "(lines 2, 3, 4, ...)" in sentence
    assert int(sentence.split()[2].replace(",", "")) == pytest.approx(1_200, rel=0.05)


def test_held_out_rows_that_the_model_was_fitted_to(yard: Look) -> None:
    [sentence] = yard(YARD + YARD[:900])
    assert sentence == (
        "In week.csv, 308 of the 780 rows held out are copies of fitted ones, among 621 rows "
        "(lines 6, 10, 11, ...); the model is worse than measured."
    )


def test_points_that_probably_divide_thousands(problem: Problem, look: Look) -> None:
    rows = [[f"{int(size):,}".replace(",", "."), breed] for size, breed in HOMES]
    found = look(rows, number(problem, min=1, max=1000), "home_size_sqft,breed")
    [sentence] = [each for each in found if "thousands" in each]
    assert re.fullmatch(
        r"In week\.csv, 5,\d{3} rows \(lines .*\) have a home_size such as \d\.\d{3}, beside whole "
        r"numbers; do the points divide thousands\? Then take them out of the file\.",
        sentence,
    )


@pytest.mark.parametrize("decimals", [0, 1, 2, 3, 4])
def test_decimals_are_not_taken_for_thousands(decimals: int, problem: Problem, look: Look) -> None:
    rows = [[f"{int(size) / 170:.{decimals}f}", breed] for size, breed in HOMES]
    found = look(rows, number(problem, min=1, max=1000), "home_size_sqft,breed")
    assert not [each for each in found if "thousands" in each]


def test_an_imported_model_is_judged_on_all_rows_and_was_fitted_to_none_that_is_known(
    trained: Trained, tmp_path: Path
) -> None:
    path = tmp_path / "week.csv"
    path.write_text("\n".join([YARD_HEADER, *YARD, *YARD[:900]]) + "\n", encoding="utf-8")
    data = read_dataset(path, load_problem(problem_file("yard"))[0])
    judged = dataclasses.replace(trained, held_matrix=data.matrix, held_labels=data.labels)
    assert oddities(data, judged, None) == []


# Beside the model in place


@pytest.mark.parametrize(
    ("factor", "says"),
    [
        (1 / 10.764, "is it in m², under a header of sq ft?"),
        (10.764, "is it in sq ft, under a header of m²?"),
        (2.0, "is it in another unit, or is this another population?"),
    ],
)
def test_a_median_far_from_that_of_the_model_in_place(
    factor: float, says: str, in_place: Artifact, problem: Problem, look: Look
) -> None:
    rows = [[f"{int(size) * factor:.0f}", breed] for size, breed in HOMES]
    [sentence] = look(rows, number(problem, min=1, max=200_000), "home_size_sqft,breed", in_place.manifest)
    assert sentence.startswith("In week.csv, the median of home_size is ")
    assert sentence.endswith(f" (6,000 rows), and was 1,764.5 for the model in place; {says}")


def test_nothing_is_said_of_a_number_that_is_mostly_its_least_value(tmp_path: Path) -> None:
    path, problem = tmp_path / "table.csv", tmp_path / "problem.toml"
    rows = [f"{'ab'[k % 2]},{(k % 7 == 0) + (k % 70 == 0)},{k}" for k in range(700)]
    path.write_text("\n".join(["kind,times,size", *rows]), encoding="utf-8")
    problem.write_text(draft(path, "kind")[0], encoding="utf-8")
    trained = pipeline.train(read_dataset(path, load_problem(problem)[0]), {})
    data = read_dataset(path, trained.artifact.manifest.problem)
    assert not [each for each in oddities(data, trained, trained.artifact.manifest) if "times" in each]


def test_a_share_far_from_that_of_the_model_in_place(homes: Look, in_place: Artifact) -> None:
    rows = [[size, "dachshund"] if k % 3 == 0 else [size, breed] for k, (size, breed) in enumerate(HOMES)]
    [sentence] = homes(rows, in_place.manifest)
    assert sentence == (
        "In week.csv, 66% of the 6,000 rows are dachshund, and 50% were for the model in place; are labels "
        "swapped, or is this another population?"
    )


def test_a_model_in_place_of_another_problem_is_passed_over(in_place: Artifact, trained: Trained) -> None:
    problem = load_problem(problem_file("penguins"))[0]
    assert said(read_dataset(FILES["penguins"][0], problem), trained, in_place.manifest) == []


def test_training_prints_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "week.csv"
    rows = [["99999", breed] if k % 10 == 0 else [size, breed] for k, (size, breed) in enumerate(HOMES[:600])]
    data.write_text(
        "home_size_sqft,breed\n" + "".join(f"{','.join(row)}\n" for row in rows), encoding="utf-8"
    )
    assert train.main(["--data", str(data), "--out", str(tmp_path / "model")]) == 0
    assert (
        "train.py: warning: In week.csv, 60 rows (lines 2, 12, 22, ...) have the home_size 99,999; "
        in capsys.readouterr().err
    )
