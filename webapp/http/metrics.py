"""Prometheus metrics, summed over the workers and shown on a listener of their own."""

import os
from functools import cache
from math import isnan
from wsgiref.types import WSGIApplication, WSGIEnvironment

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app, values
from prometheus_client.multiprocess import MultiProcessCollector

from model.manifest import FeatureStats
from model.predictor import Prediction, Predictions, Predictor
from model.problem.features import AnyFeature, Number
from model.problem.rows import Row
from webapp.http import counts_memory
from webapp.http.drift import Window
from webapp.http.request_context import HEALTH_PATHS, RequestContext, route_of
from webapp.http.responses import Observer

if counts_memory.FOLDER_VARIABLE in os.environ:
    counts_memory.reserve(counts_memory.current_slot())
    values.ValueClass = values.MultiProcessValue(counts_memory.current_slot)  # type: ignore[no-untyped-call]

# Not the default registry, since a reload imports this module again, and a registry takes a name only once.
_registry = CollectorRegistry()

LATENCY = Histogram(
    "http_request_duration_seconds",
    "From the whole request received to the answer made; its count is that of the requests.",
    ["route", "status"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=_registry,
)
IN_FLIGHT = Gauge(
    "http_requests_in_flight",
    "The most requests received and not yet answered at once, in the last second.",
    multiprocess_mode="livesum",
    registry=_registry,
)
SHED = Counter("http_requests_shed", "Requests refused for overload.", registry=_registry)


class BulkHistogram(Histogram):
    """A histogram that also observes many amounts at once."""

    def observe_many(self, amounts: NDArray[np.float64]) -> None:
        """Observe each amount of an array, shape (n,).

        Calling `observe` for each row of a batch of 20,000 takes longer than answering the batch.
        """
        self._raise_if_not_observable()  # type: ignore[no-untyped-call]
        self._sum.inc(float(amounts.sum()))
        for bucket, amount in enumerate(np.bincount(np.searchsorted(self._upper_bounds, amounts))):
            if amount:
                self._buckets[bucket].inc(int(amount))


LOG_LINES_DROPPED = Counter(
    "log_lines_dropped", "Log lines for which the buffer had no room.", registry=_registry
)
REFUSED = Counter(
    "http_requests_refused",
    "Requests answered outside the app: not readable, not in time, or with a response that can't be sent.",
    ["status"],
    registry=_registry,
)
WORKER_EXITS = Counter(
    "worker_exits", "Worker processes that ended, for whatever reason.", registry=_registry
)
MODEL_INFO = Gauge(
    "model_info",
    "1 for each model served.",
    ["model_version"],
    multiprocess_mode="livemax",
    registry=_registry,
)
STARTUP_SECONDS = Gauge(
    "worker_startup_seconds",
    "The slowest worker's time from its fork to being able to serve.",
    multiprocess_mode="livemax",
    registry=_registry,
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


class Drift:
    """The metrics of what is asked and answered, to be compared with the data that the model was fitted to.

    `predictions` counts answers. Each number has a histogram, whose buckets are the tenths of the fitted
    rows, each choice a counter by its key, and each feature that may be blank a counter of blanks. They have
    the target's name as a label.
    """

    def __init__(self, predictor: Predictor) -> None:
        problem, self._keys = predictor.problem, list(predictor.problem.by_key)
        self._version = predictor.model_version
        self._window = Window(predictor)
        target = problem.target.name
        labels = [target, "model_version", "outside_training_range"]
        self._answers = cache(Counter("predictions", f"Answers, by {target}.", labels, registry=None).labels)
        self._features = [
            _FeatureCounts(feature, stats, target)
            for feature, stats in zip(problem.features, predictor.manifest.features, strict=True)
        ]

    def count(self, row: Row, answer: Prediction) -> None:
        """Count an answer."""
        self._answers(answer.key, self._version, answer.outside_training_range).inc()
        for feature, number in zip(self._features, row.numbers, strict=True):
            feature.count(number, answer.key)
        self._window.add(row.numbers, self._keys.index(answer.key))

    def count_batch(self, matrix: NDArray[np.float64], answers: Predictions) -> None:
        """Count the answers to a batch."""
        for index, key in enumerate(self._keys):
            which = answers.class_index == index
            for outside in (False, True):
                if rows := int((which & (answers.outside_training_range == outside)).sum()):
                    self._answers(key, self._version, outside).inc(rows)
            if which.any():
                for feature, column in zip(self._features, matrix[which].T, strict=True):
                    feature.count_many(column, key)
        self._window.add_many(matrix, answers)


class _FeatureCounts:
    """The metrics of one feature.

    They are in no registry, which would refuse a feature `room_count` beside a number `room`: a histogram has
    a series of this name. `exposition` reads the values themselves.
    """

    def __init__(self, feature: AnyFeature, stats: FeatureStats, target: str) -> None:
        name, short = f"prediction_{feature.column_name}", feature.short
        self._choices = list(stats.counts)
        blanks = Counter(f"{name}_blank", f"Answers without {short}.", [target], registry=None)
        choices = Counter(name, f"Answers by {short}.", [feature.name, target], registry=None)
        self._blank, self._choice = cache(blanks.labels), cache(choices.labels)
        if isinstance(feature, Number):
            edges = {edge for edge in (stats.min, *stats.quantiles, stats.max) if edge is not None}
            about = f"The {short} of the rows answered{feature.label(feature.unit)}."
            numbers = BulkHistogram(name, about, [target], buckets=sorted(edges), registry=None)
            self._number = cache(numbers.labels)

    def count(self, number: float, key: str) -> None:
        """Count a value of a row whose answer is the class `key`."""
        if isnan(number):
            self._blank(key).inc()
        elif self._choices:
            self._choice(self._choices[int(number)], key).inc()
        else:
            self._number(key).observe(number)

    def count_many(self, numbers: NDArray[np.float64], key: str) -> None:
        """Count the values of many rows whose answer is the class `key`."""
        known = numbers[~np.isnan(numbers)]
        if len(known) < len(numbers):
            self._blank(key).inc(len(numbers) - len(known))
        if not self._choices:
            self._number(key).observe_many(known)
        for code, rows in enumerate(np.bincount(known.astype(int)).tolist() if self._choices else ()):
            if rows:
                self._choice(self._choices[code], key).inc(rows)
