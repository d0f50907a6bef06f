"""The API's answers, as the clients get them: with the model's version, and absolute addresses."""

from functools import lru_cache

from flask import Response, request
from werkzeug.sansio.utils import get_current_url, get_host

from webapp.recommend import get_predictor, picture_path


def api_response(body: bytes, media_type: str) -> Response:
    """Answer, and name the model."""
    response = Response(
        body, content_type=f"{media_type}; charset=utf-8" if media_type == "text/csv" else media_type
    )
    response.headers.add("X-Model-Version", get_predictor().model_version)
    return response


def picture_url(breed: str) -> str:
    """Give the address of a breed's picture, as the client can ask for it."""
    return _picture_url(breed, request.scheme, request.environ.get("HTTP_HOST"))


@lru_cache(maxsize=256)
def _picture_url(breed: str, scheme: str, host: str | None) -> str:
    return get_current_url(scheme, get_host(scheme, host, request.server)).rstrip("/") + picture_path(breed)
