"""Home sizes: units and their conversion."""

import pytest

from model.home_size import to_sqft


def test_square_feet_are_not_converted() -> None:
    assert to_sqft(1200.5, "sqft") == 1200.5


def test_a_hundred_square_metres_are_1076_square_feet() -> None:
    assert to_sqft(100, "m2") == pytest.approx(100 / 0.3048**2, rel=1e-12)
