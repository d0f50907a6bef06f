"""Absolute addresses of this server, as the client asks for it."""

from flask import request


def origin() -> str:
    """Return scheme and host, such as `https://puppy.example`, without a slash at the end."""
    return f"{request.scheme}://{request.host}"
