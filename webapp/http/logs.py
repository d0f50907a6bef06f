"""Log lines on stdout: one JSON object each, or coloured lines on a developer's terminal."""

import io
import json
import logging
import os
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
import structlog
from gunicorn.config import Config
from gunicorn.glogging import Logger

from webapp.config import Settings
from webapp.http import metrics
from webapp.http.client_address import client_address
from webapp.http.observers import Observer
from webapp.http.outlet import STDOUT, Outlet, standard_output
from webapp.http.request_context import HEALTH_PATHS, RequestContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from _typeshed.wsgi import WSGIEnvironment
    from numpy.typing import NDArray
    from structlog.typing import EventDict, ExcInfo, Processor

    from model.predictor import Predictor, Recommendations
    from webapp.http.observers import Headers
    from webapp.http.state import State


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


def configure(settings: Settings) -> Outlet:
    """Send structlog's lines, and those of the standard library's loggers, to stdout in one form.

    Returns:
        What writes them.
    """
    renderer = _renderer(settings)
    prepare: list[Processor] = [structlog.processors.format_exc_info] if renderer is _to_json else [_clean]
    outlet = standard_output()
    outlet.on_drop = metrics.LOG_LINES_DROPPED.inc
    outlet.notice = lambda lines: _render(
        renderer, "warning", {"event": "log lines were dropped", "dropped": lines}
    )
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
    return outlet


def request_writer(settings: Settings) -> "Callable[[EventDict], None] | None":
    """Return what writes the line of a request from its fields; None where the level is above `info`.

    It calls the renderer directly: structlog's own way to it costs as much as all the rest of the line.
    """
    if settings.log_level not in {"debug", "info"}:
        return None
    renderer, outlet = _renderer(settings), standard_output()
    return lambda line: outlet.write(_render(renderer, "info", line))


def _renderer(settings: Settings) -> "Processor":
    if settings.log_format == "console" or (settings.log_format == "auto" and os.isatty(STDOUT)):
        return structlog.dev.ConsoleRenderer(timestamp_key="time", exception_formatter=_write_traceback)
    return _to_json


def _render(renderer: "Processor", level: str, line: "EventDict") -> str:
    return cast(str, renderer(None, level, _stamp(None, level, line))) + "\n"


def _stamp_record(logger: object, _method: str, event: "EventDict") -> "EventDict":
    return _stamp(logger, event["level"], event)


class GunicornLogger(Logger):
    """Gunicorn's own events, in the same form; the app writes the lines for requests."""

    def setup(self, _cfg: Config) -> None:
        """Leave the handlers to `configure`, which gunicorn.conf.py has called."""
        self.error_log.setLevel(logging.NOTSET)
        self.error_log.propagate = True

    def access(self, *_: object) -> None:
        """Write nothing: `observer` writes the line of each request."""


def observer(state: "State") -> Observer:
    """Return an observer that writes a line for each request but health checks."""
    predictor = state.predictor
    network_only = state.settings.log_client == "network"

    def write_line(
        environ: "WSGIEnvironment", context: RequestContext, status: int, headers: "Headers"
    ) -> None:
        if state.log_request is None or context.route in HEALTH_PATHS:
            return
        length = next((value for name, value in headers if name == "Content-Length"), None)
        line: EventDict = {
            "event": "request",
            "request_id": context.request_id,
            "client": client_address(environ.get("REMOTE_ADDR", ""), network_only=network_only),
            "method": environ["REQUEST_METHOD"],
            "route": context.route,
            "status": status,
            "duration_ms": round(context.seconds * 1000, 3),
            "bytes": None if length is None else int(length),
        }
        if trace := environ.get("HTTP_X_AMZN_TRACE_ID") or environ.get("HTTP_TRACEPARENT"):
            line["trace_id"] = trace[:256]
        if context.prediction:
            home, recommendation = context.prediction
            line["home_size_sqft"] = round(home.sqft, 2)
            line["breed"] = recommendation.breed
            line["probability"] = round(recommendation.probability, 6)
            line["model_version"] = recommendation.model_version
            line["outside_training_range"] = recommendation.outside_training_range
        elif context.batch:
            line.update(_summary(predictor, *context.batch))
            line["refused"] = context.refused
        state.log_request(line)

    return write_line


def _summary(predictor: "Predictor", sizes: "NDArray[np.float64]", answers: "Recommendations") -> "EventDict":
    counts = np.bincount(answers.breed_index, minlength=len(predictor.breeds)).tolist()
    return {
        "homes": len(sizes),
        "breeds": {breed.key: count for breed, count in zip(predictor.breeds, counts, strict=True)},
        "model_version": predictor.model_version,
        "outside_training_range": int(answers.outside_training_range.sum()),
    }
