"""Home sizes at which a predictor could differ from its booster."""

import math

import numpy as np
import xgboost
from numpy.typing import NDArray

from model.booster import split_thresholds


def around(value: float, steps: int = 1) -> list[float]:
    """A double and its neighbours."""
    found = [value]
    for direction in (-math.inf, math.inf):
        size = value
        for _ in range(steps):
            size = math.nextafter(size, direction)
            found.append(size)
    return found


def delicate_sizes(booster: xgboost.Booster) -> NDArray[np.float64]:
    """Every threshold, its two float32 neighbours, the half-ways between them, and doubles around each."""
    sizes: list[float] = []
    for threshold in split_thresholds(booster):
        below = float(np.nextafter(threshold, np.float32(-np.inf)))
        above = float(np.nextafter(threshold, np.float32(np.inf)))
        middle = float(threshold)
        for size in (below, (below + middle) / 2, middle, (middle + above) / 2, above):
            sizes.extend(around(size, 2))
    return np.array(sizes)
