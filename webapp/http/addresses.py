"""Absolute addresses of this server, under the host name that the client has used."""

from flask import request


def origin() -> str:
    """Return scheme and host, such as `https://puppy.example`, without a slash at the end."""
    environ = request.environ
    return f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
