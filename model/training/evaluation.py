"""How good probabilities are, by households that were not fitted, and how sure one can be of that.

A step function gives few different answers, so held-out households are first counted: how many got which
answer, and which breed they have. Every measure, and every bootstrap resample, needs those counts alone,
so a million households cost no more than a thousand.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
SEED = 1901
BINS = 10
LEVEL = (2.5, 97.5)
"""The percentiles of an interval: 95 % of resamples lie in it."""

SMALLEST = 1e-7
"""A probability of 0 counts as this, about the precision of float32, or its log loss would be infinite."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """Held-out households, counted.

    Attributes:
        answers: The different answers that were given, shape ``(m, classes)``; rows sum to 1.
        counts: Households by answer and true class, shape ``(m, classes)``.
        bins: For each answer its calibration bin, shape ``(m,)``; bins go by the probability of the class
            that is answered, and hold about equally many households.
    """

    answers: Floats
    counts: NDArray[np.int64]
    bins: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Households that were answered about equally surely.

    Attributes:
        said: The mean probability of the breed that was answered.
        right: The share of households whose breed it was.
        low: Lower end of the 95 % interval of ``right``.
        high: Upper end of the 95 % interval of ``right``.
        households: How many.
    """

    said: float
    right: float
    low: float
    high: float
    households: int


def tally(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> Tally:
    """Count households by answer and true class.

    Args:
        labels: True class indices, shape ``(n,)``.
        probabilities: What the model says, shape ``(n, classes)``.
    """
    answers, which = np.unique(probabilities, axis=0, return_inverse=True)
    exact = np.clip(answers.astype(np.float64), SMALLEST, None)
    exact /= exact.sum(axis=1, keepdims=True)
    classes = answers.shape[1]
    counts = np.bincount(which.ravel() * classes + labels, minlength=answers.size).reshape(answers.shape)
    said = exact.max(axis=1)
    order = np.argsort(said, kind="stable")
    households = counts.sum(axis=1)[order]
    middles = (np.cumsum(households) - households / 2) / households.sum()
    bins = np.empty(len(said), dtype=np.int64)
    bins[order] = np.minimum((middles * BINS).astype(np.int64), BINS - 1)
    return Tally(exact, counts, bins)


def scores(answers: Floats, counts: NDArray[np.integer], bins: NDArray[np.int64]) -> dict[str, Floats]:
    """Every measure, for one or many counts.

    - ``accuracy``: share of households whose breed is the most probable one.
    - ``log_loss``: mean of -ln(probability of the true breed), in nats.
    - ``brier_score``: mean squared distance between probabilities and truth; with two classes half of it, as
      Brier's formula is then usually written (Brier, "Verification of Forecasts Expressed in Terms of
      Probability", Monthly Weather Review 78, 1950).
    - ``calibration_error``: expected calibration error, the mean gap between what is said of the answered
      breed and how often it is right, over the bins (Guo et al., "On Calibration of Modern Neural Networks",
      ICML 2017, equation 3; with bins of equally many households).
    - ``roc_auc``: the chance that a home of a breed gets a higher probability of it than a home of
      another, ties counting half; the mean over the breeds (Hanley and McNeil, Radiology 143, 1982).

    Args:
        answers: Different answers, shape ``(m, classes)``.
        counts: Households by answer and true class, shape ``(..., m, classes)``.
        bins: Each answer's calibration bin, shape ``(m,)``.

    Returns:
        Each measure with the shape of ``counts`` without its last two dimensions.
    """
    classes = answers.shape[1]
    households = counts.sum(axis=-1)
    total = households.sum(axis=-1)
    hits = counts[..., np.arange(len(answers)), answers.argmax(axis=1)]
    distances = (answers**2).sum(axis=1, keepdims=True) - 2 * answers + 1
    members = (bins[:, np.newaxis] == np.arange(BINS)).astype(float)
    gaps = np.abs((hits - households * answers.max(axis=1)) @ members).sum(axis=-1)
    return {
        "accuracy": hits.sum(axis=-1) / total,
        "log_loss": (counts * -np.log(answers)).sum(axis=(-2, -1)) / total,
        "brier_score": (counts * distances).sum(axis=(-2, -1)) / total / (2 if classes == 2 else 1),
        "calibration_error": gaps / total,
        "roc_auc": np.mean([_auc(answers[:, k], counts[..., k], households) for k in range(classes)], axis=0),
    }


def _auc(values: Floats, own: NDArray[np.integer], households: NDArray[np.integer]) -> Floats:
    """Of one class: ``own`` of the ``households`` that got each of ``values`` are of it."""
    _, rank = np.unique(values, return_inverse=True)
    ties = (rank[:, np.newaxis] == np.arange(rank.max() + 1)).astype(float)
    positive, negative = own @ ties, (households - own) @ ties
    below = negative.cumsum(axis=-1) - negative / 2
    pairs = positive.sum(axis=-1) * negative.sum(axis=-1)
    # A resample without a household of the class has no pairs, and no AUC.
    return np.divide(  # type: ignore[no-any-return]
        (positive * below).sum(axis=-1), pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0
    )


def intervals(counted: Tally) -> dict[str, tuple[float, float]]:
    """The bootstrap interval of every measure: ``LEVEL`` of ``RESAMPLES`` draws with replacement.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13. The interval of the
    calibration error lies high, for resampling adds noise to noise; ``error_by_chance`` says how much noise.
    """
    drawn = _resamples(counted)
    found = scores(counted.answers, drawn, counted.bins)
    ends = {name: np.nanpercentile(values, LEVEL) for name, values in found.items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def error_by_chance(counted: Tally) -> float:
    """The calibration error that a perfectly calibrated model stays below in 95 of 100 such samples.

    Source: consistency resampling; Bröcker and Smith, "Increasing the Reliability of Reliability Diagrams",
    Weather and Forecasting 22, 2007. Breeds are drawn anew from the model's own probabilities.
    """
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(
        counted.counts.sum(axis=1), counted.answers, size=(RESAMPLES, len(counted.answers))
    )
    errors = scores(counted.answers, drawn, counted.bins)["calibration_error"]
    return float(np.percentile(errors, 95))


def calibration(counted: Tally) -> list[Bin]:
    """What was said and what was right, bin by bin, the least sure first."""
    households = counted.counts.sum(axis=1)
    hits = counted.counts[np.arange(len(households)), counted.answers.argmax(axis=1)]
    said = counted.answers.max(axis=1)
    found = []
    for part in np.unique(counted.bins):
        members = counted.bins == part
        count, right = int(households[members].sum()), int(hits[members].sum())
        mean = float((said * households)[members].sum()) / count
        found.append(Bin(mean, right / count, *_share_interval(right, count), count))
    return found


def confusion(counted: Tally) -> NDArray[np.int64]:
    """Households by true class (rows) and answered class (columns), shape ``(classes, classes)``."""
    classes = counted.answers.shape[1]
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table.T, counted.answers.argmax(axis=1), counted.counts)
    return table


def constant(shares: Floats, labels: NDArray[np.int64]) -> Tally:
    """The baseline's tally: it always answers the class shares."""
    answer = shares[np.newaxis]
    return Tally(answer, np.bincount(labels, minlength=answer.size)[np.newaxis], np.zeros(1, dtype=np.int64))


def losses(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> Floats:
    """Each household's log loss in nats, shape ``(n,)``."""
    exact = np.clip(probabilities.astype(np.float64), SMALLEST, None)
    exact /= exact.sum(axis=1, keepdims=True)
    return np.asarray(-np.log(exact[np.arange(len(labels)), labels]))


def mean_interval(differences: Floats) -> tuple[float, float]:
    """The bootstrap interval of a mean over households, shape ``(n,)``."""
    values, counts = np.unique(differences, return_counts=True)
    total = counts.sum()
    drawn = np.random.default_rng(SEED).multinomial(total, counts / total, RESAMPLES)
    low, high = np.percentile(drawn @ values / total, LEVEL)
    return float(low), float(high)


def _share_interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share, which a bootstrap cannot give when all are right.

    Source: Wilson, "Probable Inference", Journal of the American Statistical Association 22, 1927.
    """
    z = 1.959964
    share, spread = right / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = z * (share * (1 - share) / count + spread / (4 * count)) ** 0.5 / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _resamples(counted: Tally) -> NDArray[np.int64]:
    """``RESAMPLES`` draws of as many households with replacement, shape ``(RESAMPLES, m, classes)``."""
    flat = counted.counts.ravel()
    drawn = np.random.default_rng(SEED).multinomial(flat.sum(), flat / flat.sum(), RESAMPLES)
    return drawn.reshape(RESAMPLES, *counted.counts.shape)
