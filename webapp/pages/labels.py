"""The labels of a chart, kept from overlapping."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

LINE_HEIGHT = 18
ABOVE_CURVE = 12
"""How far a name's baseline is above its curve."""
TICK_WIDTH = 60
"""The least distance between two ticks."""
CHARACTER_WIDTH = 9
"""Of a label, on average in a wide font, in units of the `viewBox`."""
LONGEST_NAME = 30
"""Characters of a name that fit into a chart."""


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a point of a chart; `anchor` is SVG's `text-anchor`."""

    x: float
    y: float
    words: str
    anchor: str

    def overlaps(self, other: "Label") -> bool:
        """Return whether two labels, on one line, would overlap or touch."""
        (left, right), (other_left, other_right) = self._ends(), other._ends()
        return left < other_right and other_left < right

    def _ends(self) -> tuple[float, float]:
        width = CHARACTER_WIDTH * (len(self.words) + 1)
        left = self.x - {"start": 0, "middle": width / 2, "end": width}[self.anchor]
        return left, left + width


def drop_overlapping(ticks: Iterable[Label]) -> tuple[Label, ...]:
    """Return the ticks, from left to right, without those whose words would overlap the last one kept."""
    kept: list[Label] = []
    for tick in ticks:
        if not kept or (tick.x - kept[-1].x >= TICK_WIDTH and not tick.overlaps(kept[-1])):
            kept.append(tick)
    return tuple(kept)


def stack_overlapping(names: Sequence[Label]) -> list[Label]:
    """Return the names, each moved up until it overlaps no name below it."""
    heights: dict[Label, float] = {}
    for name in sorted(names, key=lambda name: -name.y):
        beneath = [height for other, height in heights.items() if other.overlaps(name)]
        heights[name] = min([name.y, *(height - LINE_HEIGHT for height in beneath)])
    return [replace(name, y=heights[name]) for name in names]


def name_curves(
    names: Sequence[str], heights: Sequence[NDArray[np.float64]], grid: NDArray[np.float64]
) -> list[Label]:
    """Place each name above its curve, where the fewest other curves cross it, and there where it is highest.

    Args:
        names: one for each curve.
        heights: the `y` of each curve at the places of the grid, which is less the higher it is.
        grid: ascending values of `x`, evenly spaced from one end of the chart to the other.
    """
    labels = []
    for name, own in zip(map(shortened, names), heights, strict=True):
        width = min(ceil(CHARACTER_WIDTH * len(name) / (grid[1] - grid[0])) + 1, len(grid))
        windows = np.lib.stride_tricks.sliding_window_view(np.array(heights), width, axis=1)
        below = np.lib.stride_tricks.sliding_window_view(own, width)
        baseline = below.min(axis=1, keepdims=True) - ABOVE_CURVE
        crossed = (baseline - LINE_HEIGHT < windows) & (windows < baseline + ABOVE_CURVE / 2)
        best = int(np.lexsort((below.mean(axis=1), crossed.any(axis=2).sum(axis=0)))[0])
        last = len(grid) - width
        anchor = "start" if best == 0 else "end" if best == last else "middle"
        x = {"start": grid[0], "end": grid[-1], "middle": grid[best : best + width].mean()}[anchor]
        labels.append(Label(round(float(x), 1), round(float(baseline[best, 0]), 1), name, anchor))
    return stack_overlapping(labels)


def shortened(name: str) -> str:
    """Return a name that fits into a chart."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
