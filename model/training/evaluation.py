"""Measures of how good probabilities are, and their uncertainty, on rows that were not fitted."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from model.arrays import Floats, Integers, Labels, Mask, Probabilities
from model.manifest import CalibrationBin

RESAMPLES = 1_000
SEED = 1901
BINS = 10
INTERVAL_PERCENTILES = (2.5, 97.5)

RESAMPLE_SIZE = 2_000
"""The most rows in a resample.

Training on a million rows takes 12 s; resamples of all 200,000 held-out ones would add a minute,
resamples of 2,000 add 0.8 s.
"""

MIN_PROBABILITY = 1e-7
"""Smaller probabilities are raised to it, because ln(0) is infinite; about the precision of float32."""

Answers = Probabilities | Floats
"""A model's, or those of the baseline."""


def scores(labels: Labels, probabilities: Answers) -> dict[str, float]:
    """Compute every measure.

    - ``accuracy``: share of rows whose class is the most probable one.
    - ``log_loss``: mean of -ln(probability of the true class), in nats.
    - ``brier_score``: mean squared distance between probabilities and truth; with two classes half of it,
      which is then the usual definition (Brier, "Verification of Forecasts Expressed in Terms of
      Probability", Monthly Weather Review 78, 1950).
    - ``calibration_error``: expected calibration error, the mean over the bins of the distance between the
      mean probability of the answered class and the share of rows that have it (Guo et al., "On
      Calibration of Modern Neural Networks", ICML 2017, equation 3; with bins of equally many rows).
    - ``roc_auc``: the probability that a row of a class is given a higher probability of it than a row of
      another class, ties counting half; the mean over the classes. Computed from ranks (Hanley and McNeil,
      "The Meaning and Use of the Area under a ROC Curve", Radiology 143, 1982); NaN if a class has no
      rows.
    """
    rows, classes = probabilities.shape
    true = labels[:, np.newaxis] == np.arange(classes)
    confidence, hits = _top_answers(labels, probabilities)
    positives = true.sum(axis=0)
    ranks = pd.DataFrame(probabilities).rank().to_numpy()
    wins = (ranks * true).sum(axis=0) - positives * (positives + 1) / 2
    pairs = positives * (rows - positives)
    auc = np.divide(wins, pairs, out=np.full(classes, np.nan), where=pairs > 0)
    found = {
        "accuracy": hits.mean(),
        "log_loss": losses(labels, probabilities).mean(),
        "brier_score": ((probabilities - true) ** 2).sum(axis=1).mean() / (2 if classes == 2 else 1),
        "calibration_error": np.abs(np.bincount(_bins(confidence), hits - confidence)).sum() / rows,
        "roc_auc": auc.mean(),
    }
    return {name: float(value) for name, value in found.items()}


def intervals(labels: Labels, probabilities: Answers) -> dict[str, tuple[float, float]]:
    """Compute the 95 % bootstrap interval of every measure.

    The interval of the calibration error is biased upwards, because resampling adds random variation to that
    of the sample; ``error_by_chance`` tells how large that of the sample is.
    """
    drawn = pd.DataFrame([scores(labels[taken], probabilities[taken]) for taken in _resamples(len(labels))])
    return {
        name: _interval(estimate, drawn[name].to_numpy(), len(labels))
        for name, estimate in scores(labels, probabilities).items()
    }


def mean_interval(values: Floats) -> tuple[float, float]:
    """Compute the 95 % bootstrap interval of the mean of one value for each row."""
    drawn = np.array([values[taken].mean() for taken in _resamples(len(values))])
    return _interval(float(values.mean()), drawn, len(values))


def error_by_chance(probabilities: Answers) -> float:
    """Compute the calibration error that a perfectly calibrated model exceeds in one of 20 such samples.

    If the probabilities are true, the number of right answers in a bin is a sum of independent draws, so its
    distribution is nearly normal.

    Source: Bröcker and Smith, "Increasing the Reliability of Reliability Diagrams", Weather and Forecasting
    22, 2007, who simulate each row instead.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    spreads = np.sqrt(np.bincount(_bins(confidence), confidence * (1 - confidence)))
    errors = np.abs(np.random.default_rng(SEED).normal(0, spreads, (RESAMPLES, len(spreads)))).sum(axis=1)
    return float(np.percentile(errors, 95)) / len(confidence)


def calibration(labels: Labels, probabilities: Answers) -> tuple[CalibrationBin, ...]:
    """Compute the reliability curve: the bins with their intervals, from the least confident on."""
    confidence, hits = _top_answers(labels, probabilities)
    answers = pd.DataFrame({"confidence": confidence, "hit": hits})
    return tuple(
        CalibrationBin(
            float(members["confidence"].mean()),
            float(members["hit"].mean()),
            *_share_interval(int(members["hit"].sum()), len(members)),
            len(members),
        )
        for _, members in answers.groupby(_bins(confidence))
    )


def confusion(labels: Labels, probabilities: Answers) -> Integers:
    """Count rows by true class (rows) and answered class (columns), shape ``(classes, classes)``."""
    classes = probabilities.shape[1]
    cells = np.bincount(labels * classes + probabilities.argmax(axis=1), minlength=classes**2)
    return cells.reshape(classes, classes)


def losses(labels: Labels, probabilities: Answers) -> Floats:
    """Compute each row's log loss in nats."""
    exact = np.clip(probabilities.astype(np.float64), MIN_PROBABILITY, None)
    return np.asarray(np.log(exact.sum(axis=1)) - np.log(exact[np.arange(len(labels)), labels]))


def _top_answers(labels: Labels, probabilities: Answers) -> tuple[Floats, Mask]:
    """Return the probability of each row's answered class, and whether that class is the true one."""
    return probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels


def _bins(confidence: Floats) -> Integers:
    """Return the calibration bin of each row; equal confidences share a bin."""
    ranks = pd.Series(confidence).rank().to_numpy()
    return ((ranks - 0.5) * BINS / len(ranks)).astype(np.int64)


def _resamples(rows: int) -> Iterable[Integers]:
    """Draw the indices of ``RESAMPLES`` samples with replacement, one sample at a time to bound memory."""
    random = np.random.default_rng(SEED)
    return (random.integers(rows, size=min(rows, RESAMPLE_SIZE)) for _ in range(RESAMPLES))


def _interval(estimate: float, drawn: Floats, rows: int) -> tuple[float, float]:
    """Return the percentile interval of an estimate whose resamples gave the values ``drawn``.

    Resamples of m out of n rows vary sqrt(n / m) times as much as those of n, so they are scaled back.

    Sources: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; Bickel, Götze and van
    Zwet, "Resampling Fewer Than n Observations", Statistica Sinica 7, 1997.
    """
    scale = min(1.0, RESAMPLE_SIZE / rows) ** 0.5
    low, high = estimate + scale * (np.nanpercentile(drawn, INTERVAL_PERCENTILES) - estimate)
    return float(low), float(high)


def _share_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share; a bootstrap's would have no width if all are hits.

    Source: Wilson, "Probable Inference", Journal of the American Statistical Association 22, 1927.
    """
    z = 1.959964
    share, spread = hits / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = z * (share * (1 - share) / count + spread / (4 * count)) ** 0.5 / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
