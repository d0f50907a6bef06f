"""The recommendation for a home and its picture, for the pages and the API alike."""

from model.predictor import Predictor, Recommendation
from webapp.home import Home
from webapp.http.state import State

NO_PICTURE = "breeds/puppy.svg"


def recommend(predictor: Predictor, home: Home) -> Recommendation:
    """Recommend a puppy for a home."""
    return predictor.predict(home.sqft)


def picture_of(breed: str, state: State) -> str:
    """Return the path of a breed's picture below `static/`, or that of a paw if it has none."""
    picture = f"breeds/{state.predictor.breed(breed).picture}"
    return picture if picture in state.static_files else NO_PICTURE
