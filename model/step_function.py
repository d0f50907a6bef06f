"""Conversion of a booster to the step function that it computes, without loss."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xgboost
from numpy.typing import NDArray

from model.arrays import Matrix, Probabilities
from model.booster import class_probabilities, split_thresholds
from model.problem.features import AnyFeature, Choice, Number

MAX_CELLS = 10_000
"""The most cells of several features; XGBoost predicts so many in some 20 ms, when a model is loaded."""


@dataclass(frozen=True, slots=True)
class StepFunction:
    """A booster's probabilities, constant in each cell of the grid of its features' intervals.

    Attributes:
        edges: For each feature ascending values: interval ``i`` is ``edges[i - 1] <= value < edges[i]``, so
            ``bisect_right(edges, value)`` is the interval of a value. That of a choice is its code; a blank,
            NaN, is behind an edge at infinity.
        cells: A row of each cell, the intervals of the last feature following each other.
        probabilities: The booster's answer in each cell.
    """

    edges: tuple[tuple[float, ...], ...]
    cells: Matrix
    probabilities: Probabilities

    def cell_of(self, row: Sequence[float]) -> int:
        """Return the index of a row's cell."""
        cell = 0
        for edges, value in zip(self.edges, row, strict=True):
            cell = cell * (len(edges) + 1) + bisect_right(edges, value)
        return cell

    def cells_of(self, matrix: Matrix) -> NDArray[np.intp]:
        """Return the index of each row's cell."""
        cells = np.zeros(len(matrix), np.intp)
        for edges, column in zip(self.edges, matrix.T, strict=True):
            cells = cells * (len(edges) + 1) + np.searchsorted(edges, column, side="right")
        return cells


def to_step_function(
    booster: xgboost.Booster, features: Sequence[AnyFeature], edges: Sequence[Sequence[float]]
) -> StepFunction | None:
    """Convert a booster to a step function by predicting once in every cell.

    Between two neighbouring thresholds each tree sends all values to the same leaf, and XGBoost adds the
    leaves in a fixed order, so all rows of a cell have the same answer to the last bit. ``edges`` has those
    of each number, its ``changes`` at least, and more where an interval shall start.

    Returns:
        None for several features with more than ``MAX_CELLS``.
    """
    edges, values = zip(*map(_intervals, features, edges), strict=True)
    if len(features) > 1 and math.prod(map(len, values)) > MAX_CELLS:
        return None
    cells = np.stack(np.meshgrid(*values, indexing="ij"), axis=-1).reshape(-1, len(features))
    return StepFunction(edges, cells, class_probabilities(booster, cells))


def changes(booster: xgboost.Booster) -> list[list[float]]:
    """Return the values of each feature from which on a tree answers otherwise; a choice's mean nothing.

    Raises:
        BoosterError: The booster is not made of trees.
    """
    return [list(map(first_double_at, thresholds)) for thresholds in split_thresholds(booster)]


def _intervals(feature: AnyFeature, edges: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the edges between a feature's intervals, and a value in each interval."""
    if isinstance(feature, Number):
        edges = sorted(set(edges))
        # The smallest value of each interval, but the largest of the first, which has no smallest.
        values = [math.nextafter(edges[0], -math.inf), *edges]
    else:
        values = [float(code) for code in range(len(feature.choices) if isinstance(feature, Choice) else 2)]
        edges = values[1:]
    if not feature.required:
        edges, values = [*edges, math.inf], [*values, math.nan]
    return tuple(edges), tuple(values)


def first_double_at(threshold: np.float32) -> float:
    """Return the smallest double that XGBoost does not put below a threshold.

    XGBoost rounds a value to float32 (to nearest, ties to even) and then compares it with the threshold. The
    result is therefore the midpoint of the threshold and the float32 below it, or, if this tie rounds down,
    the next double.
    """
    below = np.nextafter(threshold, np.float32(-np.inf))
    midpoint = (float(below) + float(threshold)) / 2  # exact: a double has bits to spare
    return midpoint if np.float32(midpoint) == threshold else math.nextafter(midpoint, math.inf)
