"""What is done besides answering a request, and must never fail it: a log line, a counter."""

import logging
from collections.abc import Callable
from functools import wraps

from flask import Response

_log = logging.getLogger(__name__)


def side_effect(hook: Callable[[Response], None]) -> Callable[[Response], Response]:
    """Make a hook for `after_request` that hands the response on as it is, even where `hook` fails."""

    @wraps(hook)
    def harmless(response: Response) -> Response:
        try:
            hook(response)
        except Exception:
            _log.exception("A side effect of a request failed")
        return response

    return harmless
