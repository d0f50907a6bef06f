"""The form for features that the three problems do not have."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from model.problem.loading import load_problem
from webapp.pages.forms import RowForm, address_of, make_form

TARGET = """
    [target]
    name = "verdict"
    classes = { a = { name = "A" }, b = { name = "B" } }
"""

Asked = Callable[..., RowForm]


@pytest.fixture
def ask(app: Flask, tmp_path: Path) -> Asked:
    """A function that fills in the form for the features of a TOML text."""

    def ask(features: str, **entries: str) -> RowForm:
        path = tmp_path / "problem.toml"
        path.write_text(TARGET + features, encoding="utf-8")
        with app.test_request_context():
            form = make_form(load_problem(path)[0])(MultiDict(entries))
            form.validate()
            return form

    return ask


@pytest.mark.parametrize("name", ["data", "meta", "process", "problem", "validate", "readings", "sentences"])
def test_a_feature_may_have_the_name_of_a_forms_attribute(ask: Asked, name: str) -> None:
    feature = f'[[features]]\nname = "{name}"\nkind = "number"\nmin = 0\nmax = 9'
    assert ask(feature, **{name: "5"}).row.numbers == (5.0,)
    assert ask(feature, **{name: "x"}).sentences == {name: f"Enter the {name} in figures, like 4.5."}


@pytest.mark.parametrize("count", [6, 7, 30])
def test_more_than_seven_answers_are_a_list_to_select_from(ask: Asked, count: int) -> None:
    choices = ", ".join(f'c{number} = "Choice {number}"' for number in range(count))
    kind = f'kind = "choice"\nchoices = {{ {choices} }}'
    form = ask(f'[[features]]\nname = "one"\n{kind}\n[[features]]\nname = "other"\n{kind}\nrequired = false')
    offered = {name: [each.label for each in field.choices] for name, field in form.by_name.items()}  # type: ignore[attr-defined]
    named = [f"Choice {number}" for number in range(count)]
    if count > 7:
        assert offered["one"] == ["Choose one", *named]
        assert form.by_name["one"].type == form.by_name["other"].type == "SelectField"
    else:
        assert offered["one"] == named
        assert form.by_name["one"].type == "RadioField"
    assert offered["other"] == [*named, "I don’t know"]  # noqa: RUF001 - as in print


def test_a_choice_may_be_called_none(ask: Asked) -> None:
    feature = '[[features]]\nname = "pet"\nkind = "choice"\nchoices = { None = "No pet", cat = "A cat" }\n'
    assert ask(feature, pet="None").row.readings[0].value == "None"
    assert ask(feature).sentences == {"pet": "Choose the pet."}
    assert ask(f"{feature}required = false").row.readings[0].value is None


@pytest.mark.parametrize("entry", ["0.0000234", "0.00002", "1,234,567,890,123,456"])
def test_the_address_of_a_very_small_or_large_number_is_read_again(ask: Asked, entry: str) -> None:
    feature = '[[features]]\nname = "mass"\nkind = "number"\nmin = 0.000001\nmax = 1e30'
    form = ask(feature, mass=entry)
    address = address_of(form.problem, form.row)
    assert address == {"mass": entry.replace(",", "")}
    assert ask(feature, **address).row == form.row


def test_a_number_is_what_was_entered(ask: Asked) -> None:
    feature = (
        '[[features]]\nname = "mass"\nkind = "number"\nmin = 10\nmax = 1000\n'
        'units = { g = { label = "g" }, t = { label = "tonnes", factor = 1_000_000 } }'
    )
    assert ask(feature, mass="0.00012345", unit="t").row.numbers == pytest.approx((123.45,))
    assert ask(feature, mass="1.2345e-4", unit="t").row.numbers == pytest.approx((123.45,))
    assert ask(feature, mass="123.456").row.numbers == (123.456,)


@pytest.mark.parametrize(
    ("entry", "number"),
    [("0.125", 0.125), ("1.2340", 1.234), ("2.5e-3", 0.0025), ("1E+2", 100), ("12.3456", 12.3456)],
)
def test_the_address_of_a_number_is_read_as_the_same_number(ask: Asked, entry: str, number: float) -> None:
    feature = '[[features]]\nname = "mass"\nkind = "number"\nmin = 0\nmax = 5000'
    form = ask(feature, mass=entry)
    assert form.row.numbers == (number,)
    assert ask(feature, **address_of(form.problem, form.row)).row == form.row
    question = "Does 1.234 mean 1,234 or 1.2340? Enter the one you mean."
    assert ask(feature, mass="1.234").sentences == {"mass": question}
