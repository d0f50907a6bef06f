"""The form in which a person answers the questions of a problem, made from its features."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import StopValidation, ValidationError

from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import BLANK, AnyFeature, Choice, FeatureError, Number, Reading
from model.problem.rows import Row, RowReader, as_text
from model.problem.wording import listed
from webapp.pages.entries import perhaps_thousands, read_entry, to_reading

MOST_RADIOS = 7
"""A choice of more is a list to select from: https://design-system.service.gov.uk/components/radios/."""

UNKNOWN = "I don’t know"  # noqa: RUF001 - as in print


class RowForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no type hints
    """The questions of a problem.

    Attributes:
        problem: what is asked.
        readings: what was read of each feature, by name; whole when the form is valid.
    """

    class Meta:
        """Options of Flask-WTF: no token, because the form changes nothing on the server."""

        csrf = False

    problem: Problem
    readings: dict[str, Reading]

    @property
    def row(self) -> Row:
        """Return the row that was entered in a valid form."""
        return Row.of(*(self.readings[feature.name] for feature in self.problem.features))

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Return the fields by the names of their features, which a form's attributes could clash with."""
        return {field.name: field for field in self}

    @property
    def sentences(self) -> dict[str, str]:
        """Return what is wrong with the answers, by the names of the fields, in the order of the page."""
        fields = [self.by_name[name] for name in RowReader(self.problem).members]
        return {field.name: field.errors[0] for field in fields if field.errors}

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Return whether all answers can be read."""
        self.readings = {}
        return bool(super().validate(extra_validators))

    def is_canonical(self) -> bool:
        """Return whether a valid form's entries are as the address of its answer has them."""
        given = {field.name: field.data for field in self if field.raw_data}
        return given.items() <= address_of(self.problem, self.row).items()


Validator = Callable[[RowForm, Field], None]


@lru_cache(maxsize=4)
def form_of(predictor: Predictor) -> type[RowForm]:
    """Return the form of a predictor's problem."""
    return make_form(predictor.problem)


def make_form(problem: Problem) -> type[RowForm]:
    """Make a form that asks for the features of a problem."""
    fields: list[Field] = []
    # Units first, since an entry is read in its unit.
    for number in problem.numbers:
        if member := problem.unit_members.get(number.name):
            labels = [unit.label for unit in number.units.values()]
            fields.append(
                RadioField(
                    "In which unit?",
                    [_given_once],
                    name=member,
                    choices=[SelectChoice(key, unit.label) for key, unit in number.units.items()],
                    default=number.unit,
                    invalid_choice_message=f"Choose {listed(labels, 'or')}.",  # type: ignore[call-arg]
                )
            )
    fields += [_field(feature, problem.unit_members.get(feature.name, "")) for feature in problem.features]
    attributes = {f"field_{index}": field for index, field in enumerate(fields)}
    return type("ProblemForm", (RowForm,), {"problem": problem, **attributes})


def address_of(problem: Problem, row: Row) -> dict[str, str]:
    """Return the parameters of the address that shows a row's answer."""
    parameters = {}
    for feature, reading in zip(problem.features, row.readings, strict=True):
        if reading.value is not None:
            parameters[feature.name] = _as_entry(feature, reading.value, reading.unit)
            if member := problem.unit_members.get(feature.name):
                parameters[member] = reading.unit
    return parameters


def _as_entry(feature: AnyFeature, value: str | bool | int | float, unit: str) -> str:
    if not isinstance(value, float):
        return as_text(value)
    text = f"{Decimal(str(value)):f}"  # without an exponent
    ambiguous = isinstance(feature, Number) and perhaps_thousands(text, feature, unit)
    return f"{text}0" if ambiguous else text


def _field(feature: AnyFeature, unit_member: str) -> Field:
    if isinstance(feature, Number):
        validators = [_given_once, _reads_entry(feature, unit_member)]
        return StringField(feature.question, validators, name=feature.name)
    choices = feature.choices if isinstance(feature, Choice) else {"yes": "Yes", "no": "No"}
    offered = [SelectChoice(key, label) for key, label in choices.items()]
    if not feature.required:
        offered.append(SelectChoice("", UNKNOWN))
    kind = RadioField if len(offered) <= MOST_RADIOS else SelectField
    if kind is SelectField and feature.required:
        offered.insert(0, SelectChoice("", "Choose one"))
    return kind(
        feature.question,
        [_given_once, _reads_choice(feature)],
        name=feature.name,
        choices=offered,
        validate_choice=False,
    )


def _given_once(_form: FlaskForm, field: Field) -> None:
    """Refuse a field that is given several times, because to choose one of the values would be a guess.

    Raises:
        StopValidation: the field has several values.
    """
    if field.raw_data and len(field.raw_data) > 1:
        raise StopValidation(f"{field.label.text} Give one answer, not several.")


def _reads_entry(feature: Number, unit_member: str) -> Validator:
    """Return a reader of a number; a unit written in the entry overrides the field of the unit."""

    def read(form: RowForm, field: Field) -> None:
        text = (field.data or "").strip()
        if not text and not feature.required:
            form.readings[feature.name] = BLANK
            return
        entry = read_entry(text, feature)
        unit = entry.unit or (form.by_name[unit_member].data if unit_member else "")
        if not unit or unit in feature.units:
            form.readings[feature.name] = to_reading(entry, feature, unit)

    return read


def _reads_choice(feature: AnyFeature) -> Validator:
    """Return a reader of a choice, or of yes or no."""

    def read(form: RowForm, field: Field) -> None:
        try:
            form.readings[feature.name] = feature.read(field.data or "")
        except FeatureError as error:
            choose = (
                f"the {feature.yours}." if isinstance(feature, Choice) else f"yes or no: {feature.question}"
            )
            raise ValidationError(f"Choose {choose}") from error

    return read
