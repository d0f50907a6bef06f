"""The labels of a chart, kept from overlapping."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

LINE_HEIGHT = 18
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


def shortened(name: str) -> str:
    """Return a name that fits into a chart."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
