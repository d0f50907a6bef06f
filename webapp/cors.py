"""Which other sites' pages may ask the API from a browser."""

from flask import Flask, Response, request

EXPOSED = "ETag, Retry-After, X-Model-Version, X-Request-ID"
SENT = "Content-Type, If-None-Match, X-Request-ID"
PREFLIGHT_SECONDS = 86_400


def init_app(app: Flask) -> None:
    """Say so with every answer of the API; never with credentials, as it knows no users."""
    origins = frozenset(app.config["CORS_ORIGINS"].split())
    anyone = "*" in origins

    @app.after_request
    def allow(response: Response) -> Response:
        if not request.path.startswith("/api/"):
            return response
        headers = response.headers
        if anyone:
            headers.add("Access-Control-Allow-Origin", "*")
        else:
            response.vary.add("Origin")
            origin = request.headers.get("Origin")
            if origin not in origins:
                return response
            headers.add("Access-Control-Allow-Origin", origin)
        headers.add("Access-Control-Expose-Headers", EXPOSED)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            headers["Access-Control-Allow-Methods"] = headers.get("Allow", "")
            headers["Access-Control-Allow-Headers"] = SENT
            headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response
