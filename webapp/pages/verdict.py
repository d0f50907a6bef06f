"""A recommendation as the pages show it: in words, with its reason and its chart."""

from bisect import bisect_right
from dataclasses import dataclass
from math import ceil, floor

from model.breeds import Breed
from model.home_size import Unit, to_sqft
from model.predictor import Predictor, Recommendation
from webapp.home import UNIT_NAMES, Home
from webapp.pages.chart import Chart, chart_of, marker
from webapp.pages.labels import Label
from webapp.pages.words import about, figure, with_article

CLOSE_LEAD = 0.2
"""A lead in probability below this is a close call: fewer than 4 of 20 similar homes make the difference."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for a home, ready for a template.

    Attributes:
        unit: the name of the unit that the home is given in.
        ranking: every breed with its probability, the recommended first.
        close: whether the runner-up suits nearly as many homes.
        reason: the sizes for which the answer is the same, in a sentence.
        training_range: the range of the training data's homes in whole `unit`s, such as "500 to 4,000 sq ft".
        marker: the place of the home on the chart.
    """

    home: Home
    unit: str
    answer: Recommendation
    ranking: tuple[tuple[Breed, float], ...]
    close: bool
    reason: str
    training_range: str
    chart: Chart
    marker: Label

    @property
    def breed(self) -> Breed:
        """Return the recommended breed."""
        return self.ranking[0][0]


def judge(predictor: Predictor, home: Home, answer: Recommendation) -> Verdict:
    """Return the verdict for a home and the predictor's answer."""
    # The recommended breed stands first even where another has the same probability.
    ranking = sorted(
        ((breed, answer.probabilities[breed.key]) for breed in predictor.breeds),
        key=lambda breed: (breed[0].key != answer.breed, -breed[1]),
    )
    return Verdict(
        home=home,
        unit=UNIT_NAMES[home.unit],
        answer=answer,
        ranking=tuple(ranking),
        close=ranking[0][1] - ranking[1][1] < CLOSE_LEAD,
        reason=_reason(predictor, home, answer),
        training_range=_training_range(predictor, home.unit),
        chart=chart_of(predictor, home.unit),
        marker=marker(predictor, home, answer.probability),
    )


def _training_range(predictor: Predictor, unit: Unit) -> str:
    """Return the range of the training data's homes, rounded inwards where whole units allow."""
    smallest, largest = (sqft / to_sqft(1, unit) for sqft in predictor.training_range)
    if ceil(smallest) < floor(largest):
        return f"{ceil(smallest):,} to {floor(largest):,} {UNIT_NAMES[unit]}"
    return f"about {round((smallest + largest) / 2):,} {UNIT_NAMES[unit]}"


def _rounded(edge: float, home: Home) -> str:
    """Round a boundary to three digits, or to tenths if the home would then be on the wrong side of it."""
    return (
        about(edge) if (home.value < edge) == (home.value < float(f"{edge:.3g}")) else figure(round(edge, 1))
    )


def _reason(predictor: Predictor, home: Home, answer: Recommendation) -> str:
    """Return a sentence that says which sizes have this answer, and with one boundary also the others'."""
    edges = [boundary.home_size_sqft for boundary in predictor.boundaries]
    shown = [f"{_rounded(edge / to_sqft(1, home.unit), home)} {UNIT_NAMES[home.unit]}" for edge in edges]
    boundaries_below = bisect_right(edges, home.sqft)
    if not edges:
        sizes = "of every size"
    elif boundaries_below == 0:
        sizes = f"under about {shown[0]}"
    elif boundaries_below == len(edges):
        sizes = f"over about {shown[-1]}"
    else:
        sizes = f"of about {shown[boundaries_below - 1]} to {shown[boundaries_below]}"
    others = ""
    if len(edges) == 1:
        [boundary] = predictor.boundaries
        size, breed = ("smaller", boundary.below) if boundaries_below else ("larger", boundary.above)
        others = f", {size} ones to {with_article(predictor.breed(breed).name)}"
    return f"Homes {sizes} lean to {with_article(answer.name)}{others}."
