"""Log lines on stdout: one JSON object each, or coloured lines on a developer's terminal."""

import logging
import re
import sys
import time
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from flask import Flask, Response, g, request
from gunicorn.config import Config
from gunicorn.glogging import Logger

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_SHARED_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.format_exc_info,
]


def _to_json(line: dict[str, Any], **_: object) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()


def configure(log_format: str, level: str) -> None:
    """Send structlog's lines, and those of the standard library's loggers, to stdout in one form."""
    if log_format == "auto":
        log_format = "console" if sys.stdout.isatty() else "json"
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if log_format == "console"
        else structlog.processors.JSONRenderer(_to_json)
    )
    structlog.configure(
        processors=[*_SHARED_PROCESSORS, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED_PROCESSORS,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


class GunicornLogger(Logger):
    """Gunicorn's own events, in the same form; the app writes the access lines."""

    def setup(self, _cfg: Config) -> None:
        """Leave the handlers to `configure`, which gunicorn.conf.py has called."""
        self.error_log.setLevel(logging.NOTSET)
        self.error_log.propagate = True

    def access(self, *_: object) -> None:
        """Write nothing: see `init_app`."""


def init_app(app: Flask) -> None:
    """Give each request an id, and write a line for it when it is answered."""
    log = structlog.get_logger()

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _SANE_REQUEST_ID.fullmatch(given) else uuid4().hex

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        line: dict[str, object] = {
            "request_id": g.request_id,
            "method": request.method,
            "route": request.url_rule.rule if request.url_rule else None,
            "status": response.status_code,
            "duration_ms": round((time.perf_counter() - g.begun) * 1000, 3),
        }
        if prediction := g.get("prediction"):
            home, recommendation = prediction
            line |= {
                "home_size_sqft": round(home.sqft, 2),
                "breed": recommendation.breed,
                "probability": recommendation.probability,
                "model_version": recommendation.model_version,
                "outside_training_range": recommendation.outside_training_range,
            }
        write = log.debug if request.blueprint == "health" else log.info
        write("request", **line)
        return response
