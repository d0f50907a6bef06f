"""Conversion of a booster with one numeric input to the step function that it computes, without loss."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xgboost

from model.arrays import Floats, Probabilities
from model.booster import class_probabilities, split_thresholds


@dataclass(frozen=True, slots=True)
class StepFunction:
    """A booster's probabilities, constant from each edge up to the next.

    Attributes:
        edges: Ascending values. Interval ``i`` is ``edges[i - 1] <= value < edges[i]``, so
            ``bisect_right(edges, value)`` is the interval of a value.
        probabilities: The booster's answer on each interval, shape ``(len(edges) + 1, classes)``.
    """

    edges: tuple[float, ...]
    probabilities: Probabilities

    def at(self, values: Floats) -> Probabilities:
        """Return the probabilities for values."""
        return self.probabilities.take(np.searchsorted(self.edges, values, side="right"), axis=0)


def to_step_function(booster: xgboost.Booster, extra_edges: Iterable[float]) -> StepFunction:
    """Convert a booster to a step function by predicting once in every interval.

    Between two neighbouring thresholds each tree sends all values to the same leaf, and XGBoost adds the
    leaves in a fixed order, so all values of the interval have the same answer to the last bit. At
    ``extra_edges``, of which there must be one, an interval starts, too.

    Raises:
        BoosterError: The booster is not made of trees.
    """
    [thresholds] = split_thresholds(booster)
    edges = set(map(first_double_at, thresholds))
    edges.update(extra_edges)
    ordered = tuple(sorted(edges))
    # The smallest value of each interval, but the largest of the first, which has no smallest.
    representatives = np.array([math.nextafter(ordered[0], -math.inf), *ordered])
    return StepFunction(ordered, class_probabilities(booster, representatives.reshape(-1, 1)))


def first_double_at(threshold: np.float32) -> float:
    """Return the smallest double that XGBoost does not put below a threshold.

    XGBoost rounds a value to float32 (to nearest, ties to even) and then compares it with the threshold. The
    result is therefore the midpoint of the threshold and the float32 below it, or, if this tie rounds down,
    the next double.
    """
    below = np.nextafter(threshold, np.float32(-np.inf))
    midpoint = (float(below) + float(threshold)) / 2  # exact: a double has bits to spare
    return midpoint if np.float32(midpoint) == threshold else math.nextafter(midpoint, math.inf)
