"""The households of ``model/homes.csv``: **simulated, not a survey**.

Each household keeps one of two breeds with equal probability. The logarithm of its home's size is normal,
with a median for each breed and one standard deviation for both. The figures were chosen, not measured, so
that the sizes overlap: some large homes have Dachshunds. Because the densities are known, so is the best
possible answer at every size, and a model can be compared with it.

``python -m model.training.simulation`` writes the file again, byte for byte.
"""

import hashlib
import math
import random
import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np

from model.arrays import Floats, Labels
from model.atomic import write_atomically
from model.problem.description import Problem

HOMES_FILE = Path(__file__).parent.with_name("homes.csv")
HEADER = ("home_size_sqft", "breed")
HOUSEHOLDS = 6_000
MIN_SQFT, MAX_SQFT = 50, 100_000
SEED = 1901

MEDIAN_SQFT = {"dachshund": 1_250.0, "german_shepherd": 2_500.0}
"""The median home of each simulated breed, in square feet; both breeds are equally common."""

LOG_SPREAD = 0.4
"""Standard deviation of the natural logarithm of the home size, the same for both breeds.

Because it is the same, the best possible probability of the larger breed rises with the home size. It is one
half at the geometric mean of the medians, 1,768 sq ft.
"""


def simulate_homes(households: int = HOUSEHOLDS, seed: int = SEED) -> tuple[Floats, Labels]:
    """Simulate households, as the module's docstring describes.

    All draws are from ``random.Random.random``, because Python promises the same sequence in every version.

    Returns:
        The home sizes (whole square feet, within the limits) and the index of each household's breed in
        ``MEDIAN_SQFT``.
    """
    draw = random.Random(seed).random  # noqa: S311 - a simulation, not a secret
    curves = [NormalDist(math.log(median), LOG_SPREAD) for median in MEDIAN_SQFT.values()]
    sizes: list[int] = []
    labels: list[int] = []
    while len(sizes) < households:
        label = int(draw() * len(curves))
        size = round(math.exp(curves[label].inv_cdf(draw())))
        if MIN_SQFT <= size <= MAX_SQFT:
            sizes.append(size)
            labels.append(label)
    return np.array(sizes, dtype=np.float64), np.array(labels)


def best_probabilities(home_sizes: Floats) -> Floats:
    """Compute the Bayes-optimal probabilities of ``MEDIAN_SQFT`` for homes of these sizes in square feet."""
    medians = np.log(list(MEDIAN_SQFT.values()))
    distances = (np.log(home_sizes)[:, np.newaxis] - medians) / LOG_SPREAD
    densities = np.exp(-(distances**2) / 2)
    return np.asarray(densities / densities.sum(axis=1, keepdims=True))


def is_simulated(problem: Problem, sha256: str) -> bool:
    """Return whether a file with this checksum, read as a problem describes, gives what is simulated here."""
    return (
        [*(feature.column_name for feature in problem.features), problem.target.name] == list(HEADER)
        and list(problem.by_key) == list(MEDIAN_SQFT)
        and sha256 == hashlib.sha256(simulated_csv()).hexdigest()
    )


def simulated_csv() -> bytes:
    """Return the content of ``model/homes.csv``."""
    breeds = list(MEDIAN_SQFT)
    sizes, labels = simulate_homes()
    rows = [f"{size:.0f},{breeds[label]}\n" for size, label in zip(sizes, labels, strict=True)]
    return (",".join(HEADER) + "\n" + "".join(rows)).encode()


if __name__ == "__main__":
    write_atomically(HOMES_FILE, simulated_csv())
    sys.stdout.write(f"Wrote {HOUSEHOLDS:,} simulated households to {HOMES_FILE}.\n")
