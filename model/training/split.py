"""The split: which rows are fitted, which are held out, and the folds of the cross-validation."""

import numpy as np
import pandas as pd

from model.arrays import Integers, Labels, Mask, Matrix

HELD_OUT_SHARE = 0.2
FOLDS = 5


def shuffled_ranks(matrix: Matrix, labels: Labels) -> Integers:
    """Rank the rows of each class, from 0, in a pseudo-random order that does not depend on their lines.

    They are ordered by a hash of their features and of how many rows with the same features and class came
    before. When a file grows, nearly all of its held-out rows therefore stay held out: the model in place was
    not fitted to them, and the gate compares fairly.
    """
    rows = pd.DataFrame(matrix)
    features = list(rows.columns)
    rows["repeat"] = rows.assign(label=labels).groupby(["label", *features], dropna=False).cumcount()
    hashes = pd.util.hash_pandas_object(rows, index=False)
    ranks = hashes.groupby(labels).rank(method="first")
    return np.asarray(ranks - 1, dtype=np.int64)


def held_out(matrix: Matrix, labels: Labels) -> Mask:
    """Return which rows are held out: ``HELD_OUT_SHARE`` of every class."""
    rows = np.bincount(labels)[labels]
    return shuffled_ranks(matrix, labels) < np.round(rows * HELD_OUT_SHARE)


def folds(matrix: Matrix, labels: Labels, max_rows: int) -> tuple[Integers, list[tuple[Integers, Integers]]]:
    """Divide rows into folds for cross-validation, each with the same share of every class.

    If there are more than ``max_rows``, the same share of each class is used.

    Returns:
        The indices of the rows that are used, and for each fold the positions among these of the rows to fit
        and of those to validate on.
    """
    ranks = shuffled_ranks(matrix, labels)
    quota = np.bincount(labels)[labels] * min(1.0, max_rows / len(labels))
    taken = np.flatnonzero(ranks < np.maximum(quota, 2 * FOLDS))
    fold = ranks[taken] % FOLDS
    return taken, [(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(FOLDS)]
