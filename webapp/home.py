"""The size of a home: how it is given, what it is in square feet, and its limits."""

from dataclasses import dataclass

from model.home_size import MAX_SQFT, MIN_SQFT, SQFT_PER_M2, Unit, to_sqft

UNIT_NAMES: dict[Unit, str] = {"sqft": "sq ft", "m2": "m²"}


class HomeSizeError(ValueError):
    """A home size lies outside what is recommended for; `str()` completes "the home size must be"."""


@dataclass(frozen=True, slots=True)
class Home:
    """A home's size as it was given, and in sq ft."""

    value: int | float
    unit: Unit
    sqft: float


def limits(unit: Unit) -> tuple[float, float]:
    """Give the smallest and the largest home size, in `unit`, to two decimals inside the true limits."""
    if unit == "sqft":
        return MIN_SQFT, MAX_SQFT
    return -(-MIN_SQFT * 100 // SQFT_PER_M2) / 100, MAX_SQFT * 100 // SQFT_PER_M2 / 100


_LIMITS: dict[Unit, tuple[float, float]] = {unit: limits(unit) for unit in UNIT_NAMES}


def measure(value: int | float, unit: Unit) -> Home:
    """Convert a home size to sq ft, and keep it as it was given.

    Raises:
        HomeSizeError: the size is not a number within the limits of its unit.
    """
    return Home(value, unit, to_checked_sqft(value, unit))


def to_checked_sqft(value: int | float, unit: Unit) -> float:
    """Convert a home size to sq ft.

    Raises:
        HomeSizeError: the size is not a number within the limits of its unit.
    """
    smallest, largest = _LIMITS[unit]
    # Compared first: an integer of JSON has no upper limit, and one past 1e308 does not convert to a float.
    if smallest <= value <= largest:
        return to_sqft(float(value), unit)
    raise HomeSizeError(f"between {smallest:,.10g} and {largest:,.10g} {UNIT_NAMES[unit]}")
