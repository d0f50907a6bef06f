"""Log lines on stdout: one JSON object each, or coloured lines on a developer's terminal."""

import io
import json
import logging
import os
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

from webapp.config import Settings
from webapp.http import health, metrics
from webapp.http.client_address import client_address
from webapp.http.outlet import STDOUT, Outlet, standard_output
from webapp.http.request_context import current_exchange
from webapp.http.side_effects import side_effect
from webapp.recommend import get_predictor

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from numpy.typing import NDArray
    from structlog.typing import EventDict, ExcInfo, Processor

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


def _printable(text: str) -> str:
    """Escape control characters and others that do not show, as JSON does: a terminal would obey them."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def _to_json(_logger: object, _level: str, event: "EventDict") -> str:
    return _printable(msgspec.json.encode(event, enc_hook=str).decode())


def _clean(_logger: object, _level: str, event: "EventDict") -> "EventDict":
    event["event"] = _printable(str(event["event"]))
    return event  # the renderer itself shows the other values by `repr`


def _write_traceback(stream: "TextIO", exc_info: "ExcInfo") -> None:
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    stream.write("\n".join(map(_printable, plain.getvalue().split("\n"))))


_write_request: "Callable[[EventDict], None] | None" = None
"""Set by `configure`, where lines for requests are wanted at all."""


def configure(settings: Settings) -> Outlet:
    """Send structlog's lines, and those of the standard library's loggers, to stdout in one form.

    Returns:
        What writes them.
    """
    global _write_request  # noqa: PLW0603 - the process has one stdout, and one form for it
    console = settings.log_format == "console" or (settings.log_format == "auto" and os.isatty(STDOUT))
    renderer: Processor = _to_json
    if console:
        renderer = structlog.dev.ConsoleRenderer(timestamp_key="time", exception_formatter=_write_traceback)
    prepare: list[Processor] = [_clean] if console else [structlog.processors.format_exc_info]

    def render(level: str, line: "EventDict") -> str:
        return cast(str, renderer(None, level, _stamp(None, level, line))) + "\n"

    outlet = standard_output()
    outlet.on_drop = metrics.LOG_LINES_DROPPED.inc
    outlet.notice = lambda lines: render("warning", {"event": "log lines were dropped", "dropped": lines})
    structlog.configure(
        processors=[_stamp, *prepare, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", outlet)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(outlet)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, _stamp_record],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *prepare, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)

    def write_request(line: "EventDict") -> None:
        # Straight to the renderer: structlog's way there costs as much as all the rest of the line.
        outlet.write(render("info", line))

    _write_request = write_request if settings.log_level in {"debug", "info"} else None
    return outlet


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


def log_refusal(request_id: str, client: str | None, status: int, reason: str) -> None:
    """Write the line for a request that was answered before, or after, it was the app's."""
    if _write_request:
        _write_request(
            {
                "event": "request",
                "request_id": request_id,
                "client": client,
                "status": status,
                "reason": reason,
            }
        )


def init_app(app: Flask) -> None:
    """Write a line for each request when it is answered."""
    network_only = app.config["LOG_CLIENT"] == "network"

    @app.after_request
    @side_effect
    def write_line(response: Response) -> None:
        exchange = current_exchange()
        current: Request = cast(Any, request)._get_current_object()  # each look through the proxy costs
        rule = current.url_rule
        if _write_request is None or (rule and rule.endpoint.startswith(health.blueprint.name)):
            return
        line: EventDict = {
            "event": "request",
            "request_id": exchange.request_id,
            "client": client_address(current.environ.get("REMOTE_ADDR", ""), network_only=network_only),
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
