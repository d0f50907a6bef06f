"""Addresses as the clients can ask for them."""

from functools import lru_cache
from typing import TYPE_CHECKING

from webapp.http.request_context import current_exchange
from webapp.recommend import picture_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_picture_path = lru_cache(maxsize=256)(picture_path)


def origin() -> str:
    """Give the address of this server, as the client asked for it, without a slash at the end."""
    exchange = current_exchange()
    return f"{exchange.environ['wsgi.url_scheme']}://{exchange.host}"


def picture_url(breed: str) -> str:
    """Give the address of a breed's picture."""
    return origin() + _picture_path(breed)


def with_web_scheme(app: "WSGIApplication") -> "WSGIApplication":
    """Call an app behind ProxyFix with `http` or `https`; another scheme of a proxy's is passed over."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        scheme = environ["wsgi.url_scheme"].lower()
        if scheme not in {"http", "https"}:
            scheme = environ["werkzeug.proxy_fix.orig"]["wsgi.url_scheme"]
        environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    return call
