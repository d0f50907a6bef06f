"""Which households are fitted, and which are held out to judge the model."""

import numpy as np
from numpy.typing import NDArray

HELD_OUT_SHARE = 0.2
FOLDS = 5


def shuffle(sizes: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank the households of each breed in an order that looks random and hangs on nothing but themselves.

    A household's place comes from a hash of its size (and, among equal ones, of how many went before), not
    from its line. So the split does not change when lines do, and a file that grows keeps nearly all
    of its held-out households held out: the model in place has not seen them, and is compared fairly.

    Args:
        sizes: Home sizes in square feet, shape ``(n,)``.
        labels: Class indices, shape ``(n,)``.

    Returns:
        The rank of each household within its breed, from 0, shape ``(n,)``.
    """
    together = np.lexsort((sizes, labels))
    repeats = _position_in_group(np.stack((labels[together], sizes[together])))
    hashes = np.empty(len(sizes), dtype=np.uint64)
    hashes[together] = _mix(sizes[together].view(np.uint64) + _mix(repeats.astype(np.uint64)))
    by_hash = np.lexsort((hashes, labels))
    ranks = np.empty(len(sizes), dtype=np.int64)
    ranks[by_hash] = _position_in_group(labels[by_hash][np.newaxis])
    return ranks


def held_out(sizes: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each household is held out: ``HELD_OUT_SHARE`` of every breed, shape ``(n,)``."""
    households = np.bincount(labels)[labels]
    return shuffle(sizes, labels) < np.round(households * HELD_OUT_SHARE)


def folds(
    sizes: NDArray[np.float64], labels: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Part households for cross-validation, every breed alike.

    Args:
        sizes: Home sizes in square feet, shape ``(n,)``.
        labels: Class indices, shape ``(n,)``.
        most: The number of households that suffice; of more, the same share of each breed is taken.

    Returns:
        The indices of the households taken; and for each fold, which of these to fit and which to judge by.
    """
    ranks = shuffle(sizes, labels)
    enough = np.bincount(labels)[labels] * min(1.0, most / len(sizes))
    taken = np.flatnonzero(ranks < np.maximum(enough, 2 * FOLDS))
    fold = ranks[taken] % FOLDS
    return taken, [(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(FOLDS)]


def _position_in_group(columns: NDArray[np.generic]) -> NDArray[np.int64]:
    """How many equal columns stand directly before each one, for columns in an order that joins equals."""
    count = columns.shape[1]
    starts = np.ones(count, dtype=bool)
    starts[1:] = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
    positions = np.arange(count)
    return positions - np.maximum.accumulate(np.where(starts, positions, 0))


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer: neighbouring numbers become unrelated ones.

    Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, figure 17.
    """
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
