"""The choice of XGBoost's parameters by cross-validation, and the fit."""

from itertools import product
from operator import itemgetter

import numpy as np
import xgboost
from numpy.typing import NDArray

from model.booster import FEATURE
from model.manifest import Search
from model.training.split import FOLDS, folds

SEED = 1901
MAX_ROUNDS = 1_000
PATIENCE = 20
"""The number of rounds without a better cross-validated log loss after which no more are added."""

MAX_SEARCH_HOUSEHOLDS = 20_000
"""The most households that the search uses; enough to tell good parameters from bad ones."""

Parameters = dict[str, str | int | float]

GRID: dict[str, tuple[float, ...]] = {
    "max_depth": (1, 2, 3),
    "learning_rate": (0.05, 0.1),
    "min_child_weight": (5, 20),
}
"""The values that are tried, in every combination.

``min_child_weight`` bounds the sum of p(1 - p) over the households of a leaf (of twice that with three breeds
or more), so it needs at least four (or two) per unit. It prevents nearly certain answers for the few homes at
either end of the range. Fitted to 4,800 simulated households and evaluated on 200,000 others, all
combinations are within 0.004 nats of the best possible log loss, so the search matters only for other data.
"""

WIDE_GRID: dict[str, tuple[float, ...]] = {
    "max_depth": (1, 2, 3, 4),
    "learning_rate": (0.03, 0.05, 0.1, 0.2),
    "min_child_weight": (1, 5, 20, 50),
    "reg_lambda": (1, 10),
}
"""The values that ``--search`` tries in place of ``GRID``."""


def search(
    sizes: NDArray[np.float64], labels: NDArray[np.int64], *, wide: bool = False
) -> tuple[Parameters, int, Search]:
    """Find the parameters and the number of rounds with the lowest cross-validated log loss.

    Args:
        sizes: Home sizes in square feet, shape ``(n,)``.
        labels: Class indices from 0, shape ``(n,)``; each occurs at least ``FOLDS`` times.
        wide: Whether to try ``WIDE_GRID`` in place of ``GRID``.

    Returns:
        XGBoost's parameters, the number of rounds of trees, and how they were found.
    """
    taken, parts = folds(sizes, labels, MAX_SEARCH_HOUSEHOLDS)
    table = _table(sizes[taken], labels[taken], threads=1)
    grid = WIDE_GRID if wide else GRID
    tried: list[tuple[float, int, Parameters]] = []
    for values in product(*grid.values()):
        parameters = _fixed_parameters(len(np.unique(labels))) | dict(zip(grid, values, strict=True))
        history = xgboost.cv(
            parameters,
            table,
            num_boost_round=MAX_ROUNDS,
            folds=parts,
            early_stopping_rounds=PATIENCE,
            as_pandas=False,
        )
        losses = np.array(history[f"test-{parameters['eval_metric']}-mean"])
        tried.append((float(losses[-1]), len(losses), parameters))
    loss, rounds, parameters = min(tried, key=itemgetter(0))
    return parameters, rounds, Search(len(tried), FOLDS, len(taken), loss)


def fit(sizes: NDArray[np.float64], labels: NDArray[np.int64], parameters: Parameters, rounds: int) -> bytes:
    """Fit XGBoost.

    Args:
        sizes: Home sizes in square feet, shape ``(n,)``.
        labels: Class indices from 0, shape ``(n,)``.
        parameters: XGBoost's, as ``search`` returns them; ``nthread`` is the number of threads.
        rounds: How many rounds of trees.

    Returns:
        The model file's bytes, in UBJSON.
    """
    table = _table(sizes, labels, int(parameters["nthread"]))
    return bytes(xgboost.train(parameters, table, num_boost_round=rounds).save_raw("ubj"))


def _table(sizes: NDArray[np.float64], labels: NDArray[np.int64], threads: int) -> xgboost.DMatrix:
    return xgboost.DMatrix(sizes.reshape(-1, 1), label=labels, feature_names=[FEATURE], nthread=threads)


def _fixed_parameters(classes: int) -> Parameters:
    """Return the parameters that are not searched.

    With two classes, a monotone constraint keeps a larger home from making the heavier dog less likely.
    Classes have no weights, so that a rare breed gets the low probabilities of its share. One thread always
    adds in the same order, so that the same data give the same bytes.
    """
    objective: Parameters = (
        {"objective": "binary:logistic", "eval_metric": "logloss", "monotone_constraints": "(1)"}
        if classes == 2
        else {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": classes}
    )
    return objective | {"tree_method": "hist", "seed": SEED, "nthread": 1}
