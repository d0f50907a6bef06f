"""The split: which households are fitted, which are held out, and the folds of the cross-validation."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

HELD_OUT_SHARE = 0.2
FOLDS = 5


def shuffled_ranks(sizes: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank the households of each breed in a pseudo-random order that does not depend on their lines.

    They are ordered by a hash of the home size and of how many households of the same size and breed came
    before. When a file grows, nearly all of its held-out households therefore stay held out: the model in
    place was not fitted to them, and the gate compares fairly.

    Args:
        sizes: Home sizes in square feet, shape ``(n,)``.
        labels: Class indices, shape ``(n,)``.

    Returns:
        The rank of each household within its breed, from 0, shape ``(n,)``.
    """
    homes = pd.DataFrame({"size": sizes, "breed": labels})
    homes["repeat"] = homes.groupby(["breed", "size"]).cumcount()
    hashes = pd.util.hash_pandas_object(homes[["size", "repeat"]], index=False)
    ranks = hashes.groupby(homes["breed"]).rank(method="first")
    return np.asarray(ranks - 1, dtype=np.int64)


def held_out(sizes: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each household is held out, shape ``(n,)``: ``HELD_OUT_SHARE`` of every breed."""
    households = np.bincount(labels)[labels]
    return shuffled_ranks(sizes, labels) < np.round(households * HELD_OUT_SHARE)


def folds(
    sizes: NDArray[np.float64], labels: NDArray[np.int64], max_households: int
) -> tuple[NDArray[np.int64], list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Divide households into folds for cross-validation, each with the same share of every breed.

    Args:
        sizes: Home sizes in square feet, shape ``(n,)``.
        labels: Class indices, shape ``(n,)``.
        max_households: The most households to use; if there are more, the same share of each breed is used.

    Returns:
        The indices of the households that are used, and for each fold the positions among these of the
        households to fit and of those to validate on.
    """
    ranks = shuffled_ranks(sizes, labels)
    quota = np.bincount(labels)[labels] * min(1.0, max_households / len(sizes))
    taken = np.flatnonzero(ranks < np.maximum(quota, 2 * FOLDS))
    fold = ranks[taken] % FOLDS
    return taken, [(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(FOLDS)]
