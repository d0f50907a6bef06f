"""Addresses as the clients can ask for them."""

from functools import lru_cache

from webapp.exchange import current_exchange
from webapp.recommend import picture_path

_picture_path = lru_cache(maxsize=256)(picture_path)


def origin() -> str:
    """Give the address of this server, as the client asked for it, without a slash at the end."""
    exchange = current_exchange()
    return f"{exchange.environ['wsgi.url_scheme']}://{exchange.host}"


def picture_url(breed: str) -> str:
    """Give the address of a breed's picture."""
    return origin() + _picture_path(breed)
