"""The host that a request is for: whether it names one, and whether that one is served here."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.sansio.utils import get_current_url
from werkzeug.wsgi import get_host

from webapp.http.problems import Problem, Refuse
from webapp.http.request_context import HEALTH_PATHS, context_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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


class Hosts:
    """WSGI middleware that settles the host of each request, for every address made in the answer.

    A request for a host that is not served is refused, except a health check, which may name any or none.
    Two kinds of request that Flask's router would refuse are made ordinary: one without a path, as in
    `GET http://host?x`, and one that asks to switch to WebSocket, which a server may ignore (RFC 9110, 7.8).
    """

    def __init__(self, app: "WSGIApplication", refuse: Refuse, allowed: str) -> None:
        """Serve an app under some hosts.

        Args:
            app: the app.
            refuse: answers a request with a problem.
            allowed: the names that are served, with spaces between, or `*`.
        """
        self._app = app
        self._refuse = refuse
        self._allowed = allowed

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Write the host into the request and its context, and call the app."""
        environ["PATH_INFO"] = environ["PATH_INFO"] or "/"
        environ.pop("HTTP_UPGRADE", None)
        context = context_of(environ)
        refusal = ""
        try:
            context.host = _find_served_host(environ, self._allowed)
        except HostError as error:
            context.host = FALLBACK
            if environ["PATH_INFO"] not in HEALTH_PATHS:
                refusal = str(error)
        environ["HTTP_HOST"] = context.host
        if not refusal:
            return self._app(environ, start_response)
        if connection := environ.get("gunicorn.socket"):
            connection.leave_unread()  # the body, which nobody has received yet
        return self._refuse(environ, start_response, Problem("bad-request", refusal))


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
