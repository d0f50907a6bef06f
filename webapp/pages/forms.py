"""The form in which a person answers the questions of a problem, made from its features."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import StopValidation, ValidationError

from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import BLANK, AnyFeature, Choice, FeatureError, Number, Reading
from model.problem.rows import Row
from webapp.pages.entries import read_entry, to_reading

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

    @property
    def unit_fields(self) -> dict[str, Field]:
        """Return the field of the unit, by the name of each feature that has several."""
        return {name: self[member] for name, member in self.problem.unit_members.items()}

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Return whether all answers can be read."""
        self.readings = {}
        return bool(super().validate(extra_validators))

    def is_canonical(self) -> bool:
        """Return whether a valid form's entries are as the address of its answer has them."""
        canonical = address_of(self.problem, self.row)
        return all((field.data or "") == canonical.get(name, "") for name, field in self._fields.items())


@lru_cache(maxsize=4)
def form_of(predictor: Predictor) -> type[RowForm]:
    """Return the form of a predictor's problem."""
    problem = predictor.problem
    fields: dict[str, Field] = {}
    # Units first, since an entry is read in its unit.
    for number in problem.numbers:
        if member := problem.unit_members.get(number.name):
            labels = [unit.label for unit in number.units.values()]
            fields[member] = RadioField(
                "In which unit?",
                [_given_once],
                choices=[SelectChoice(key, unit.label) for key, unit in number.units.items()],
                default=number.unit,
                invalid_choice_message=f"Choose {' or '.join(labels)}.",  # type: ignore[call-arg]
            )
    for feature in problem.features:
        fields[feature.name] = _field(feature, problem.unit_members.get(feature.name, ""))
    return type("ProblemForm", (RowForm,), {"problem": problem, **fields})


def address_of(problem: Problem, row: Row) -> dict[str, str]:
    """Return the parameters of the address that shows a row's answer."""
    parameters = {}
    for feature, reading in zip(problem.features, row.readings, strict=True):
        if reading.value is not None:
            parameters[feature.name] = _as_entry(reading.value)
            if member := problem.unit_members.get(feature.name):
                parameters[member] = reading.unit
    return parameters


def _as_entry(value: str | bool | int | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _field(feature: AnyFeature, unit_member: str) -> Field:
    if isinstance(feature, Number):
        return StringField(feature.question, [_given_once, _ReadsEntry(feature, unit_member)])
    choices = feature.choices if isinstance(feature, Choice) else {"yes": "Yes", "no": "No"}
    offered = [SelectChoice(key, label) for key, label in choices.items()]
    if not feature.required:
        offered.append(SelectChoice("", UNKNOWN))
    validators = [_given_once, _ReadsChoice(feature)]
    if len(offered) <= MOST_RADIOS:
        return RadioField(feature.question, validators, choices=offered, validate_choice=False)
    if feature.required:
        offered.insert(0, SelectChoice("", "Choose one"))
    return SelectField(feature.question, validators, choices=offered, validate_choice=False)


def _given_once(_form: FlaskForm, field: Field) -> None:
    """Refuse a field that is given several times, because to choose one of the values would be a guess.

    Raises:
        StopValidation: the field has several values.
    """
    if field.raw_data and len(field.raw_data) > 1:
        raise StopValidation(f"{field.label.text} Give one answer, not several.")


class _ReadsEntry:
    """Reads a number; a unit written in the entry overrides the field of the unit."""

    def __init__(self, feature: Number, unit_member: str) -> None:
        self._feature = feature
        self._unit_member = unit_member

    def __call__(self, form: RowForm, field: Field) -> None:
        text = (field.data or "").strip()
        if not text and not self._feature.required:
            form.readings[self._feature.name] = BLANK
            return
        entry = read_entry(text, self._feature)
        unit = entry.unit or (form[self._unit_member].data if self._unit_member else "")
        if not unit or unit in self._feature.units:
            form.readings[self._feature.name] = to_reading(entry, self._feature, unit)


class _ReadsChoice:
    """Reads a choice, or yes or no."""

    def __init__(self, feature: AnyFeature) -> None:
        self._feature = feature

    def __call__(self, form: RowForm, field: Field) -> None:
        text = "" if field.data in {None, "None"} else str(field.data)
        try:
            form.readings[self._feature.name] = self._feature.read(text)
        except FeatureError as error:
            raise ValidationError(f"Choose the {self._feature.yours}.") from error
