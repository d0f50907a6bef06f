"""Words on a chart, kept from overlapping each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

LINE_HEIGHT = 18
TICK_WIDTH = 60
NAME_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place of a chart; `anchor` is SVG's `text-anchor`."""

    x: float
    y: float
    words: str
    anchor: str


def thinned(ticks: Iterable[Label]) -> tuple[Label, ...]:
    """Leave out, from left to right, each tick whose words would overlap those of the tick before."""
    kept: list[Label] = []
    for tick in ticks:
        if not kept or tick.x - kept[-1].x >= TICK_WIDTH:
            kept.append(tick)
    return tuple(kept)


def lifted(names: Sequence[Label]) -> list[Label]:
    """Lift each name above the names below it that it would overlap."""
    heights: dict[Label, float] = {}
    for name in sorted(names, key=lambda name: -name.y):
        beneath = [
            height
            for other, height in heights.items()
            if other.anchor == name.anchor and abs(other.x - name.x) < NAME_WIDTH
        ]
        heights[name] = min([name.y, *(height - LINE_HEIGHT for height in beneath)])
    return [replace(name, y=heights[name]) for name in names]
