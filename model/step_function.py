"""A booster over one number as what it is: an exact step function."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xgboost
from numpy.typing import NDArray

from model.booster import class_probabilities, split_thresholds


@dataclass(frozen=True, slots=True)
class StepFunction:
    """A booster's answers, constant from each edge up to the next.

    Attributes:
        edges: Ascending home sizes in square feet; interval ``i`` holds the sizes from ``edges[i - 1]`` up to
            and without ``edges[i]``, so ``bisect_right(edges, size)`` is the interval of a size.
        probabilities: The booster's answer on each interval, shape ``(len(edges) + 1, classes)``.
    """

    edges: tuple[float, ...]
    probabilities: NDArray[np.float32]

    def at(self, home_sizes: NDArray[np.float64]) -> NDArray[np.float32]:
        """The booster's answers for sizes in square feet, shape ``(n,)``; shape ``(n, classes)``."""
        return self.probabilities.take(np.searchsorted(self.edges, home_sizes, side="right"), axis=0)


def to_step_function(booster: xgboost.Booster, extra_edges: Iterable[float]) -> StepFunction:
    """Ask the booster once on every interval.

    Between two neighbouring thresholds every tree sends every size to the same leaf, and XGBoost adds the
    leaves in a fixed order: one size of the interval speaks for all, to the last bit.

    Args:
        booster: Trained on the home size alone.
        extra_edges: Further sizes, in square feet, at which an interval shall start; at least one.

    Raises:
        BoosterError: The booster is not made of trees.
    """
    edges = {first_double_at(threshold) for threshold in split_thresholds(booster)}
    edges.update(extra_edges)
    ordered = tuple(sorted(edges))
    # Each interval's smallest size speaks for it; for the first, which has none, its largest.
    representatives = np.array([math.nextafter(ordered[0], -math.inf), *ordered])
    return StepFunction(ordered, class_probabilities(booster, representatives))


def first_double_at(threshold: np.float32) -> float:
    """The smallest double that XGBoost does not put below a threshold.

    XGBoost rounds a size to float32, to nearest and ties to even, and then asks whether it is less than the
    threshold. So that double is half-way from the float32 before, or the next one if the tie rounds down.
    """
    before = np.nextafter(threshold, np.float32(-np.inf))
    half_way = (float(before) + float(threshold)) / 2  # exact: a double has bits to spare
    return half_way if np.float32(half_way) == threshold else math.nextafter(half_way, math.inf)
