"""Words at places of a chart, and how they are kept apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

LINE_HEIGHT = 18
TICK_WIDTH = 60
NAME_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place; `anchor` says which end of them stands there."""

    x: float
    y: float
    words: str
    anchor: str


def thinned(ticks: Iterable[Label]) -> tuple[Label, ...]:
    """Leave out each tick, from left to right, whose words would overlap those of the one before."""
    kept: list[Label] = []
    for tick in ticks:
        if not kept or tick.x - kept[-1].x >= TICK_WIDTH:
            kept.append(tick)
    return tuple(kept)


def lifted(names: Sequence[Label]) -> list[Label]:
    """Lift each name off those below it that it would overlap."""
    heights: dict[Label, float] = {}
    for name in sorted(names, key=lambda name: -name.y):
        beneath = [
            height
            for other, height in heights.items()
            if other.anchor == name.anchor and abs(other.x - name.x) < NAME_WIDTH
        ]
        heights[name] = min([name.y, *(height - LINE_HEIGHT for height in beneath)])
    return [replace(name, y=heights[name]) for name in names]
