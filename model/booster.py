"""XGBoost with one thread: loading a booster, its probabilities and its split thresholds."""

# ruff: noqa: E402 - the environment is prepared before XGBoost is imported
import json
import os
import sys

# OpenMP reads this once, when XGBoost's library is loaded. With a second thread, predicting one row takes ten
# times as long under concurrent requests, and a pool of threads does not survive a preloading server's fork.
os.environ["OMP_NUM_THREADS"] = "1"

# If scikit-learn is installed, XGBoost imports it and pandas, and takes 1.6 s in place of 0.3 s; neither is
# used here. Python refuses to import a module whose entry in sys.modules is None.
sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]
import xgboost
from xgboost.libpath import find_lib_path

if sys.modules.get("sklearn") is None:
    del sys.modules["sklearn"]

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.arrays import Matrix, Probabilities
from model.problem.checks import feature_fault
from model.problem.features import AnyFeature


class BoosterError(Exception):
    """XGBoost cannot use the model as trees over the features of the problem."""


def load_booster(model: bytes, features: Sequence[AnyFeature]) -> xgboost.Booster:
    """Load a booster of these features, in this order, from the bytes of ``Booster.save_raw("ubj")``.

    Callers verify the checksum first, because XGBoost 3.2 reads past the end of a truncated model, which can
    end the process.

    Raises:
        BoosterError: XGBoost cannot read the model, or it was trained on other features.
    """
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(model))
    except (xgboost.core.XGBoostError, UnicodeDecodeError) as error:  # its message may not be UTF-8
        raise BoosterError("XGBoost cannot read it") from error
    booster.set_param({"nthread": 1})
    if fault := feature_fault(features, booster.feature_names or [], booster.feature_types or []):
        raise BoosterError(fault)
    return booster


def class_probabilities(booster: xgboost.Booster, matrix: Matrix) -> Probabilities:
    """Compute the probabilities of a booster trained with ``binary:logistic`` or ``multi:softprob``.

    With two classes, the first column is 1 minus the second in float32, as ``XGBClassifier`` has it.

    Raises:
        BoosterError: The booster is not made of trees.
    """
    try:
        answer = np.asarray(booster.inplace_predict(matrix), dtype=np.float32)
    except xgboost.core.XGBoostError as error:
        raise BoosterError("it is not made of trees") from error
    return np.column_stack((1 - answer, answer)) if answer.ndim == 1 else answer


def library_path() -> str:
    """Return the path of XGBoost's library."""
    return str(find_lib_path()[0])


def contributions(booster: xgboost.Booster, matrix: Matrix) -> NDArray[np.float32]:
    """Compute the SHAP value of each feature for each class against the others, in log-odds.

    The shape is ``(rows, classes, features)``.

    Source: Lundberg et al., "From Local Explanations to Global Understanding with Explainable AI for Trees",
    Nature Machine Intelligence 2, 2020. With three classes or more, each has a score of its own, and only
    their differences count: a class's value is that of its score, less the mean of the other classes' values.
    """
    rows = xgboost.DMatrix(
        matrix,
        feature_names=booster.feature_names,
        feature_types=booster.feature_types,
        enable_categorical=True,
        nthread=1,
    )
    values = booster.predict(rows, pred_contribs=True)[..., :-1]  # the last column is the bias
    if values.ndim == 2:
        return np.stack((-values, values), axis=1)
    classes = values.shape[1]
    return np.asarray((values - values.mean(axis=1, keepdims=True)) * (classes / (classes - 1)))


def split_thresholds(booster: xgboost.Booster) -> list[NDArray[np.float32]]:
    """Return, for each feature, the distinct values at which a tree splits it; a smaller one goes left.

    The values ascend, and those of a choice mean nothing. Source of the names:
    https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html, "JSON Schema".

    Raises:
        BoosterError: The booster is not made of trees.
    """
    try:
        trees = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    except KeyError as error:
        raise BoosterError("it is not made of trees") from error
    children, features, conditions = (
        np.array([value for tree in trees for value in tree[name]])
        for name in ("left_children", "split_indices", "split_conditions")
    )
    # A leaf has -1 as its left child, and its weight in place of a threshold.
    return [
        np.unique(conditions[(children != -1) & (features == feature)].astype(np.float32))
        for feature in range(booster.num_features())
    ]
