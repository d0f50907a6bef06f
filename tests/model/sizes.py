"""Home sizes at which a predictor could differ from its booster, and the answers to home sizes."""

import math

import numpy as np
import xgboost
from numpy.typing import NDArray

from model.booster import split_thresholds
from model.predictor import Prediction, Predictions, Predictor
from model.problem.features import Reading
from model.problem.rows import Row


def around(value: float, steps: int = 1) -> list[float]:
    """Return a double and its nearest `steps` neighbours on both sides."""
    found = [value]
    for direction in (-math.inf, math.inf):
        size = value
        for _ in range(steps):
            size = math.nextafter(size, direction)
            found.append(size)
    return found


def sizes_around_thresholds(booster: xgboost.Booster) -> NDArray[np.float64]:
    """Return each threshold, its float32 neighbours, the midpoints between, and the doubles around them."""
    sizes: list[float] = []
    [thresholds] = split_thresholds(booster)
    for threshold in thresholds:
        below = float(np.nextafter(threshold, np.float32(-np.inf)))
        above = float(np.nextafter(threshold, np.float32(np.inf)))
        middle = float(threshold)
        for size in (below, (below + middle) / 2, middle, (middle + above) / 2, above):
            sizes.extend(around(size, 2))
    return np.array(sizes)


def answer(predictor: Predictor, size: float) -> Prediction:
    """Return the answer for a home of so many square feet."""
    return predictor.predict(Row.of(Reading(size, "sqft", size)))


def answers(predictor: Predictor, sizes: NDArray[np.float64]) -> Predictions:
    """Return the answers for homes of so many square feet."""
    return predictor.predict_many(sizes.reshape(-1, 1))
