"""The split: which households are fitted, which are held out, and the folds of the cross-validation."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

HELD_OUT_SHARE = 0.2
FOLDS = 5


def shuffle(sizes: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank the households of each breed in a pseudo-random order that does not depend on their lines.

    The order is that of a hash of the home size and, among households of equal size and breed, of the number
    of equal households before. A file that grows therefore keeps nearly all of its held-out households held
    out: the model in place has not been fitted to them, and the gate compares fairly.

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
    return shuffle(sizes, labels) < np.round(households * HELD_OUT_SHARE)


def folds(
    sizes: NDArray[np.float64], labels: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Divide households into folds for cross-validation, each with the same share of every breed.

    Args:
        sizes: Home sizes in square feet, shape ``(n,)``.
        labels: Class indices, shape ``(n,)``.
        most: The number of households to use at most; of more, the same share of each breed is taken.

    Returns:
        The indices of the households that are used, and for each fold the positions among these of the
        households to fit and of those to validate on.
    """
    ranks = shuffle(sizes, labels)
    enough = np.bincount(labels)[labels] * min(1.0, most / len(sizes))
    taken = np.flatnonzero(ranks < np.maximum(enough, 2 * FOLDS))
    fold = ranks[taken] % FOLDS
    return taken, [(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(FOLDS)]
