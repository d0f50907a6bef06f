"""The host that a request is for: whether it names one, and whether that one is served here."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Request
from werkzeug.sansio.utils import get_current_url
from werkzeug.wsgi import get_host

from webapp.http.health import PATHS as HEALTH_PATHS
from webapp.http.request_context import current_exchange

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ANY = "*"
NO_HOST = "The Host header does not name a host. Send a name or an IP address."
NOT_SERVED = "This host is not served here. Ask by a name that ALLOWED_HOSTS has."
FALLBACK = "localhost"
"""Stands for a host that is refused in the addresses of its error page."""

# A name as in DNS and in container networks (underscores too), or an IPv6 address; then a port.
_HOST = re.compile(r"([\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::([1-9]\d{0,4})?)?", re.ASCII | re.IGNORECASE)
_ABSOLUTE_TARGET = re.compile(r"[^/]+://([^/?#]*)")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class HostError(ValueError):
    """A request is for no host that is served; `str()` is a sentence."""


def settle_host(request: Request, allowed: str) -> None:
    """Note the request's host, for all addresses that are made in it; or why it is refused.

    Args:
        request: its `host` is set.
        allowed: the names that are served, with spaces between, or `*`. Health checks may ask by any, or
            by none.
    """
    exchange = current_exchange()
    try:
        exchange.host = _find_served_host(request.environ, allowed)
    except HostError as error:
        exchange.host = FALLBACK
        exchange.bad_host = "" if request.path in HEALTH_PATHS else str(error)
    request.host = exchange.host


def _find_served_host(environ: "WSGIEnvironment", allowed: str) -> str:
    host = _find_host(environ)
    if not (allowed == ANY or _is_allowed(host, allowed)):
        raise HostError(NOT_SERVED)
    return host


def _find_host(environ: "WSGIEnvironment") -> str:
    """Give the host that a request is for; the one in its target counts most (RFC 9112, section 3.2.2)."""
    scheme = environ["wsgi.url_scheme"]
    header = environ.get("HTTP_HOST")
    if header is None:
        if environ["SERVER_PROTOCOL"] != "HTTP/1.0":
            raise HostError("The request has no Host header. HTTP/1.1 needs one.")
        header = get_host(environ)  # the address that the server listens on
    host = _normalize(header, scheme)
    absolute = _ABSOLUTE_TARGET.match(environ.get("RAW_URI", "/"))
    return _normalize(absolute[1], scheme) if absolute else host


@lru_cache(maxsize=256)
def _normalize(host: str, scheme: str) -> str:
    """Write a host in lower case, without the scheme's own port."""
    found = _HOST.fullmatch(host)
    if found is None:
        raise HostError(NO_HOST)
    try:
        # Werkzeug does these two with the host of each request, and must not fail at it then.
        found[1].encode("idna")
        get_current_url(scheme, host)
    except ValueError as error:
        raise HostError(NO_HOST) from error
    name, port = found[1].lower(), found[2]
    return f"{name}:{port}" if port and port != _DEFAULT_PORTS.get(scheme) else name


@lru_cache(maxsize=256)
def _is_allowed(host: str, allowed: str) -> bool:
    return _name(host) in map(_name, allowed.split())


def _name(host: str) -> str:
    """Give a host as names are compared: without its port, in lower case, without a dot at the end."""
    found = _HOST.fullmatch(host)
    return (found[1] if found else host).lower().removesuffix(".")
