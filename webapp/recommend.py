"""The recommendation for a home and its picture, for the pages and the API alike."""

from model.predictor import Recommendation
from webapp.home import Home
from webapp.http.state import current_state

NO_PICTURE = "breeds/puppy.svg"


def recommend(home: Home) -> Recommendation:
    """Recommend a puppy for a home."""
    return current_state().predictor.predict(home.sqft)


def picture_of(breed: str) -> str:
    """Return the name of a breed's picture among the static files; a paw's where it has none."""
    state = current_state()
    picture = f"breeds/{state.predictor.breed(breed).picture}"
    return picture if picture in state.static_files else NO_PICTURE
