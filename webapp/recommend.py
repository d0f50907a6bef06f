"""From a home to its recommendation: what the page and the API do alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from flask import Flask, current_app

from model.home_size import MAX_SQFT, MIN_SQFT, SQFT_PER_M2, Unit, to_sqft
from model.predictor import Predictor, Recommendation, Recommendations
from webapp.http.request_context import current_exchange

NO_PICTURE = "puppy.svg"
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


def init_app(app: Flask, predictor: Predictor) -> None:
    """Give the app its predictor, and a picture to each breed."""
    app.extensions["predictor"] = predictor
    folder_of_pictures = Path(cast(str, app.static_folder)) / "breeds"
    app.extensions["pictures"] = {
        breed.key: f"breeds/{breed.picture if (folder_of_pictures / breed.picture).exists() else NO_PICTURE}"
        for breed in predictor.breeds
    }


def picture_path(breed: str) -> str:
    """Give the path of a breed's picture on this server."""
    return f"{current_app.static_url_path}/{picture_file(breed)}"


def picture_file(breed: str) -> str:
    """Give the name of a breed's picture among the static files; a paw, while there is none."""
    return cast(str, current_app.extensions["pictures"][breed])


def get_predictor() -> Predictor:
    """Give the predictor that the app loaded when it was made."""
    return cast(Predictor, current_app.extensions["predictor"])


def recommend(home: Home) -> Recommendation:
    """Recommend a puppy for a home, and note both for the request's log line."""
    recommendation = get_predictor().predict(home.sqft)
    current_exchange().prediction = (home, recommendation)
    return recommendation


def recommend_many(sizes: Sequence[float]) -> Recommendations:
    """Recommend a puppy for each home, sizes in sq ft, and note them for the request's log line."""
    array = np.array(sizes, dtype=np.float64)
    recommendations = get_predictor().predict_many(array)
    current_exchange().batch = (array, recommendations)
    return recommendations
