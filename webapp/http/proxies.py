"""The client's address and scheme, as the trusted proxies in front report them."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix


def trust_proxies(app: WSGIApplication, proxies: int) -> WSGIApplication:
    """Let an app trust `X-Forwarded-For` and `-Proto` of this many proxies; with 0, return it as it is."""
    return ProxyFix(_with_web_scheme(app), x_for=proxies, x_proto=proxies) if proxies else app


def _with_web_scheme(app: WSGIApplication) -> WSGIApplication:
    """Ignore a proxy's scheme that is neither `http` nor `https`, because it would end up in links."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        scheme = environ["wsgi.url_scheme"].lower()
        if scheme not in {"http", "https"}:
            scheme = environ["werkzeug.proxy_fix.orig"]["wsgi.url_scheme"]
        environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    return call
