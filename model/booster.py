"""XGBoost with one thread: load a booster, ask it, and list its split thresholds."""

# ruff: noqa: E402 - the two preparations come before the import they are for
import os
import sys

# OpenMP reads this once, when XGBoost's library is loaded. A second thread makes single rows ten times slower
# under concurrent requests, and a pool of them does not survive the fork of a preloading server.
os.environ["OMP_NUM_THREADS"] = "1"

# Where scikit-learn is installed XGBoost imports it, and with it pandas: four times the time to import, for
# nothing that is used here. While the entry is None, scikit-learn can't be imported.
sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]
import xgboost

if sys.modules.get("sklearn") is None:
    del sys.modules["sklearn"]

import msgspec
import numpy as np
from numpy.typing import NDArray

FEATURE = "home_size_sqft"


class BoosterError(Exception):
    """XGBoost cannot use the model as trees over the home size."""


class _Tree(msgspec.Struct):
    left_children: list[int]
    split_conditions: list[float]


class _Trees(msgspec.Struct):
    trees: list[_Tree]


class _GradientBooster(msgspec.Struct):
    model: _Trees


class _Learner(msgspec.Struct):
    gradient_booster: _GradientBooster


class _Model(msgspec.Struct):
    """As much of XGBoost's JSON model as holds the splits.

    Source: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html, "JSON Schema".
    """

    learner: _Learner


def load_booster(model: bytes) -> xgboost.Booster:
    """Load a booster from the bytes of a model file.

    Args:
        model: What ``Booster.save_raw("ubj")`` gave, to the last byte: callers compare checksums first.
            XGBoost 3.2 reads on past the end of a truncated model, which can end the process.

    Raises:
        BoosterError: XGBoost cannot read it, or it was not trained on the home size alone.
    """
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(model))
    except (xgboost.core.XGBoostError, UnicodeDecodeError) as error:  # its message may quote broken text
        raise BoosterError("XGBoost cannot read it") from error
    booster.set_param({"nthread": 1})
    if booster.feature_names != [FEATURE]:
        raise BoosterError(f"it was trained on {booster.feature_names}, not on {FEATURE} alone")
    return booster


def class_probabilities(booster: xgboost.Booster, home_sizes: NDArray[np.float64]) -> NDArray[np.float32]:
    """Ask the booster.

    Args:
        booster: Trained with ``binary:logistic`` or ``multi:softprob``.
        home_sizes: Sizes in square feet, shape ``(n,)``.

    Returns:
        Shape ``(n, classes)``. With two classes the first is 1 minus the second in float32, as
        ``XGBClassifier.predict_proba`` has it.
    """
    answer = np.asarray(booster.inplace_predict(home_sizes.reshape(-1, 1)), dtype=np.float32)
    return np.column_stack((1 - answer, answer)) if answer.ndim == 1 else answer


def split_thresholds(booster: xgboost.Booster) -> NDArray[np.float32]:
    """The sizes at which any tree splits, ascending, each once; a size below one goes left.

    Raises:
        BoosterError: The booster is not made of trees.
    """
    try:
        model = msgspec.json.decode(booster.save_raw("json"), type=_Model)
    except msgspec.ValidationError as error:
        raise BoosterError("it is not made of trees") from error
    # A leaf has no left child (-1), and keeps its weight where a split keeps its threshold.
    return np.unique(
        np.array(
            [
                threshold
                for tree in model.learner.gradient_booster.model.trees
                for child, threshold in zip(tree.left_children, tree.split_conditions, strict=True)
                if child != -1
            ],
            dtype=np.float32,
        )
    )
