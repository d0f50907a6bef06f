"""The size of a home: its units and its limits."""

import math
from typing import Literal

SQFT_PER_M2 = 10.76391041671
"""Square feet in a square metre: 1 / 0.3048², the international foot being exactly 0.3048 m."""

MIN_SQFT = 50.0
MAX_SQFT = 100_000.0

Unit = Literal["sqft", "m2"]


def to_sqft(value: float, unit: Unit) -> float:
    """Convert a home size to square feet.

    Args:
        value: The size, in ``unit``.
        unit: ``"sqft"`` or ``"m2"``.

    Returns:
        The size in square feet; it may lie outside ``MIN_SQFT`` to ``MAX_SQFT``, which callers check.
    """
    return value * SQFT_PER_M2 if unit == "m2" else value


def round_sizes(low: float, high: float) -> list[float]:
    """Return the round sizes for the ticks of a logarithmic axis: 1, 2 and 5 times each power of ten."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [size for power in powers for size in (10.0**power * k for k in (1, 2, 5)) if low <= size <= high]
