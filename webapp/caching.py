"""Answers that clients, and caches on the way, may keep."""

from flask import Response, request

MAX_AGE_SECONDS = 60
"""So long a new model may go unnoticed; after that, asking whether it is still so costs no body."""


def cacheable(response: Response, max_age: int = MAX_AGE_SECONDS) -> Response:
    """Let a GET's answer be kept, and answer 304 to who has it already.

    The tag is made from the answer itself, so it also changes when the code does. It is weak: compressed or
    not, the answer is the same.
    """
    response.headers["Cache-Control"] = f"public, max-age={max_age}"
    response.add_etag(weak=True)
    response.make_conditional(request)
    return response
