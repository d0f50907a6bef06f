"""Log lines on stdout: one JSON object each, or coloured lines on a developer's terminal."""

import io
import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TextIO, cast
from wsgiref.types import WSGIEnvironment

import msgspec
import numpy as np
import structlog
from gunicorn.config import Config
from gunicorn.glogging import Logger
from numpy.typing import NDArray
from structlog.typing import EventDict, ExcInfo, Processor

from model.predictor import Predictions, Predictor
from model.problem.features import Number
from webapp.config import Settings
from webapp.http import metrics
from webapp.http.client_address import client_address
from webapp.http.outlet import STDOUT, Outlet, standard_output
from webapp.http.request_context import HEALTH_PATHS, RequestContext, route_of
from webapp.http.responses import Observer
from webapp.http.state import State


def _add_time(_logger: object, _level: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return event


def _printable(text: str) -> str:
    """Escape control characters and other invisible ones as JSON does, since a terminal acts on them."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def _to_json(_logger: object, _level: str, event: EventDict) -> str:
    return _printable(msgspec.json.encode(event, enc_hook=str).decode())


def _clean(_logger: object, _level: str, event: EventDict) -> EventDict:
    event["event"] = _printable(str(event["event"]))
    return event  # the console renderer shows the other values by `repr`


def _write_traceback(stream: TextIO, exc_info: ExcInfo) -> None:
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    stream.write("\n".join(map(_printable, plain.getvalue().split("\n"))))


def configure(settings: Settings) -> Outlet:
    """Send structlog's lines, and those of the standard library's loggers, to stdout in one format.

    Returns:
        The stream that they are written to.
    """
    console = settings.log_format == "console" or (settings.log_format == "auto" and os.isatty(STDOUT))
    render: list[Processor] = (
        [_clean, structlog.dev.ConsoleRenderer(timestamp_key="time", exception_formatter=_write_traceback)]
        if console
        else [structlog.processors.format_exc_info, _to_json]
    )
    outlet = standard_output()
    outlet.on_drop = metrics.LOG_LINES_DROPPED.inc
    outlet.on_recovery = lambda lines: structlog.get_logger().warning("log lines were dropped", dropped=lines)
    structlog.configure(
        processors=[structlog.processors.add_log_level, _add_time, *render],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, outlet)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(outlet)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, _add_time],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    return outlet


class GunicornLogger(Logger):
    """Writes Gunicorn's own events in the format of the app's log."""

    def setup(self, _cfg: Config) -> None:
        """Leave the handlers to `configure`, which gunicorn.conf.py has called."""
        self.error_log.setLevel(logging.NOTSET)
        self.error_log.propagate = True

    def access(self, *_: object) -> None:
        """Write nothing: `observer` writes the line of each request."""


def observer(state: State) -> Observer:
    """Return an observer that writes a line for each request, except health checks."""
    predictor = state.predictor
    columns = [(each.column_name, isinstance(each, Number)) for each in predictor.problem.features]
    network_only = state.settings.log_client == "network"
    # Bound at the first request: a reload makes the app before it configures the log, so that a logger bound
    # here would keep the functions of the earlier configuration, and with them all that was loaded before.
    logger = cache(lambda: structlog.get_logger().bind())

    def write_line(
        environ: WSGIEnvironment, context: RequestContext, status: int, headers: Mapping[str, str]
    ) -> None:
        route = route_of(environ)
        if route in HEALTH_PATHS:
            return
        length = headers.get("Content-Length")
        line: EventDict = {
            "request_id": context.request_id,
            "client": client_address(environ.get("REMOTE_ADDR", ""), network_only=network_only),
            "method": environ["REQUEST_METHOD"],
            "route": route,
            "status": status,
            "duration_ms": round(context.seconds * 1000, 3),
            "bytes": None if length is None else int(length),
        }
        if trace := environ.get("HTTP_X_AMZN_TRACE_ID") or environ.get("HTTP_TRACEPARENT"):
            line["trace_id"] = trace[:256]
        said: EventDict = {}
        if context.prediction:
            row, answer = context.prediction
            said = {
                name: round(reading.number, 2) if is_number else reading.value
                for (name, is_number), reading in zip(columns, row.readings, strict=True)
                if reading.value is not None
            }
            said[predictor.problem.target.name] = answer.key
            said["probability"] = round(answer.probability, 6)
            said["model_version"] = answer.model_version
            said["outside_training_range"] = answer.outside_training_range
        elif context.batch:
            said = {**_summary(predictor, *context.batch), "refused": context.refused}
        # A feature or a target may have the name of a member of ours, such as "status"; then ours stays.
        said.pop("event", None)
        logger().info("request", **{**line, **said, **line})

    return write_line


def _summary(predictor: Predictor, matrix: NDArray[np.float64], answers: Predictions) -> EventDict:
    problem = predictor.problem
    counts = np.bincount(answers.class_index, minlength=len(problem.classes)).tolist()
    return {
        problem.rows_member: len(matrix),
        problem.target.plural: dict(zip(problem.by_key, counts, strict=True)),
        "model_version": predictor.model_version,
        "outside_training_range": int(answers.outside_training_range.sum()),
    }
