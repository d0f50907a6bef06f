"""The metrics of what is asked and answered, and how far it is from the rows that the model was fitted to."""

from bisect import bisect_left
from functools import cache, partial
from math import isnan

import numpy as np
import structlog
from numpy.typing import ArrayLike, NDArray
from prometheus_client import Counter, Gauge, Histogram

from model.manifest import FeatureStats
from model.predictor import Prediction, Predictions, Predictor
from model.problem.features import AnyFeature, Number
from model.problem.rows import Row

ROWS = 500
"""After so many rows a distance is computed, and the count begins again.

Counts since the start would hide this week's drift behind last month's rows. Of 500 rows without drift, a
feature in ten parts has a distance above 0.035 in one of 20 samples (it is about chi-squared with nine
degrees of freedom, divided by the rows), so that 0.25 is no chance.
"""


def distance(expected: ArrayLike, counts: ArrayLike) -> float:
    """Compute the population stability index of counts; a half is added to each, so that none is zero.

    Below 0.1 there is no drift to speak of, and above 0.25 it is large. Source: Siddiqi, "Credit Risk
    Scorecards", 2006; its distribution: Yurdakul, "Statistical Properties of Population Stability Index",
    2018.
    """
    before, now = (each / each.sum() for each in (np.asarray(expected) + 0.5, np.asarray(counts) + 0.5))
    return float(((now - before) * np.log(now / before)).sum())


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


class Drift:
    """The metrics of what is asked and answered, to be compared with the data that the model was fitted to.

    `predictions` counts answers. Each number has a histogram, whose buckets are the tenths of the fitted
    rows, each choice a counter by its key, and each feature that may be blank a counter of blanks. They have
    the target's name as a label.

    After each `ROWS` rows, the gauges `prediction_drift` (of each feature and of the answers) and
    `prediction_drift_rows`, of which the greatest of all workers are shown, and a log line say how far these
    rows are from the fitted.
    """

    def __init__(self, predictor: Predictor) -> None:
        """Take what is expected from the manifest: of the answers, the model's own to the held-out rows."""
        problem, manifest = predictor.problem, predictor.manifest
        self._target = target = problem.target.name
        self._version = predictor.model_version
        labels = [target, "model_version", "outside_training_range"]
        self._answers = cache(Counter("predictions", f"Answers, by {target}.", labels, registry=None).labels)
        self._features = [
            _FeatureCounts(feature, stats, target)
            for feature, stats in zip(problem.features, manifest.features, strict=True)
        ]
        gauge = partial(Gauge, multiprocess_mode="livemax", registry=None)
        help_text = "Population stability index of the last rows, against those that the model was fitted to."
        self._drift = gauge("prediction_drift", help_text, ["of"])
        self._rows = gauge("prediction_drift_rows", "The most rows that a worker's prediction_drift is of.")
        answered = np.array([list(row.values()) for row in manifest.metrics.confusion.values()])
        self._expected = answered.sum(axis=0)
        self._answered = dict.fromkeys(problem.by_key, 0)

    def count(self, row: Row, answer: Prediction) -> None:
        """Count an answer."""
        self._answers(answer.key, self._version, answer.outside_training_range).inc()
        for feature, number in zip(self._features, row.numbers, strict=True):
            feature.count(number, answer.key)
        self._answered[answer.key] += 1
        self._tell_when_due()

    def count_batch(self, matrix: NDArray[np.float64], answers: Predictions) -> None:
        """Count the answers to a batch."""
        for index, key in enumerate(self._answered):
            which = answers.class_index == index
            for outside in (False, True):
                if rows := int((which & (answers.outside_training_range == outside)).sum()):
                    self._answers(key, self._version, outside).inc(rows)
                    self._answered[key] += rows
            if which.any():
                for feature, column in zip(self._features, matrix[which].T, strict=True):
                    feature.count_many(column, key)
        self._tell_when_due()

    def _tell_when_due(self) -> None:
        """Say how far the rows since the last time are from the fitted, if there are `ROWS` of them."""
        rows = sum(self._answered.values())
        if rows < ROWS:
            return
        found = {feature.name: feature.take_drift() for feature in self._features}
        found[self._target] = round(distance(self._expected, [*self._answered.values()]), 4)
        self._answered = dict.fromkeys(self._answered, 0)  # before anything that may fail
        for name, value in found.items():
            self._drift.labels(name).set(value)
        self._rows.set(rows)
        structlog.get_logger().info(
            "drift", rows=rows, most=max(found.values()), of=found, model_version=self._version
        )


class _FeatureCounts:
    """The metrics of one feature.

    They are in no registry, which would refuse a feature `room_count` beside a number `room`: a histogram has
    a series of this name. `metrics.exposition` reads the values themselves.
    """

    def __init__(self, feature: AnyFeature, stats: FeatureStats, target: str) -> None:
        name, short = f"prediction_{feature.column_name}", feature.short
        self.name = feature.name
        self._choices, self._edges = list(stats.counts), stats.quantiles
        blanks = Counter(f"{name}_blank", f"Answers without {short}.", [target], registry=None)
        choices = Counter(name, f"Answers by {short}.", [feature.name, target], registry=None)
        self._blank, self._choice = cache(blanks.labels), cache(choices.labels)
        if isinstance(feature, Number):
            edges = {edge for edge in (stats.min, *stats.quantiles, stats.max) if edge is not None}
            unit = feature.label(feature.unit)
            about = f"The {short} of the rows answered{f', in{unit}' if unit else ''}."
            numbers = BulkHistogram(name, about, [target], buckets=sorted(edges), registry=None)
            self._number = cache(numbers.labels)
        # The rows of each part of a number, or of each choice, and last of blanks: the fitted, and ours.
        self._fitted = [*(stats.part_rows or stats.counts.values()), stats.blanks]
        self._parts = [0] * len(self._fitted)

    def count(self, number: float, key: str) -> None:
        """Count a value of a row whose answer is the class `key`."""
        if isnan(number):
            self._blank(key).inc()
            part = -1
        elif self._choices:
            part = int(number)
            self._choice(self._choices[part], key).inc()
        else:
            self._number(key).observe(number)
            part = bisect_left(self._edges, number)
        self._parts[part] += 1

    def count_many(self, numbers: NDArray[np.float64], key: str) -> None:
        """Count the values of many rows whose answer is the class `key`."""
        known = numbers[~np.isnan(numbers)]
        if blanks := len(numbers) - len(known):
            self._blank(key).inc(blanks)
            self._parts[-1] += blanks
        if self._choices:
            parts = known.astype(np.intp)
        else:
            self._number(key).observe_many(known)
            parts = np.searchsorted(self._edges, known)
        for part, rows in enumerate(np.bincount(parts).tolist()):
            self._parts[part] += rows
            if self._choices and rows:
                self._choice(self._choices[part], key).inc(rows)

    def take_drift(self) -> float:
        """Return how far the rows counted since the last call are from the fitted, and count anew."""
        counted, self._parts = self._parts, [0] * len(self._parts)
        return round(distance(self._fitted, counted), 4)
