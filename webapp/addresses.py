"""Addresses as the clients can ask for them."""

from functools import lru_cache

from flask import request
from werkzeug.sansio.utils import get_current_url, get_host

from webapp.exchange import current_exchange
from webapp.recommend import picture_path


def picture_url(breed: str) -> str:
    """Give the address of a breed's picture, as the client can ask for it."""
    environ = current_exchange().environ
    return _picture_url(breed, environ["wsgi.url_scheme"], environ.get("HTTP_HOST"))


@lru_cache(maxsize=256)
def _picture_url(breed: str, scheme: str, host: str | None) -> str:
    return get_current_url(scheme, get_host(scheme, host, request.server)).rstrip("/") + picture_path(breed)
