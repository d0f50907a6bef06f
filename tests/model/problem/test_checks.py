"""Reading a problem: what may be left out, and a sentence for each fault."""

from pathlib import Path

import msgspec
import pytest

from model.problem.checks import ProblemError, warnings
from model.problem.description import Problem
from model.problem.loading import PROBLEM_FILE, load_problem

SHOP = """\
[target]
name = "was_sold"

[target.classes.no]
name = "No"

[target.classes.yes]
name = "Yes"

[[features]]
name = "price"
kind = "number"
units = { eur = { label = "€" }, usd = { label = "$", factor = 0.9 } }
min = 1
max = 100

[[features]]
name = "colour"
kind = "choice"
choices = { red = "Red", blue = "Blue" }

[[features]]
name = "is_new"
kind = "yes_no"
required = false
"""
MAYBE = '[target.classes.maybe]\nname = "Maybe"\n\n[target.classes.yes]'


def shop(folder: Path, before: str = "", after: str = "") -> Path:
    """Write the description of a shop in which the first of a text is replaced."""
    assert before in SHOP
    path = folder / "problem.toml"
    path.write_text(SHOP.replace(before, after, 1), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    """Return why a problem is refused, without the name of its folder."""
    with pytest.raises(ProblemError) as refusal:
        load_problem(path)
    return str(refusal.value).replace(f"{path.parent}/", "")


# Good


def test_all_words_may_be_left_out(tmp_path: Path) -> None:
    problem, pictures = load_problem(shop(tmp_path))
    assert (problem.title, problem.question, problem.description) == ("Was sold", "Was sold?", "Was sold?")
    assert (problem.row.plural, problem.answer.name, problem.target.plural) == (
        "rows",
        "was sold",
        "was solds",
    )
    price = problem.numbers[0]
    assert (price.question, price.short, price.axis, price.example) == ("Price", "price", "Price", 50.5)
    assert list(problem.by_key) == ["no", "yes"]
    assert pictures == {}


@pytest.mark.parametrize(
    ("limits", "example"),
    [
        ('min = 1\nmax = 10\ntypical = [{ label = "A book", eur = 3.5, usd = 3 }]', 3.5),
        ("min = 1\nmax = 10", 5.5),
        ("min = 1000.1\nmax = 1000.2", pytest.approx(1000.15)),
        ('min = 1\nmax = 10_000\nscale = "log"', 100),
    ],
)
def test_a_numbers_example_is_a_typical_value_or_the_middle(
    tmp_path: Path, limits: str, example: float
) -> None:
    problem, _ = load_problem(shop(tmp_path, "min = 1\nmax = 100", limits))
    assert problem.numbers[0].example == example


@pytest.mark.parametrize("hint", ["", "Without tax."])
def test_the_hint_of_a_number_that_may_be_blank_says_so(tmp_path: Path, hint: str) -> None:
    lines = f'min = 1\nmax = 100\nrequired = false\nhint = "{hint}"'
    problem, _ = load_problem(shop(tmp_path, "min = 1\nmax = 100", lines))
    assert problem.numbers[0].hint == f"{hint} Leave it empty if you don’t know.".lstrip()  # noqa: RUF001


def test_the_catalogue_and_pictures_are_found_from_the_files_that_name_them(tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "classes.toml").write_text(
        '[no]\nname = "No"\n[yes]\nname = "Yes"\npicture = "yes.svg"\n'
    )
    (tmp_path / "catalogue" / "yes.svg").write_bytes(b"<svg/>")
    (tmp_path / "icon.png").write_bytes(b"png")
    target = (
        'icon = "icon.png"\n[target]\nclasses = "catalogue/classes.toml"\nname = "was_sold"\n[[features]]'
    )
    path = tmp_path / "problem.toml"
    path.write_text(target + SHOP.split("[[features]]", maxsplit=1)[1], encoding="utf-8")
    problem, pictures = load_problem(path)
    assert pictures == {problem.icon: b"png", problem.by_key["yes"].picture: b"<svg/>"}


def test_the_shipped_problem_has_no_warnings() -> None:
    assert warnings(load_problem(PROBLEM_FILE)[0]) == []


def test_a_problem_goes_through_json_unchanged(tmp_path: Path) -> None:
    problem, _ = load_problem(shop(tmp_path))
    assert msgspec.json.decode(msgspec.json.encode(problem), type=Problem) == problem


# Faults


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            '"number"',
            '"text"',
            "the feature 'price' has the kind 'text'; it must be number, choice or yes_no.",
        ),
        ('kind = "number"\n', "", "the feature 'price' has no kind; it must be number, choice or yes_no."),
        (
            "[[features]]",
            "[[feature]]",
            "the file is not valid: Object contains unknown field `feature`",
        ),
        (
            "min = 1\n",
            "",
            "the feature 'price' is not valid: Object missing required field `min`. model/README",
        ),
        ("min = 1\n", 'min = "1"\n', "the feature 'price' is not valid: Expected `float`, got `str`"),
        (
            'units = { eur = { label = "€" }, usd = { label = "$", factor = 0.9 } }',
            'units = ["eur"]',
            "the units of the feature 'price' are no tables; write units = { g = { label = \"g\" } }.",
        ),
        ("min = 1\n", "mni = 1\n", "the feature 'price' is not valid: Object contains unknown field `mni`"),
        ("min = 1\n", "min = 200\n", "the limits of price are the wrong way round: min is 200, and max 100."),
        ("max = 100", "max = inf", "the limits of price are beyond what XGBoost holds, 3e38."),
        ("max = 100", "max = 100\nexample = 500", "the example of price, 500, is outside its limits."),
        ("min = 1\n", 'min = 0\nscale = "log"\n', 'price has scale = "log" and min = 0; a logarithm needs'),
        (
            "max = 100",
            'max = 100\nmonotone = "up"',
            "the feature 'price' is not valid: Invalid enum value 'up'",
        ),
        (
            "max = 100",
            "max = 100\ntypical = 5",
            "the feature 'price' is not valid: Expected `array`, got `int`",
        ),
        (
            "max = 100",
            'max = 100\ntypical = [{ label = "A book", eur = 20 }]',
            "a typical value of price has label and eur; it needs label and eur and usd.",
        ),
        (
            "max = 100",
            'max = 100\ntypical = [{ label = "A book", eur = 20, usd = 200 }]',
            "the typical value 'A book' of price is no number within its limits.",
        ),
        (
            '"€"',
            '"€", factor = 2',
            "the first unit of price is the model's own, so its factor is 1; leave it out.",
        ),
        ("usd", "US", "the unit 'US' of price must be a word of small letters, digits and underscores."),
        (
            "colour",
            "Colour",
            "the name 'Colour' can't be a member of JSON that clients read easily; use small",
        ),
        ("colour", "probability", "the name 'probability' is one of the API's own members; choose another."),
        ("colour", "price", "the name 'price' occurs 2 times; names must differ."),
        ("colour", "was_sold", "the name 'was_sold' occurs 2 times; names must differ."),
        ("colour", "unit", "the name 'unit' occurs 2 times; names must differ."),
        ("colour", "rows", "the name 'rows' occurs 2 times; names must differ."),
        (
            'kind = "choice"',
            'kind = "choice"\nmonotone = "increasing"',
            "the feature 'colour' is no number, so it has no order; remove monotone.",
        ),
        (
            'kind = "yes_no"',
            'kind = "yes_no"\nmonotone = "increasing"',
            "the feature 'is_new' is no number, so it has no order; remove monotone.",
        ),
        (
            'blue = "Blue"',
            'blue = "RED"',
            "2 choices of colour have the label 'red'; people can't tell them apart.",
        ),
        (
            '"Red", blue = "Blue"',
            '"Crimson", blue = "red"',
            "colour has the label 'red' for 'blue', which is the key of another choice.",
        ),
        (
            ' blue = "Blue"',
            '" blue" = "Blue"',
            "colour has the choice ' blue': 'Blue'; write both without spaces",
        ),
        (', blue = "Blue"', "", "the feature 'colour' is not valid: Expected `object` of length >= 2"),
        (
            'kind = "choice"',
            'kind = "choice"\nexample = "grey"',
            "the example of colour, 'grey', is none of its choices.",
        ),
        ('name = "Yes"', 'name = "No"', "2 classes are named 'No'; people could not tell them apart."),
        ('name = "Yes"', "", "the class 'yes' is not valid: Object missing required field `name`."),
        ('[target.classes.yes]\nname = "Yes"', "", "there must be two classes or more."),
        (
            'name = "was_sold"',
            "name = 3",
            "the file is not valid: Expected `str`, got `int` - at `$.target.name`.",
        ),
        ('name = "was_sold"', 'name = "model"', "the name 'model' is one of the API's own members; choose"),
        (
            'name = "was_sold"',
            'name = "was_sold"\nplural = "static"',
            "target.plural is 'static', which can't be the address of a page; choose another.",
        ),
        (
            "[target]",
            'titel = "Shop"\n[target]',
            "the file is not valid: Object contains unknown field `titel`.",
        ),
        (
            "[target]",
            '[sentences]\nrows = "Things"\n[target]',
            'sentences.rows must have the place {range} and no other, as in "Homes {range}".',
        ),
        (
            "[target]",
            'row = { name = "thing", plural = "2 things" }\n[target]',
            "row.plural is '2 things'; write a word in letters.",
        ),
    ],
)
def test_a_fault_is_refused_in_a_sentence(tmp_path: Path, before: str, after: str, says: str) -> None:
    said = refusal(shop(tmp_path, before, after))
    assert said.startswith("problem.toml: ")
    assert says in said
    assert said.endswith(".")
    assert "\n" not in said


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    path = shop(tmp_path, "min = 1\n", "min = 200\n")
    path.write_text(path.read_text(encoding="utf-8").replace('"Blue"', '"Red"').replace('"No"', '"Yes"'))
    assert [line.removeprefix("problem.toml: ")[:20] for line in refusal(path).splitlines()] == [
        "2 classes are named ",
        "the limits of price ",
        "2 choices of colour ",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "problem.toml is empty; `python train.py --draft` prints what stands in such a file."),
        (
            "title = 'x'",
            "problem.toml: target.classes must be the name of a catalogue, or tables [target.classes.KEY]",
        ),
        ("title = ", "problem.toml is not valid TOML: Invalid value (at end of document)."),
        (b"\xff", "problem.toml is not valid TOML: "),
        (
            SHOP[: SHOP.index("[[features]]")],
            "problem.toml: there is no [[features]] table; describe at least",
        ),
        ('[target]\nclasses = "none.toml"', "Cannot read none.toml: No such file or directory."),
        (
            'icon = "none.svg"\n' + SHOP,
            "problem.toml names the picture none.svg, and none.svg cannot be read: No",
        ),
        (
            'icon = "icon.gif"\n' + SHOP,
            "problem.toml names the picture icon.gif, which is none of .jpeg, .jpg,",
        ),
        (
            'icon = "large.png"\n' + SHOP,
            "problem.toml names the picture large.png, which is larger than 1 MB;",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, content: str | bytes, says: str
) -> None:
    (tmp_path / "large.png").write_bytes(bytes(1024 * 1024 + 1))
    path = tmp_path / "problem.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert refusal(path).startswith(says)


def test_a_missing_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.toml") == "Cannot read none.toml: No such file or directory."


# Warnings


@pytest.mark.parametrize("direction", ["increasing", "decreasing"])
def test_a_monotone_number_counts_with_two_classes_and_warns_with_more(
    tmp_path: Path, direction: str
) -> None:
    path = shop(tmp_path, "max = 100", f'max = 100\nmonotone = "{direction}"')
    assert warnings(load_problem(path)[0]) == []
    path.write_text(path.read_text(encoding="utf-8").replace("[target.classes.yes]", MAYBE), encoding="utf-8")
    assert warnings(load_problem(path)[0]) == [
        "monotone of price does not count, because there are more than two was solds."
    ]
