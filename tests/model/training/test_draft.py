"""A first description of a table: good enough to train with as it is."""

import csv
import io
import re
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import train
from model.problem.description import Problem
from model.problem.features import Choice, Number, YesNo
from model.problem.loading import load_problem
from model.training.dataset import MIN_ROWS, DatasetError, read_dataset
from model.training.draft import MOST_CHOICES, draft
from tests.model.tables import PROBLEMS

PENGUINS = PROBLEMS / "penguins" / "penguins.csv"


def write(folder: Path, columns: dict[str, list[str]]) -> Path:
    """Write a table of 60 rows from columns that are repeated as often as they must."""
    columns = {"kind": ["a", "b"]} | columns
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(columns)
    writer.writerows(zip(*((cells * 60)[:60] for cells in columns.values()), strict=True))
    path = folder / "data.csv"
    path.write_text(table.getvalue(), encoding="utf-8")
    return path


def drafted(data: Path, target: str = "kind") -> tuple[str, Problem]:
    """Return the draft for a table, as text and as it is read."""
    text, _ = draft(data, target)
    path = data.with_suffix(".toml")
    path.write_text(text, encoding="utf-8")
    return text, load_problem(path)[0]


def test_the_penguins_are_described_and_read_as_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--draft", str(PENGUINS), "--target", "species"]) == 0
    path = tmp_path / "problem.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    found = read_dataset(PENGUINS, load_problem(path)[0])
    assert len(found.matrix) == 344
    assert list(found.problem.by_key) == ["Adelie", "Chinstrap", "Gentoo"]
    asked = {feature.name: (type(feature), feature.required) for feature in found.problem.features}
    assert asked == {
        "island": (Choice, True),
        "bill_length": (Number, False),
        "bill_depth": (Number, False),
        "flipper_length": (Number, False),
        "body_mass": (Number, False),
        "sex": (Choice, False),
        "year": (Number, True),
    }


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["Yes", "no", "Y"], YesNo),
        (["True", "False"], YesNo),
        (["0", "1"], YesNo),
        (["1", "2", "3"], Number),
        (["1,200.5", "900"], Number),
        (["05", "10", "23"], Number),
        (["red", "Blue"], Choice),
        (["red", "1"], Choice),
    ],
)
def test_kinds_follow_from_the_texts(tmp_path: Path, cells: list[str], kind: type) -> None:
    _, problem = drafted(write(tmp_path, {"thing": cells}))
    assert type(problem.features[0]) is kind


@pytest.mark.parametrize(
    ("cells", "limits"),
    [
        (["32.1", "59.6"], (20, 70, "linear")),
        (["0", "17"], (0, 30, "linear")),
        (["-3", "4"], (-5, 6, "linear")),
        (["0.02", "0.9"], (0, 1.2, "linear")),
        (["350", "80000"], (0, 100_000, "linear")),
        (["350", "500", "700", "80000"], (100, 100_000, "log")),
        (["1600000000123", "1600000000456"], (1600000000000, 1600000000600, "linear")),
    ],
)
def test_limits_are_rounded_outwards(
    tmp_path: Path, cells: list[str], limits: tuple[float, float, str]
) -> None:
    _, problem = drafted(write(tmp_path, {"thing": cells}))
    (number,) = problem.numbers
    assert (number.min, number.max, number.scale) == limits
    assert number.min <= number.example <= number.max


def test_one_number_far_beyond_others_that_are_nearly_alike_gives_limits_all_the_same(tmp_path: Path) -> None:
    cells = [f"{'ab'[row % 2]},{'1e36' if row == 7 else f'{row % 3}e-300'}" for row in range(6_000)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["kind,thing", *cells]), encoding="utf-8")
    _, problem = drafted(path)
    (number,) = problem.numbers
    assert number.min == 0
    assert 1e36 < number.max <= 2e36


def test_choices_stand_in_the_order_of_their_figures_of_any_length(tmp_path: Path) -> None:
    cells = ["10 years", "2 years", "9" * 5_000, "none yet"]
    _, problem = drafted(write(tmp_path, {"thing": cells}))
    (choice,) = problem.features
    assert isinstance(choice, Choice)
    assert list(choice.choices) == ["2 years", "10 years", "9" * 5_000, "none yet"]


def test_blanks_make_a_feature_optional_and_are_counted(tmp_path: Path) -> None:
    text, problem = drafted(write(tmp_path, {"thing": ["red", "NA", "blue", "", "null", "red"]}))
    assert "required = false  # 30 rows are blank" in text
    assert problem.features[0].required is False
    assert read_dataset(tmp_path / "data.csv", problem).matrix[:6, 0] == pytest.approx(
        [1, np.nan, 0, np.nan, np.nan, 1], nan_ok=True
    )


def test_texts_that_differ_in_case_are_one_choice_and_no_two_have_the_same_label(tmp_path: Path) -> None:
    _, problem = drafted(
        write(tmp_path, {"thing": ["red", "Red", "RED", "red", "dark_blue", "Dark Blue", "light_blue"]})
    )
    (choice,) = problem.features
    assert isinstance(choice, Choice)
    assert choice.choices == {
        "Dark Blue": "Dark Blue",
        "dark_blue": "dark_blue",
        "light_blue": "Light blue",
        "red": "Red",
    }


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("id", [str(7 + row) for row in range(60)], "it numbers the rows."),
        ("AccountID", [str(row * row) for row in range(60)], "it numbers the rows."),
        ("zip", [f"{row:05}" for row in range(60)], "it has 60 different texts, such as '00000'."),
        ("note", [f"note {row}" for row in range(60)], "it has 60 different texts, such as 'note 0'."),
        (
            "size",
            [*map(str, range(10)), "none known", "x", "x"],
            "it has 48 numbers, but also 'x' (8), 'none known' (4); leave",
        ),
        (
            "price",
            ["1,5", "2 €", *map(str, range(7))],
            "numbers have a point, not a comma as '1,5' has; write",
        ),
        (
            "price",
            ["$1,101", "$2,000", "$3", *map(str, range(7))],
            "numbers stand without a sign as '$1,101' has",
        ),
        (
            "price",
            ["1,5", "2 €", *map(str, range(7))],
            " And numbers stand without a sign as '2 €' has; take",
        ),
        ("thing", ["red"], "it has the same value in every row."),
        ("thing", ["1.0", "1"], "it has the same value in every row."),
        ("thing", ["", "NA"], "it has the same value in every row."),
        ("размер", ["1", "2"], "its name can't be written in letters of English and digits; rename it"),
        ("размер", ["1"], "it has the same value in every row. And its name can't be written in letters"),
        ("1st", ["1", "2"], "the name '1st' can't be a member of JSON"),
        ("model", ["1", "2"], "the name 'model' is one of the API's own members; choose another."),
        ("rows", ["1", "2"], "its name is taken."),
        ("", ["1", "2"], "the name '' can't be a member of JSON"),
    ],
)
def test_a_column_that_can_be_no_feature_is_left_out_with_the_reason(
    tmp_path: Path, name: str, cells: list[str], why: str
) -> None:
    text, problem = drafted(write(tmp_path, {name: cells, "other": ["1", "2", "4"]}))
    [comment] = re.findall(f"# The column {name or 'one without a name'} is left out: (.*)", text)
    assert why in comment
    assert [feature.name for feature in problem.features] == ["other"]


def test_what_it_was_unsure_of_is_said(tmp_path: Path) -> None:
    text, _ = drafted(write(tmp_path, {"thing": ["0", "1"], "grade": ["1", "2", "3"]}))
    assert 'kind = "yes_no"  # 0 and 1 are taken for no and yes' in text
    assert '# choices = { "1" = "1", "2" = "2", "3" = "3" }' in text


def test_classes_that_cannot_be_trained_on_are_said(tmp_path: Path) -> None:
    path = write(tmp_path, {"thing": ["1", "2"], "kind": [*["a"] * 40, *["b"] * 10, *[""] * 10]})
    text, _ = drafted(path)
    assert "# 10 rows have no answer; take them out of the file" in text
    assert "# Each class needs 30 rows; too few have b. Take" in text


def test_spellings_of_a_class_are_counted_together(tmp_path: Path) -> None:
    path = write(tmp_path, {"thing": ["1", "2"], "kind": [*["a"] * 20, *["A"] * 15, *["b"] * 25]})
    text, _ = drafted(path)
    assert "# Each class needs 30 rows; too few have b. Take" in text


def test_a_unit_stays_in_the_name_where_the_number_has_two_or_it_is_a_word(tmp_path: Path) -> None:
    _, problem = drafted(
        write(
            tmp_path, {"size_g": ["1", "2"], "size_kg": ["3", "4"], "size": ["5", "6"], "per_day": ["7", "8"]}
        )
    )
    assert [feature.name for feature in problem.features] == ["size_g", "size_kg", "size", "per_day"]


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Area (sq ft)", "area", "sqft"),
        ("Price per kg", "price_per_kg", ""),
        ("Area sq km", "area_sq_km", ""),
    ],
)
def test_a_unit_of_several_words_is_taken_whole_or_not_at_all(
    tmp_path: Path, header: str, name: str, unit: str
) -> None:
    path = write(tmp_path, {header: ["900", "1200", "2000"]})
    _, problem = drafted(path)
    assert [(number.name, number.unit) for number in problem.numbers] == [(name, unit)]
    assert read_dataset(path, problem).matrix[0, 0] == 900


def test_decimal_commas_between_semicolons_are_declared_and_read(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = "".join(
        f"{'ab'[row % 2]};{2 * row},5;1.{2 * row + 100};{row % 7};{row % 3},0 kg\n" for row in range(60)
    )
    path.write_text(f"kind;size;mass;count;note\n{rows}", encoding="utf-8")
    text, problem = drafted(path)
    assert "decimal_comma = true" in text
    assert [(feature.name, type(feature)) for feature in problem.features] == [
        ("size", Number),
        ("mass", Number),
        ("count", Number),
        ("note", Choice),
    ]
    assert read_dataset(path, problem).matrix[:2].tolist() == [[0.5, 1100, 0, 0], [2.5, 1102, 1, 1]]


def test_columns_of_one_name_between_semicolons_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = "".join(f"{'ab'[row % 2]};{2 * row},5;{row % 7};{row % 5}\n" for row in range(60))
    path.write_text(f"kind;size;size;count\n{rows}", encoding="utf-8")
    text, problem = drafted(path)
    assert text.count("size is left out: the file has several columns of this name; keep one.") == 2
    assert [feature.name for feature in problem.features] == ["count"]


def test_beside_a_declared_decimal_comma_only_what_is_no_number_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = "".join(
        f"{'ab'[row % 2]};{2 * row},5;{'keine' if row % 9 == 4 else f'{row},25'};{row},5 %\n"
        for row in range(60)
    )
    path.write_text(f"kind;size;mass;share\n{rows}", encoding="utf-8")
    text, _ = drafted(path)
    assert "mass is left out: it has 53 numbers, but also 'keine' (7); leave these cells empty.\n" in text
    assert (
        "share is left out: numbers stand without a sign as '0,5 %' has; take it out of the file.\n" in text
    )


@pytest.mark.parametrize("cell", ["1,234", "{row}", "1.234"])
def test_a_comma_that_may_divide_thousands_declares_nothing(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "data.csv"
    rows = "".join(f"{'ab'[row % 2]};{cell.format(row=row)};{row % 7}\n" for row in range(60))
    path.write_text(f"kind;size;mass\n{rows}", encoding="utf-8")
    text, _ = drafted(path)
    assert "decimal_comma" not in text


def test_a_header_that_is_a_question_is_asked_as_it_is(tmp_path: Path) -> None:
    path = write(
        tmp_path, {"How old are you?": [str(row) for row in range(0, 120, 2)], "Any pets?": ["yes", "no"]}
    )
    _, problem = drafted(path)
    assert [(feature.name, feature.question) for feature in problem.features] == [
        ("how_old_are_you", "How old are you?"),
        ("any_pets", "Any pets?"),
    ]


@pytest.mark.parametrize(
    ("header", "name", "words"),
    [
        ("SepalLengthCm", "sepal_length", "sepal length"),
        ("monthlyIncome", "monthly_income", "monthly income"),
        ("BMIValue", "bmi_value", "bmi value"),
        ("CustomerID", "customer_id", "customer id"),
        ("KmDriven", "km_driven", "km driven"),
        ("pHValue", "ph_value", "ph value"),
        ("CO2Level", "co2_level", "co2 level"),
        ("pH", "ph", "ph"),
        ("Größe", "grosse", "grosse"),
        ("Durée", "duree", "duree"),
        ("MASS", "mass", "mass"),
    ],
)
def test_a_name_is_divided_into_its_words_and_the_header_is_still_found(
    tmp_path: Path, header: str, name: str, words: str
) -> None:
    path = write(tmp_path, {header: ["1.5", "2.5", "4"]})
    _, problem = drafted(path)
    (number,) = problem.numbers
    assert (number.name, number.question) == (name, f"What is the {words}?")
    assert read_dataset(path, problem).matrix[:3, 0].tolist() == [1.5, 2.5, 4]


def test_names_that_say_yes_or_no_are_asked_in_a_sentence(tmp_path: Path) -> None:
    cells = ["yes", "no"]
    _, problem = drafted(write(tmp_path, {"is_open": cells, "HasYard": cells, "churned": cells, "is": cells}))
    questions = [feature.question for feature in problem.features]
    assert questions == ["Is it open?", "Does it have yard?", "Churned?", "Is?"]


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("TRUE", "False"), ("y", "N")])
def test_an_answer_of_yes_or_no_is_asked_and_named_so(tmp_path: Path, yes: str, no: str) -> None:
    text, problem = drafted(write(tmp_path, {"is_fraud": [no, yes, no], "size": ["1", "2", "3"]}), "is_fraud")
    assert (problem.title, problem.question) == ("Fraud", "Is it fraud?")
    assert {entry.key: entry.name for entry in problem.classes} == {yes: "Yes", no: "No"}
    assert (problem.answer.name, problem.target.plural) == ("answer", "answers")
    assert ("# 0 and 1 are taken for no and yes." in text) == (yes == "1")


def test_an_answer_in_two_spellings_of_yes_keeps_them_apart(tmp_path: Path) -> None:
    _, problem = drafted(
        write(tmp_path, {"open": ["yes", "y", "no"], "size": ["1", "2", "3", "4", "5"]}), "open"
    )
    assert [entry.name for entry in problem.classes] == ["No", "Y", "Yes"]


def test_codes_that_begin_with_zero_are_choices_and_keep_it(tmp_path: Path) -> None:
    _, problem = drafted(write(tmp_path, {"zip": ["02139", "90210"]}))
    (choice,) = problem.features
    assert isinstance(choice, Choice)
    assert choice.choices == {"02139": "02139", "90210": "90210"}


@pytest.mark.parametrize("sign", ["${}", "{} €", "{}%"])
def test_numbers_with_a_sign_are_named(tmp_path: Path, sign: str) -> None:
    cells = [sign.format(f"{row * 31:,}.5") for row in range(60)]
    text, _ = drafted(write(tmp_path, {"mass": list(map(str, range(0, 120, 2))), "price": cells}))
    assert f"The column price is left out: numbers stand without a sign as {cells[0]!r} has" in text


def test_names_are_words_and_the_target_may_be_spelled_otherwise(tmp_path: Path) -> None:
    _, problem = drafted(write(tmp_path, {"Home size (m²)": ["80", "120"]}), "KIND ")
    (number,) = problem.numbers
    assert (number.name, number.question) == ("home_size", "What is the home size?")
    assert number.units["m2"].label == "m2"
    assert (problem.target.name, problem.target.plural) == ("kind", "kinds")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (
            "",
            "Name the column to answer, as --target COLUMN. The columns of {path} are kind, size, note.",
        ),
        ("breed", "There is no column breed. The columns of {path} are kind, size, note."),
        ("nite", "There is no column nite. Did you mean note? The columns of {path} are kind,"),
        ("size", "The column 'size' of {path} has 60 different values, and can be answered with 2 to 50;"),
        ("note", "The column 'note' of {path} has 1 different values, and can be answered with 2 to 50;"),
    ],
)
def test_a_column_that_cannot_be_answered_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, says: str
) -> None:
    path = write(tmp_path, {"size": [f"{row / 7:.3f}" for row in range(60)], "note": ["x"]})
    assert train.main(["--draft", str(path), "--target", target]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"train.py: {says.format(path=path)}")


def test_what_is_left_out_is_also_said_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, {"size": ["1", "2", "3"], "note": ["x"], "": ["1", "2"]})
    assert train.main(["--draft", str(path), "--target", "kind"]) == 0
    said = "train.py: left out, for the reasons in the comments: note, one without a name\n"
    assert capsys.readouterr().err == said


def test_no_file_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        train.main(["--draft", "", "--target", "kind"])
    assert stopped.value.code == 2
    assert "argument --draft: must name a CSV (with make: DATA=); it is empty" in capsys.readouterr().err


def test_a_table_without_a_feature_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"No column of .* can be asked for\. The column thing is left out"
    ):
        draft(write(tmp_path, {"thing": ["red"]}), "kind")
    path = tmp_path / "table.csv"
    path.write_text("kind\n" + "a\nb\n" * 30)
    with pytest.raises(DatasetError, match=r"can be asked for\. It has no other than 'kind'\.$"):
        draft(path, "kind")
    path.write_text("kind,Kind,size\n" + "a,b,1\nb,a,2\n" * 30)
    with pytest.raises(DatasetError, match=r"has 2 columns kind; keep one\.$"):
        draft(path, "kind")


cells_of_tables = st.one_of(
    st.floats(allow_nan=False).map(str),
    st.integers().map(str),
    st.integers(0, 3).map(str),
    st.sampled_from(
        ["yes", "No", "y", "true", "NA", "", " ", "Red", "red", "dark_blue", "Dark blue", "é", "£5"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n"'), max_size=8),
)
names_of_columns = st.one_of(
    st.sampled_from(["Size", "size", "home size (m²)", "class", "unit", "name", "1st", "rows", "Straße", ""]),
    st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n"'), max_size=8),
)


@given(
    columns=st.lists(
        st.tuples(names_of_columns, st.lists(cells_of_tables, min_size=2, max_size=30)),
        min_size=1,
        max_size=5,
    ),
    classes=st.lists(cells_of_tables.filter(str.strip), min_size=2, max_size=4, unique_by=str.strip),
)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
def test_whatever_the_table_its_draft_can_be_trained_with_as_it_is(
    columns: list[tuple[str, list[str]]], classes: list[str]
) -> None:
    rows = MIN_ROWS * 5
    table = io.StringIO()
    writer = csv.writer(table)
    columns.append(("good", ["1", "2"]))
    writer.writerow(["the answer", *(name for name, _ in columns)])
    writer.writerows(
        zip((classes * rows)[:rows], *((cells * rows)[:rows] for _, cells in columns), strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_text(table.getvalue(), encoding="utf-8")
        try:
            _, problem = drafted(path, "the_answer")
        except DatasetError:
            reject()
        found = read_dataset(path, problem)
    assert len(found.matrix) == rows
    assert min(Counter(found.labels.tolist()).values()) >= MIN_ROWS
    assert all(len(each.choices) <= MOST_CHOICES for each in problem.features if isinstance(each, Choice))
