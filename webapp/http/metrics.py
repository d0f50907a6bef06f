"""Prometheus metrics, summed over the workers and shown on a listener of their own."""

import os
from functools import cache, partial
from wsgiref.types import WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app, values
from prometheus_client.multiprocess import MultiProcessCollector

from model.predictor import Predictor
from webapp.http import counts_memory
from webapp.http.drift import Drift
from webapp.http.request_context import HEALTH_PATHS, RequestContext, route_of
from webapp.http.responses import Observer

if counts_memory.FOLDER_VARIABLE in os.environ:
    counts_memory.reserve(counts_memory.current_slot())
    values.ValueClass = values.MultiProcessValue(counts_memory.current_slot)  # type: ignore[no-untyped-call]

# In no registry, since a reload imports this module again, and a registry takes a name only once.
_counter = partial(Counter, registry=None)
_gauge = partial(Gauge, registry=None, multiprocess_mode="livemax")

LATENCY = Histogram(
    "http_request_duration_seconds",
    "From the whole request received to the answer made; its count is that of the requests.",
    ["route", "status"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=None,
)
IN_FLIGHT = _gauge(
    "http_requests_in_flight",
    "The most requests received and not yet answered at once, in the last second.",
    multiprocess_mode="livesum",
)
SHED = _counter("http_requests_shed", "Requests refused for overload.")
LOG_LINES_DROPPED = _counter("log_lines_dropped", "Log lines for which the buffer had no room.")
REFUSED = _counter(
    "http_requests_refused",
    "Requests answered outside the app: not readable, not in time, or with a response that can't be sent.",
    ["status"],
)
WORKER_EXITS = _counter("worker_exits", "Worker processes that ended, for whatever reason.")
MODEL_INFO = _gauge("model_info", "1 for each model served.", ["model_version"])
STARTUP_SECONDS = _gauge(
    "worker_startup_seconds", "The slowest worker's time from its fork to being able to serve."
)

# Finding a series by its labels costs more than counting in it, so this cache and those of `Drift` save 2 %
# of a request's CPU time. They stay small, because there are few combinations of labels.
_latency = cache(LATENCY.labels)


def exposition() -> WSGIApplication:
    """Return the WSGI app that shows the metrics of all workers together."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return make_wsgi_app(registry)


def counter(predictor: Predictor) -> Observer:
    """Return an observer that counts each response, and the predictions in it."""
    drift = Drift(predictor)

    def count(environ: WSGIEnvironment, context: RequestContext, status: int, _headers: object) -> None:
        route = route_of(environ)
        if route not in HEALTH_PATHS:
            _latency(route or "", status).observe(context.seconds)
        if context.prediction:
            drift.count(*context.prediction)
        elif context.batch:
            drift.count_batch(*context.batch)

    return count
