"""An answer as the pages show it: in words, with its reasons and its chart."""

from model.manifest import FeatureStats
from model.predictor import Prediction, Predictor
from model.problem.features import AnyFeature, Number, Reading
from model.problem.rows import Row
from model.problem.wording import listed
from webapp.pages.chart import Axis, Chart, chart_of, marker, rounded_inwards
from webapp.reasons import ranges_in_words, reasons_for
from webapp.words import about, frequency

CLOSE_LEAD = 0.2
"""A lead in probability below this is a close call: fewer than 4 of 20 similar rows make the difference."""

REASONS = 3
"""How many features are named as reasons."""


class Verdict:
    """The answer for a row, ready for a template.

    Attributes:
        answers: each feature with its value in words.
        value: the value of the only number in words, such as "1,200 sq ft"; "" where there are more features.
        ranking: every class with its probability, the answered one first.
        best: the answered class.
        close: whether the runner-up is nearly as probable.
        compared: the words between the frequency and the rows: "about 9 in 10 similar homes".
        reasons: sentences, the weightiest first.
        outside: the rows of the training data in words, if the row has a value that they do not have.
        numbers: the numbers that a chart may vary, the weightiest first.
        drawn: the keys of the classes that the chart shows, the answered one first.
        slider: the first number in its first unit, where the slider stands; None if it is blank.
        chart: by the number that was picked; None where there is no number, or it is blank.
        marker: the place of the row on the chart; only where there is a chart.
        beyond: whether the row is beyond the chart's end, where the marker stands.
        shown_number: the value of the number that the chart varies, in words; only where there is a chart.
    """

    FEW = 6
    """How many classes, or numbers of a chart, are shown at once; the others are in a list that opens."""

    def __init__(self, predictor: Predictor, row: Row, answer: Prediction, *, by: str = "") -> None:
        """Judge a row by its answer; `by` names the number that the chart varies, or it is the weightiest."""
        problem = predictor.problem
        readings = dict(zip(problem.features_by_name, row.readings, strict=True))
        self.answer = answer
        self.answers = [(feature, feature.in_words(readings[feature.name])) for feature in problem.features]
        self.value = self.answers[0][1] if problem.only_number else ""
        # The answered class stands first even where another has the same probability.
        self.ranking = sorted(
            ((entry, answer.probabilities[entry.key]) for entry in predictor.classes),
            key=lambda entry: (entry[0].key != answer.key, -entry[1]),
        )
        (self.best, share), (_, next_share), *_ = self.ranking
        self.drawn = (self.best.key, *sorted(entry.key for entry, _ in self.ranking[1 : self.FEW]))
        self.close = share - next_share < CLOSE_LEAD
        self.compared = "of similar" if frequency(answer.probability) == "about half" else "similar"
        self.outside = ""
        if answer.outside_training_range:
            self.compared, self.outside = "of the nearest", _outside(predictor, row)
        reasons = () if problem.only_number else reasons_for(predictor, row, answer)
        self.reasons = tuple(reason.text for reason in reasons[:REASONS]) or (
            ranges_in_words(predictor, row, answer),
        )
        weighed = [problem.features_by_name[reason.feature] for reason in reasons] or problem.features
        self.numbers = [
            feature
            for feature in weighed
            if isinstance(feature, Number) and readings[feature.name].value is not None
        ]
        first = problem.numbers[0] if problem.numbers else None
        self.slider = readings[first.name].number if first in self.numbers else None
        self.chart: Chart | None = None
        if chosen := [each for each in self.numbers if each.name == by] or self.numbers:
            number = chosen[0]
            reading = readings[number.name]
            self.chart = chart_of(predictor, number, reading.unit, row)
            axis = Axis.of(predictor, number)
            self.marker = marker(axis, self.chart.top, reading.number, answer.probability)
            self.beyond = not axis.low <= reading.number <= axis.high
            self.shown_number = number.in_words(reading)


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
        return f"{number.figure(smallest)} to {number.figure(largest)}{number.label(unit)}"
    return f"about {about((low + high) / 2)}{number.label(unit)}"
