"""The labels of a chart, kept from overlapping."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

LINE_HEIGHT = 18
TICK_WIDTH = 60
NAME_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a point of a chart; `anchor` is SVG's `text-anchor`."""

    x: float
    y: float
    words: str
    anchor: str


def drop_overlapping(ticks: Iterable[Label]) -> tuple[Label, ...]:
    """Return the ticks, from left to right, without those whose words would overlap the last one kept."""
    kept: list[Label] = []
    for tick in ticks:
        if not kept or tick.x - kept[-1].x >= TICK_WIDTH:
            kept.append(tick)
    return tuple(kept)


def stack_overlapping(names: Sequence[Label]) -> list[Label]:
    """Return the names, each moved up until it overlaps no name below it."""
    heights: dict[Label, float] = {}
    for name in sorted(names, key=lambda name: -name.y):
        beneath = [
            height
            for other, height in heights.items()
            if other.anchor == name.anchor and abs(other.x - name.x) < NAME_WIDTH
        ]
        heights[name] = min([name.y, *(height - LINE_HEIGHT for height in beneath)])
    return [replace(name, y=heights[name]) for name in names]
