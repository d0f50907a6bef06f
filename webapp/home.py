"""The size of a home: its units, its limits, and the conversion to square feet."""

from dataclasses import dataclass
from math import ceil, floor

from model.home_size import MAX_SQFT, MIN_SQFT, SQFT_PER_M2, Unit, to_sqft

MAX_HOMES = 20_000
"""The most homes that a batch may have."""

UNIT_NAMES: dict[Unit, str] = {"sqft": "sq ft", "m2": "m²"}
LIMITS: dict[Unit, tuple[float, float]] = {
    "sqft": (MIN_SQFT, MAX_SQFT),
    "m2": (ceil(MIN_SQFT * 100 / SQFT_PER_M2) / 100, floor(MAX_SQFT * 100 / SQFT_PER_M2) / 100),
}
"""The smallest and the largest home size in each unit; those in m² are rounded inwards to two decimals."""


class HomeSizeError(ValueError):
    """A home size is outside the limits; the message completes the sentence "The home size must be …"."""


@dataclass(frozen=True, slots=True)
class Home:
    """A home's size: `value` in `unit` as it was given, and the same in square feet."""

    value: int | float
    unit: Unit
    sqft: float


def limits_in_words(unit: Unit, joint: str = "to") -> str:
    """Return the limits with their unit, such as "50 to 100,000 sq ft"."""
    smallest, largest = LIMITS[unit]
    return f"{smallest:,.10g} {joint} {largest:,.10g} {UNIT_NAMES[unit]}"


def measure(value: int | float, unit: Unit) -> Home:
    """Return the home of a given size.

    Raises:
        HomeSizeError: the size is outside the limits of its unit, or NaN.
    """
    return Home(value, unit, to_checked_sqft(value, unit))


def to_checked_sqft(value: int | float, unit: Unit) -> float:
    """Convert a home size to square feet.

    Raises:
        HomeSizeError: the size is outside the limits of its unit, or NaN.
    """
    smallest, largest = LIMITS[unit]
    # Compared before the conversion, because an integer in JSON may be too large for a float.
    if smallest <= value <= largest:
        return to_sqft(float(value), unit)
    raise HomeSizeError(f"between {limits_in_words(unit, 'and')}")
