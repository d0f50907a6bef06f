"""Round numbers for the ticks of an axis."""

import math


def round_numbers(low: float, high: float, scale: str = "log") -> list[float]:
    """Return round numbers: 1, 2 and 5 times each power of ten, or evenly spaced on a linear scale."""
    if scale == "linear":
        step = 10.0 ** math.floor(math.log10((high - low) / 2))
        step *= next(k for k in (0.5, 1, 2, 5) if (high - low) / (step * k) <= 8)
        first = math.ceil(low / step - 1e-9)
        return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        number for power in powers for number in (10.0**power * k for k in (1, 2, 5)) if low <= number <= high
    ]
