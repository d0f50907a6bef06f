"""The geometry of the chart of each breed's probability by home size. The template `_chart.html` draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log, sqrt

import numpy as np

from model.home_size import MAX_SQFT, MIN_SQFT, Unit, round_sizes, to_sqft
from model.predictor import Predictor
from webapp.home import UNIT_NAMES, Home
from webapp.pages.labels import Label, drop_overlapping, stack_overlapping
from webapp.pages.words import figure, percentage

SAMPLES = 120
MARGIN = 40
"""Half the width of the marker's label, in units of the `viewBox`."""
MIN_RATIO = 1.5
"""The least ratio of the largest to the smallest home on a chart."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve of one breed and the area below it, each as the `d` of a `<path>`."""

    breed: str
    line: str
    area: str
    label: Label


@dataclass(frozen=True, slots=True)
class Chart:
    """The part of the chart that is the same for every home, in the units of its `viewBox`.

    Attributes:
        unit: the name of the unit of the sizes.
        range: the smallest and largest home, in whole `unit`s.
        curves: one for each breed.
        ticks: the labels of the axis of sizes.
        shares: the labels of the axis of probabilities.
        rows: the chart as a table: a size, and the probability of each breed for it, in words.
    """

    WIDTH, HEIGHT = 440, 290
    LEFT, RIGHT, TOP, BOTTOM = 50, 424, 34, 236

    unit: str
    range: tuple[int, int]
    curves: tuple[Curve, ...]
    ticks: tuple[Label, ...]
    shares: tuple[Label, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def span(predictor: Predictor) -> tuple[float, float]:
    """Return the smallest and largest home that chart and slider show, in square feet.

    It is the range of the training data, widened if all its homes have nearly the same size.
    """
    low, high = predictor.training_range
    low = max(min(low, sqrt(low * high / MIN_RATIO)), MIN_SQFT)
    return low, min(max(high, low * MIN_RATIO), MAX_SQFT)


@lru_cache(maxsize=8)
def chart_of(predictor: Predictor, unit: Unit) -> Chart:
    """Return the chart of the probabilities over `span`, on a logarithmic scale of sizes."""
    sizes = np.geomspace(*span(predictor), SAMPLES)
    shares = predictor.predict_many(sizes).probabilities
    xs = [_x_of(predictor, size) for size in sizes]
    names = stack_overlapping(
        [_name_label(breed.name, xs, share) for breed, share in zip(predictor.breeds, shares.T, strict=True)]
    )
    low, high = (size / to_sqft(1, unit) for size in span(predictor))
    whole_units = ceil(low), floor(high)
    tick_sizes = round_sizes(low, high)
    if len(tick_sizes) < 2:
        tick_sizes = [*whole_units]
    ticks = [(to_sqft(size, unit), figure(size)) for size in tick_sizes]
    at_ticks = predictor.predict_many(np.array([size for size, _ in ticks])).probabilities
    return Chart(
        unit=UNIT_NAMES[unit],
        range=whole_units,
        curves=tuple(
            _curve(breed.key, name, xs, share)
            for breed, name, share in zip(predictor.breeds, names, shares.T, strict=True)
        ),
        ticks=drop_overlapping(
            Label(_x_of(predictor, size), Chart.BOTTOM + 24, words, "middle") for size, words in ticks
        ),
        shares=tuple(Label(Chart.LEFT - 8, _y_of(share), f"{share:.0%}", "end") for share in (0, 0.5, 1)),
        rows=tuple(
            (words, tuple(map(percentage, row)))
            for (_, words), row in zip(ticks, at_ticks.tolist(), strict=True)
        ),
    )


def marker(predictor: Predictor, home: Home, probability: float) -> Label:
    """Return the place of a home on its breed's curve. A home outside the chart is put at its edge."""
    x = _x_of(predictor, home.sqft)
    anchor = "start" if x < Chart.LEFT + MARGIN else "end" if x > Chart.RIGHT - MARGIN else "middle"
    return Label(x, _y_of(probability), percentage(probability), anchor)


def _curve(breed: str, name: Label, xs: Sequence[float], shares: np.ndarray) -> Curve:
    points = [f"{x:.1f} {_y_of(share):.1f}" for x, share in zip(xs, shares.tolist(), strict=True)]
    line = f"M{'L'.join(points)}"
    area = f"{line}L{xs[-1]:.1f} {Chart.BOTTOM}L{xs[0]:.1f} {Chart.BOTTOM}Z"
    return Curve(breed, line, area, name)


def _name_label(name: str, xs: Sequence[float], shares: np.ndarray) -> Label:
    """Place a breed's name at the peak of its curve, or at an end of the chart where the curve is as high."""
    peak = next((end for end in (0, -1) if shares[end] > shares.max() - 0.01), int(shares.argmax()))
    x = xs[peak]
    anchor = "start" if x < Chart.WIDTH / 3 else "end" if x > Chart.WIDTH * 2 / 3 else "middle"
    return Label(x, round(_y_of(float(shares[peak])) - 12, 1), name, anchor)


def _x_of(predictor: Predictor, sqft: float) -> float:
    low, high = span(predictor)
    share = log(min(max(sqft, low), high) / low) / log(high / low)
    return round(Chart.LEFT + share * (Chart.RIGHT - Chart.LEFT), 1)


def _y_of(share: float) -> float:
    return round(Chart.BOTTOM - share * (Chart.BOTTOM - Chart.TOP), 1)
