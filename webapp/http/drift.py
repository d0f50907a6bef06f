"""How far what is asked and answered is from the rows that the model was fitted to."""

from bisect import bisect_left
from collections.abc import Sequence
from math import isnan

import numpy as np
import structlog
from numpy.typing import NDArray
from prometheus_client import Gauge

from model.manifest import FeatureStats
from model.predictor import Predictions, Predictor

ROWS = 500
"""After so many rows a distance is computed, and the count begins again.

Counts since the start would hide this week's drift behind last month's rows. Of 500 rows without drift, a
feature in ten parts has a distance above 0.035 in one of 20 samples (it is about chi-squared with nine
degrees of freedom, divided by the rows), so that 0.25 is no chance.
"""


def distance(expected: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Compute the population stability index of counts; a half is added to each, so that none is zero.

    Below 0.1 there is no drift to speak of, and above 0.25 it is large. Source: Siddiqi, "Credit Risk
    Scorecards", 2006; its distribution: Yurdakul, "Statistical Properties of Population Stability Index",
    2018.
    """
    before, now = ((each + 0.5) / (each + 0.5).sum() for each in (expected, counts))
    return float(((now - before) * np.log(now / before)).sum())


class Window:
    """Counts the rows that a worker answers, and says after each ``ROWS`` how far they are from the fitted.

    It says so in the gauges ``prediction_drift`` (of each feature and of the answers) and
    ``prediction_drift_rows``, of which the greatest of all workers are shown, and in a log line.
    """

    def __init__(self, predictor: Predictor) -> None:
        """Take what is expected from the manifest: of the answers, the model's own to the held-out rows."""
        problem, manifest = predictor.problem, predictor.manifest
        help_text = "Population stability index of the last rows, against those that the model was fitted to."
        self._gauge = Gauge("prediction_drift", help_text, ["of"], multiprocess_mode="livemax", registry=None)
        self._rows = Gauge(
            "prediction_drift_rows",
            "How many rows prediction_drift is of.",
            multiprocess_mode="livemax",
            registry=None,
        )
        self._model_version = predictor.model_version
        self._edges = [stats.quantiles for stats in manifest.features]
        answered = np.array([list(row.values()) for row in manifest.metrics.confusion.values()]).sum(axis=0)
        self._names = [*(feature.name for feature in problem.features), problem.target.name]
        self._expected = [*map(_fitted, manifest.features), answered.astype(np.float64)]
        self._clear()

    def _clear(self) -> None:
        self._count = 0
        self._counts = [[0] * len(expected) for expected in self._expected]

    def add(self, numbers: Sequence[float], answer: int) -> None:
        """Count a row, whose answer is the class with this index."""
        *features, answers = self._counts
        for counts, edges, number in zip(features, self._edges, numbers, strict=True):
            if isnan(number):
                counts[-1] += 1
            else:
                counts[bisect_left(edges, number) if edges else int(number)] += 1
        answers[answer] += 1
        self._count += 1
        if self._count >= ROWS:
            self._tell()

    def add_many(self, matrix: NDArray[np.float64], answers: Predictions) -> None:
        """Count the rows of a batch."""
        *features, answered = self._counts
        for counts, edges, column in zip(features, self._edges, matrix.T, strict=True):
            known = column[~np.isnan(column)]
            parts = np.searchsorted(edges, known) if edges else known.astype(np.intp)
            for part, rows in enumerate(np.bincount(parts).tolist()):
                counts[part] += rows
            counts[-1] += len(column) - len(known)
        for index, rows in enumerate(np.bincount(answers.class_index).tolist()):
            answered[index] += rows
        self._count += len(matrix)
        if self._count >= ROWS:
            self._tell()

    def _tell(self) -> None:
        found = {
            name: round(distance(expected, np.array(counts, dtype=np.float64)), 4)
            for name, expected, counts in zip(self._names, self._expected, self._counts, strict=True)
        }
        for name, value in found.items():
            self._gauge.labels(name).set(value)
        self._rows.set(self._count)
        structlog.get_logger().info(
            "drift",
            rows=self._count,
            most=max(found.values()),
            of=found,
            model_version=self._model_version,
        )
        self._clear()


def _fitted(stats: FeatureStats) -> NDArray[np.float64]:
    """Return the fitted rows of each part of a number, or of each choice, and of blanks."""
    return np.array([*(stats.part_rows or stats.counts.values()), stats.blanks], dtype=np.float64)
