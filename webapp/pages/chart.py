"""The chart of each breed's probability by home size: its geometry; a template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log, sqrt

import numpy as np

from model.home_size import MAX_SQFT, MIN_SQFT, Unit, round_sizes, to_sqft
from model.predictor import Predictor
from webapp.home import UNIT_NAMES, Home
from webapp.pages.labels import Label, lifted, thinned
from webapp.pages.words import figure, percentage

WIDTH, HEIGHT = 440, 290
LEFT, RIGHT, TOP, BOTTOM = 50, 424, 34, 236
SAMPLES = 120
MARGIN = 40
"""Half the width of the words at the mark."""
NARROWEST = 1.5
"""The largest home on a chart is at least so many times the smallest."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One breed's probability, as the `d` of a path, and the same down to the ground as an area."""

    breed: str
    line: str
    area: str
    label: Label


@dataclass(frozen=True, slots=True)
class Chart:
    """What does not depend on the home.

    Attributes:
        range: the smallest and largest home on it, in whole `unit`s.
        curves: one for each breed.
        ticks: places on the axis of sizes.
        shares: places on the axis of probabilities.
        rows: each tick's size, and the probability of each breed there, in words: the chart as a table.
    """

    unit: str
    range: tuple[int, int]
    curves: tuple[Curve, ...]
    ticks: tuple[Label, ...]
    shares: tuple[Label, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def span(predictor: Predictor) -> tuple[float, float]:
    """Give the smallest and largest home that chart and slider show, in sq ft.

    That is the range that the model has seen, made wider where its homes are of one size or nearly so.
    """
    low, high = predictor.training_range
    low = max(min(low, sqrt(low * high / NARROWEST)), MIN_SQFT)
    return low, min(max(high, low * NARROWEST), MAX_SQFT)


@lru_cache(maxsize=8)
def chart_of(predictor: Predictor, unit: Unit) -> Chart:
    """Draw the probabilities over the sizes of `span`, which are on a logarithmic scale."""
    sizes = np.geomspace(*span(predictor), SAMPLES)
    shares = predictor.predict_many(sizes).probabilities
    across = [_across(predictor, size) for size in sizes]
    names = lifted(
        [_name(breed.name, across, share) for breed, share in zip(predictor.breeds, shares.T, strict=True)]
    )
    low, high = (size / to_sqft(1, unit) for size in span(predictor))
    whole = ceil(low), floor(high)
    ticks = [to_sqft(size, unit) for size in round_sizes(low, high)]
    if len(ticks) < 2:
        ticks = [to_sqft(size, unit) for size in whole]
    at_ticks = predictor.predict_many(np.array(ticks)).probabilities
    return Chart(
        unit=UNIT_NAMES[unit],
        range=whole,
        curves=tuple(
            _curve(breed.key, name, across, share)
            for breed, name, share in zip(predictor.breeds, names, shares.T, strict=True)
        ),
        ticks=thinned(
            Label(_across(predictor, size), BOTTOM + 24, figure(round(size / to_sqft(1, unit))), "middle")
            for size in ticks
        ),
        shares=tuple(Label(LEFT - 8, _up(share), f"{share:.0%}", "end") for share in (0, 0.5, 1)),
        rows=tuple(
            (figure(round(size / to_sqft(1, unit))), tuple(percentage(share) for share in row))
            for size, row in zip(ticks, at_ticks.tolist(), strict=True)
        ),
    )


def marker(predictor: Predictor, home: Home, probability: float) -> Label:
    """Mark a home on its breed's curve; one outside the chart stands at its edge."""
    x = _across(predictor, home.sqft)
    anchor = "start" if x < LEFT + MARGIN else "end" if x > RIGHT - MARGIN else "middle"
    return Label(x, _up(probability), percentage(probability), anchor)


def _curve(breed: str, name: Label, across: Sequence[float], shares: np.ndarray) -> Curve:
    points = [f"{x:.1f} {_up(share):.1f}" for x, share in zip(across, shares.tolist(), strict=True)]
    line = f"M{'L'.join(points)}"
    area = f"{line}L{across[-1]:.1f} {BOTTOM}L{across[0]:.1f} {BOTTOM}Z"
    return Curve(breed, line, area, name)


def _name(name: str, across: Sequence[float], shares: np.ndarray) -> Label:
    """Put a breed's name at the peak of its curve; of a plateau that runs to an end of the chart, there."""
    peak = next((end for end in (0, -1) if shares[end] > shares.max() - 0.01), int(shares.argmax()))
    x = across[peak]
    anchor = "start" if x < WIDTH / 3 else "end" if x > WIDTH * 2 / 3 else "middle"
    return Label(x, round(_up(float(shares[peak])) - 12, 1), name, anchor)


def _across(predictor: Predictor, sqft: float) -> float:
    low, high = span(predictor)
    share = log(min(max(sqft, low), high) / low) / log(high / low)
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _up(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 1)
