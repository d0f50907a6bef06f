"""An answer as the pages show it: in words, with its reasons and its chart."""

from dataclasses import dataclass

from model.manifest import FeatureStats
from model.predictor import Prediction, Predictor
from model.problem.description import Class
from model.problem.features import AnyFeature, Number, Reading
from model.problem.rows import Row
from model.problem.wording import figure, listed
from webapp.pages.chart import Chart, chart_of, marker, rounded_inwards
from webapp.pages.labels import Label
from webapp.reasons import ranges_in_words, reasons_for
from webapp.words import about, frequency

CLOSE_LEAD = 0.2
"""A lead in probability below this is a close call: fewer than 4 of 20 similar rows make the difference."""

REASONS = 3
"""How many features are named as reasons."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for a row, ready for a template.

    Attributes:
        answers: each feature with its value in words.
        value: the value of the only number in words, such as "1,200 sq ft"; "" where there are more features.
        ranking: every class with its probability, the answered one first.
        close: whether the runner-up is nearly as probable.
        reasons: sentences.
        outside: the rows of the training data in words, if the row has a value that they do not have.
        chart: by the number that the person has picked; None where there is no number, or it is blank.
        marker: the place of the row on the chart.
        numbers: the numbers that a chart may vary.
        slider: the first number in its first unit, where the slider stands; None if it is blank.
    """

    row: Row
    answer: Prediction
    answers: tuple[tuple[AnyFeature, str], ...]
    value: str
    ranking: tuple[tuple[Class, float], ...]
    close: bool
    reasons: tuple[str, ...]
    outside: str
    chart: Chart | None
    marker: Label | None
    numbers: tuple[Number, ...]
    slider: float | None

    @property
    def shown_number(self) -> str:
        """Return the value of the number that the chart varies, in words."""
        return next(words for feature, words in self.answers if self.chart and feature is self.chart.feature)

    @property
    def compared(self) -> str:
        """Return the words between the frequency and the rows: "about 9 in 10 similar homes"."""
        if self.answer.outside_training_range:
            return "of the nearest"
        return "of similar" if frequency(self.answer.probability) == "about half" else "similar"

    @property
    def best(self) -> Class:
        """Return the answered class."""
        return self.ranking[0][0]


def judge(predictor: Predictor, row: Row, answer: Prediction, *, by: str = "") -> Verdict:
    """Return the verdict for a row and the predictor's answer.

    Args:
        predictor: the predictor.
        row: the row.
        answer: the answer for it.
        by: the name of the number that the chart varies; by default the first.
    """
    problem = predictor.problem
    answers = tuple(
        (feature, feature.in_words(reading))
        for feature, reading in zip(problem.features, row.readings, strict=True)
    )
    # The answered class stands first even where another has the same probability.
    ranking = sorted(
        ((entry, answer.probabilities[entry.key]) for entry in predictor.classes),
        key=lambda entry: (entry[0].key != answer.key, -entry[1]),
    )
    readings = dict(zip(problem.features_by_name, row.readings, strict=True))
    numbers = tuple(number for number in problem.numbers if readings[number.name].value is not None)
    number = next((each for each in numbers if each.name == by), numbers[0] if numbers else None)
    return Verdict(
        row=row,
        answer=answer,
        answers=answers,
        value=answers[0][1] if problem.only_number else "",
        ranking=tuple(ranking),
        close=ranking[0][1] - ranking[1][1] < CLOSE_LEAD,
        reasons=_reasons(predictor, row, answer),
        outside=_outside(predictor, row) if answer.outside_training_range else "",
        chart=chart_of(predictor, number, readings[number.name].unit, row) if number else None,
        marker=marker(predictor, number, readings[number.name].number, answer.probability)
        if number
        else None,
        numbers=numbers,
        slider=readings[problem.numbers[0].name].number
        if problem.numbers and problem.numbers[0] in numbers
        else None,
    )


def _reasons(predictor: Predictor, row: Row, answer: Prediction) -> tuple[str, ...]:
    if predictor.problem.only_number:
        return (ranges_in_words(predictor, row, answer),)
    return tuple(reason.text for reason in reasons_for(predictor, row, answer)[:REASONS])


def _outside(predictor: Predictor, row: Row) -> str:
    """Return the rows of the training data in words, where the values of a row do not occur in it."""
    problem = predictor.problem
    if problem.only_number:
        [stats], [reading] = predictor.manifest.features, row.readings
        values = _seen(problem.only_number, stats, reading)
        rows = problem.sentences.rows.replace("{range}", f"of {values}")
        return f"{rows[:1].lower()}{rows[1:]}"
    features = zip(problem.features, predictor.manifest.features, row.readings, strict=True)
    new = predictor.outside(row)
    seen = [
        f"{feature.short}, {_seen(feature, stats, reading)}"
        for feature, stats, reading in features
        if feature in new
    ]
    return f"{problem.row.plural} like these: {'; '.join(seen)}"


def _seen(feature: AnyFeature, stats: FeatureStats, reading: Reading) -> str:
    """Return the values of a feature in the training data, in words."""
    if reading.value is None:
        return "always given"
    if isinstance(feature, Number) and stats.min is not None and stats.max is not None:
        return _range(feature, stats.min, stats.max, reading.unit)
    labels = [feature.in_words(feature.read(key)) for key, rows in stats.counts.items() if rows]
    return listed(labels, "or") if labels else "never given"


def _range(number: Number, least: float, greatest: float, unit: str) -> str:
    """Return a range in a unit, rounded inwards where that leaves one."""
    low, high = least / number.factor(unit), greatest / number.factor(unit)
    smallest, largest = rounded_inwards(low, high)
    if smallest < largest:
        return f"{figure(smallest)} to {figure(largest)}{number.label(unit)}"
    return f"about {about((low + high) / 2)}{number.label(unit)}"
