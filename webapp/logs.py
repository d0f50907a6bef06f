"""Log lines on stdout: one JSON object each, or coloured lines on a developer's terminal."""

import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import structlog
from flask import Flask, Request, Response, request
from gunicorn.config import Config
from gunicorn.glogging import Logger

from webapp import health
from webapp.exchange import current_exchange
from webapp.recommend import get_predictor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from structlog.typing import EventDict, Processor

    from model.predictor import Recommendations


def _stamp(_logger: object, level: str, event: "EventDict") -> "EventDict":
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    event["time"] = f"{_to_the_second(seconds)}.{nanoseconds // 1_000_000:03d}+00:00"
    event["level"] = level
    return event


@lru_cache(maxsize=1)
def _to_the_second(seconds: int) -> str:
    """Write a time; the same for all of a second's lines."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _to_json(_logger: object, _level: str, event: "EventDict") -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


_write_request: "Callable[[EventDict], None] | None" = None
"""Set by `configure`, where lines for requests are wanted at all."""


def configure(log_format: str, level: str) -> None:
    """Send structlog's lines, and those of the standard library's loggers, to stdout in one form."""
    global _write_request  # noqa: PLW0603 - the process has one stdout, and one form for it
    if log_format == "auto":
        log_format = "console" if sys.stdout.isatty() else "json"
    console = log_format == "console"
    tracebacks = [] if console else [structlog.processors.format_exc_info]
    renderer: Processor = structlog.dev.ConsoleRenderer(timestamp_key="time") if console else _to_json
    structlog.configure(
        processors=[_stamp, *tracebacks, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, _stamp_record],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tracebacks, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)

    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def write_request(line: "EventDict") -> None:
        # Straight to the renderer: structlog's way there costs as much as all the rest of the line.
        sys.stdout.write(cast(str, renderer(None, "info", _stamp(None, "info", line))) + "\n")

    _write_request = write_request if level in {"debug", "info"} else None


def _stamp_record(logger: object, _method: str, event: "EventDict") -> "EventDict":
    return _stamp(logger, event["level"], event)


class GunicornLogger(Logger):
    """Gunicorn's own events, in the same form; the app writes the lines for requests."""

    def setup(self, _cfg: Config) -> None:
        """Leave the handlers to `configure`, which gunicorn.conf.py has called."""
        self.error_log.setLevel(logging.NOTSET)
        self.error_log.propagate = True

    def access(self, *_: object) -> None:
        """Write nothing: see `init_app`."""


def log_refusal(request_id: str, status: int, reason: str) -> None:
    """Write the line for a request that never came to a route."""
    if _write_request:
        _write_request({"event": "request", "request_id": request_id, "status": status, "reason": reason})


def init_app(app: Flask) -> None:
    """Write a line for each request when it is answered."""

    @app.after_request
    def end(response: Response) -> Response:
        exchange = current_exchange()
        current: Request = cast(Any, request)._get_current_object()  # each look through the proxy costs
        rule = current.url_rule
        if _write_request is None or (rule and rule.endpoint.startswith(health.blueprint.name)):
            return response
        line: EventDict = {
            "event": "request",
            "request_id": exchange.request_id,
            "method": current.method,
            "route": rule.rule if rule else None,
            "status": response.status_code,
            "duration_ms": round(exchange.seconds * 1000, 3),
            "bytes": response.calculate_content_length(),
        }
        if trace := _trace(current):
            line["trace_id"] = trace
        if exchange.prediction:
            home, recommendation = exchange.prediction
            line["home_size_sqft"] = round(home.sqft, 2)
            line["breed"] = recommendation.breed
            line["probability"] = round(recommendation.probability, 6)
            line["model_version"] = recommendation.model_version
            line["outside_training_range"] = recommendation.outside_training_range
        elif exchange.batch:
            line.update(_summary(*exchange.batch))
            line["refused"] = exchange.refused
        _write_request(line)
        return response


def _summary(sizes: "NDArray[np.float64]", answers: "Recommendations") -> "EventDict":
    predictor = get_predictor()
    counts = np.bincount(answers.breed_index, minlength=len(predictor.breeds)).tolist()
    return {
        "homes": len(sizes),
        "breeds": {breed.key: count for breed, count in zip(predictor.breeds, counts, strict=True)},
        "model_version": predictor.model_version,
        "outside_training_range": int(answers.outside_training_range.sum()),
    }


def _trace(current: Request) -> str | None:
    """Give the id by which AWS's balancer (or a W3C tracer) follows this request through its services."""
    environ = current.environ
    trace: str | None = environ.get("HTTP_X_AMZN_TRACE_ID") or environ.get("HTTP_TRACEPARENT")
    return trace[:256] if trace else None
