"""The geometry of the chart of each class's probability by a number. The template `_chart.html` draws it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, floor, log, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from model.predictor import Predictor
from model.problem.description import Class
from model.problem.features import Number
from model.problem.rows import Row
from model.problem.scales import round_numbers
from webapp.pages.labels import Label, drop_overlapping, name_curves
from webapp.words import percentage

SAMPLES = 120
MARGIN = 40
"""Half the width of the marker's label, in units of the `viewBox`."""
TOPS = (0.2, 0.5)
"""The ends of the axis of probabilities where all curves are below them; else it ends at 1."""
FARTHEST = 5
"""How many times farther from the outer deciles than these are from each other the axis reaches."""
MIN_RATIO = 1.5
"""The least ratio of the greatest to the least number on a chart with a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve of one class and the area below it, each as the `d` of a `<path>`.

    Its heights are `y` at `GRID`, for the place of its name.
    """

    key: str
    name: str
    line: str
    area: str
    heights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis of a number, from `low` to `high` in the first unit."""

    feature: Number
    low: float
    high: float

    @classmethod
    def of(cls, predictor: Predictor, number: Number) -> "Axis":
        """Return the axis over the range of the training data without outliers, widened if nearly a point."""
        stats = predictor.manifest.features[predictor.problem.features.index(number)]
        low, high, logarithmic = stats.min or 0.0, stats.max or 0.0, number.scale == "log"
        first, last = stats.quantiles[0], stats.quantiles[-1]
        if first < last and logarithmic:
            reach = FARTHEST * log(last / first)
            low = first * exp(-reach) if log(first / low) > reach else low
            high = last * exp(reach) if log(high / last) > reach else high
        elif first < last:
            reach = (last - first) * FARTHEST
            low, high = max(low, first - reach), min(high, last + reach)
        if logarithmic:
            low = max(min(low, sqrt(low * high / MIN_RATIO)), number.min)
            return cls(number, low, min(max(high, low * MIN_RATIO), number.max))
        least = (number.max - number.min) / 100
        if high - low < least:
            low, high = max(low - least, number.min), min(high + least, number.max)
        return cls(number, low, high)

    def x(self, value: float) -> float:
        """Return the place of a number, or of the end of the axis that it is beyond."""
        value = min(max(value, self.low), self.high)
        if self.feature.scale == "log":
            share = log(value / self.low) / log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(Chart.LEFT + share * (Chart.RIGHT - Chart.LEFT), 1)

    def samples(self) -> NDArray[np.float64]:
        """Return numbers that lie evenly on the axis."""
        spaced = np.geomspace if self.feature.scale == "log" else np.linspace
        return np.asarray(spaced(self.low, self.high, SAMPLES))

    def ticks(self, factor: float) -> list[tuple[float, str]]:
        """Return round numbers of a unit, `factor` of the first: in the first unit, and in words."""
        low, high = self.low / factor, self.high / factor
        numbers = round_numbers(low, high, self.feature.scale)
        if len(numbers) < 2:
            numbers = [*rounded_inwards(low, high)]
        return [(number * factor, self.feature.figure(number)) for number in numbers]


def rounded_inwards(low: float, high: float) -> tuple[float, float]:
    """Return a range in whole numbers, or to as many digits as tell small ones apart."""
    largest = max(abs(low), abs(high)) or 1.0

    def rounded(end: float, inwards: Callable[[float], int]) -> float:
        digits = max(0, 2 - floor(log10(largest)), -floor(log10(abs(end) or 1.0)))
        return inwards(round(end * 10.0**digits, 6)) / 10.0**digits

    return rounded(low, ceil), rounded(high, floor)


def chart_of(predictor: Predictor, number: Number, unit: str, row: Row) -> "Chart":
    """Return the chart of the probabilities by a number, with the other features as in a row."""
    index = predictor.problem.features.index(number)
    # The number itself is no part of the key, so that one chart serves all its values.
    return _chart(predictor, index, unit, (*row.numbers[:index], 0.0, *row.numbers[index + 1 :]))


class Chart:
    """A chart without the marker, in the units of its `viewBox`.

    Attributes:
        feature: the number that it varies.
        top: the probability at the upper end.
        unit: the name of the unit; "" for a number without one.
        range: the least and the greatest number, rounded inwards.
        curves: one for each class.
        ticks: the labels of the axis of numbers.
        shares: the labels of the axis of probabilities.
        rows: the chart as a table: a number, and the probability of each class for it, in words.
    """

    WIDTH, HEIGHT = 440, 290
    LEFT, RIGHT, TOP, BOTTOM = 50, 424, 34, 236

    def __init__(self, predictor: Predictor, index: int, unit: str, row: tuple[float, ...]) -> None:
        """Draw the chart that varies the number at `index` of a row."""
        number = predictor.problem.features[index]
        assert isinstance(number, Number)  # noqa: S101 - callers pass the index of a number
        axis, factor = Axis.of(predictor, number), number.factor(unit)

        def shares_at(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float32]:
            matrix = np.tile(np.array(row), (len(values), 1))
            matrix[:, index] = values
            return predictor.predict_many(matrix).probabilities

        if predictor.problem.only_number:
            values = axis.samples()
            shares = shares_at(values)
            xs = [axis.x(value) for value in values]
        else:
            # Exact: the answer changes at the model's thresholds only, where the line has a step.
            inside = [edge for edge in predictor.thresholds[index] if axis.low < edge < axis.high]
            shares = np.repeat(shares_at([axis.low, *inside]), 2, axis=0)
            xs = [axis.x(edge) for edge in (axis.low, *np.repeat(inside, 2).tolist(), axis.high)]
        ticks = axis.ticks(factor)
        shares_at_ticks = shares_at([value for value, _ in ticks]).tolist()
        self.top = next((top for top in TOPS if shares.max() <= top), 1.0)
        self.feature = number
        self.unit = number.label(unit).strip()
        self.range = rounded_inwards(axis.low / factor, axis.high / factor)
        self.curves = [
            _curve(entry, xs, share, self.top)
            for entry, share in zip(predictor.classes, shares.T, strict=True)
        ]
        self.ticks = drop_overlapping(
            Label(axis.x(value), Chart.BOTTOM + 24, words, "middle") for value, words in ticks
        )
        self.shares = [
            Label(Chart.LEFT - 8, _y_of(share), f"{share * self.top:.0%}", "end") for share in (0, 0.5, 1)
        ]
        self.rows = [
            (words, [*map(percentage, each)]) for (_, words), each in zip(ticks, shares_at_ticks, strict=True)
        ]

    def drawn(self, keys: Sequence[str]) -> list[tuple[Curve, Label]]:
        """Return the curves of some classes with their names."""
        curves = [curve for curve in self.curves if curve.key in keys]
        names = name_curves([curve.name for curve in curves], [curve.heights for curve in curves], GRID)
        return list(zip(curves, names, strict=True))


GRID = np.linspace(Chart.LEFT, Chart.RIGHT, 76)
"""Places along the axis, five units of the `viewBox` apart."""

_chart = lru_cache(maxsize=64)(Chart)  # drawing one takes longer than all else of a page


def marker(axis: Axis, top: float, value: float, probability: float) -> Label:
    """Return the place of a value on its class's curve. What is outside the chart is put at its edge."""
    x = axis.x(value)
    anchor = "start" if x < Chart.LEFT + MARGIN else "end" if x > Chart.RIGHT - MARGIN else "middle"
    return Label(x, _y_of(min(probability / top, 1.0)), percentage(probability), anchor)


def _curve(entry: Class, xs: Sequence[float], shares: NDArray[np.float32], top: float) -> Curve:
    ys = [_y_of(share / top) for share in shares.tolist()]
    points = [f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True)]
    line = f"M{'L'.join(points)}"
    area = f"{line}L{xs[-1]:.1f} {Chart.BOTTOM}L{xs[0]:.1f} {Chart.BOTTOM}Z"
    return Curve(entry.key, entry.name, line, area, np.interp(GRID, xs, ys))


def _y_of(share: float) -> float:
    return round(Chart.BOTTOM - share * (Chart.BOTTOM - Chart.TOP), 1)
