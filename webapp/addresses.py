"""Addresses as the clients can ask for them."""

from webapp.exchange import current_exchange
from webapp.recommend import picture_path


def origin() -> str:
    """Give the address of this server, as the client asked for it, without a slash at the end."""
    exchange = current_exchange()
    return f"{exchange.environ['wsgi.url_scheme']}://{exchange.host}"


def picture_url(breed: str) -> str:
    """Give the address of a breed's picture."""
    return origin() + picture_path(breed)
