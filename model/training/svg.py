"""Small SVG drawings, in colours that are legible on white and on black.

A page shows them with ``<img>``, so each has its own style, which follows the reader's light or dark setting.
"""

import math
from collections.abc import Callable, Iterable
from xml.sax.saxutils import escape

Scale = Callable[[float], float]
Point = tuple[float, float]

COLOURS = ("#d9772b", "#3b82c4", "#2f9e6e", "#9b6bc7", "#d1495b", "#8a8f2c", "#1d9aa8", "#b3628f")
"""The colours of the classes in order, repeated if there are more classes."""

WIDTH = 720

STYLE = """
text { font: 14px system-ui, sans-serif; fill: #5a6069 }
.title { font-size: 17px; font-weight: 600 }
.grid { stroke: #8a919b; stroke-opacity: .3 }
.axis { stroke: #8a919b }
.note { stroke: #5a6069; stroke-dasharray: 3 5; stroke-width: 2; fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #c3c9d1 }
  .note { stroke: #c3c9d1 }
}
"""


def colour(index: int) -> str:
    """Return the colour of the class with this index."""
    return COLOURS[index % len(COLOURS)]


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Return the linear scale that maps ``low`` to ``start`` and ``high`` to ``end``."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """Return the logarithmic scale that maps ``low`` to ``start`` and ``high`` to ``end``."""
    even = linear(math.log(low), math.log(high), start, end)
    return lambda value: even(math.log(value))


class Drawing:
    """A drawing under construction; coordinates are pixels from the top left, kinds classes of ``STYLE``."""

    def __init__(self, title: str, description: str) -> None:
        self._parts = [
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            f"<style>{STYLE}</style>",
        ]
        self.text(16, 26, title, "title")

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Write text of which the ``anchor`` (``start``, ``middle`` or ``end``) is at ``x``."""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{_class(kind)}>{escape(words)}</text>'
        )

    def line(self, start: Point, end: Point, kind: str = "", stroke: str = "") -> None:
        """Draw a straight line."""
        look = f' stroke="{stroke}" stroke-width="2"' if stroke else ""
        self._parts.append(
            f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
            f"{_class(kind)}{look}/>"
        )

    def curve(self, points: Iterable[Point], kind: str = "", stroke: str = "") -> None:
        """Draw a line through points."""
        look = f' fill="none" stroke="{stroke}" stroke-width="3" stroke-linejoin="round"' if stroke else ""
        self._parts.append(f'<path d="M{_path(points)}"{_class(kind)}{look}/>')

    def area(self, points: Iterable[Point], fill: str, opacity: float) -> None:
        """Fill the polygon with these corners."""
        self._parts.append(f'<path d="M{_path(points)}Z" fill="{fill}" fill-opacity="{opacity}"/>')

    def bar(self, start: Point, end: Point, fill: str) -> None:
        """Fill the rectangle between two opposite corners."""
        (left, top), (right, bottom) = start, end
        self.area([(left, top), (right, top), (right, bottom), (left, bottom)], fill, 0.85)

    def dot(self, x: float, y: float, fill: str) -> None:
        """Draw a dot."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}"/>')

    def encode(self, height: int) -> bytes:
        """Return the content of a file whose image has this height."""
        size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
        return "\n".join([opening, *self._parts, "</svg>\n"]).encode()


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _path(points: Iterable[Point]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
