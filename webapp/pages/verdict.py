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

CLOSE = 0.2
"""A lead of less than this is a close call: of 20 similar homes, fewer than 4 make the difference."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What there is to say about a home.

    Attributes:
        unit: the name of the unit that the home is given in.
        ranking: every breed with its probability, the recommended first.
        close: whether the runner-up suits nearly as many homes.
        reason: where the answer comes from, in a sentence.
        seen: the sizes of the homes that the model has seen, in whole `unit`s of which it has.
        marker: the home on the chart.
    """

    home: Home
    unit: str
    answer: Recommendation
    ranking: tuple[tuple[Breed, float], ...]
    close: bool
    reason: str
    seen: str
    chart: Chart
    marker: Label

    @property
    def breed(self) -> Breed:
        """The recommended breed's entry in the catalogue."""
        return self.ranking[0][0]


def judge(predictor: Predictor, home: Home, answer: Recommendation) -> Verdict:
    """Put an answer into words."""
    # Of equals, the breed that is recommended stands first.
    ranking = sorted(
        ((breed, answer.probabilities[breed.key]) for breed in predictor.breeds),
        key=lambda breed: (breed[0].key != answer.breed, -breed[1]),
    )
    return Verdict(
        home=home,
        unit=UNIT_NAMES[home.unit],
        answer=answer,
        ranking=tuple(ranking),
        close=ranking[0][1] - ranking[1][1] < CLOSE,
        reason=_reason(predictor, home),
        seen=_seen(predictor, home.unit),
        chart=chart_of(predictor, home.unit),
        marker=marker(predictor, home, answer.probability),
    )


def _seen(predictor: Predictor, unit: Unit) -> str:
    """Say how large the homes are that the model has seen."""
    smallest, largest = (sqft / to_sqft(1, unit) for sqft in predictor.training_range)
    if ceil(smallest) < floor(largest):
        return f"{ceil(smallest):,} to {floor(largest):,} {UNIT_NAMES[unit]}"
    return f"about {round((smallest + largest) / 2):,} {UNIT_NAMES[unit]}"


def _rounded(edge: float, home: Home) -> str:
    """Round a boundary, but not to the other side of the home that it speaks about."""
    return (
        about(edge) if (home.value < edge) == (home.value < float(f"{edge:.3g}")) else figure(round(edge, 1))
    )


def _reason(predictor: Predictor, home: Home) -> str:
    """Say for which sizes the answer is the same, and for two breeds also what the others' is."""
    boundaries = predictor.boundaries
    names = {breed.key: with_article(breed.name) for breed in predictor.breeds}
    edges = [boundary.home_size_sqft for boundary in boundaries]
    at = bisect_right(edges, home.sqft)
    shown = [f"{_rounded(edge / to_sqft(1, home.unit), home)} {UNIT_NAMES[home.unit]}" for edge in edges]
    if not boundaries:
        return f"Homes of every size lean to {names[predictor.predict(home.sqft).breed]}."
    if len(boundaries) == 1:
        below, above = names[boundaries[0].below], names[boundaries[0].above]
        if at == 0:
            return f"Homes under about {shown[0]} lean to {below}, larger ones to {above}."
        return f"Homes over about {shown[0]} lean to {above}, smaller ones to {below}."
    if at == 0:
        return f"Homes under about {shown[0]} lean to {names[boundaries[0].below]}."
    leaning = names[boundaries[at - 1].above]
    if at == len(boundaries):
        return f"Homes over about {shown[-1]} lean to {leaning}."
    return f"Homes of about {shown[at - 1]} to {shown[at]} lean to {leaning}."
