"""Fit XGBoost to households, judge it on others, and describe the result in a manifest."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import xgboost
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from model.artifact import (
    FORMAT_VERSION,
    Artifact,
    Boundary,
    Data,
    Feature,
    KnownAnswer,
    Manifest,
    Metrics,
    identify,
)
from model.booster import FEATURE, class_probabilities, load_booster
from model.breeds import Breed
from model.dataset import MEDIAN_SQFT, Homes, best_probabilities
from model.home_size import MAX_SQFT, MIN_SQFT
from model.step_function import to_step_function

SEED = 1901
HELD_OUT_SHARE = 0.2
ROUNDS = 100

PARAMETERS: dict[str, str | int | float] = {
    "tree_method": "hist",
    "max_depth": 2,
    "learning_rate": 0.1,
    # Keeps the few homes at either end from being answered with near certainty.
    "min_child_weight": 5,
    "seed": SEED,
    # One thread, so that sums are made in one order and the same data give the same bytes.
    "nthread": 1,
}
"""XGBoost's settings, whatever the number of breeds.

Fitted to four fresh simulations of 4,800 households and judged on 200,000 others, depths of 1 to 3, rates of
0.03 to 0.1 and 32 to 256 bins all came within 0.0025 nats of the best possible log loss; these are the
plainest of them. Sampling rows did worse.
"""

KNOWN_SIZES = (MIN_SQFT, 400.0, 900.0, 1_200.0, 1_600.0, 1_800.0, 2_500.0, 4_000.0, MAX_SQFT)
"""Home sizes, in square feet, whose answers the manifest records."""


def train(homes: Homes, breeds: Mapping[str, Breed]) -> Artifact:
    """Fit a model to most of the households and judge it on the rest.

    The classes are ordered by adult weight, the lightest breed first. With two of them, a monotone constraint
    keeps the heavier from becoming less likely as the home grows.

    Args:
        homes: Households of two breeds or more.
        breeds: The catalogue, which has every one of them.

    Returns:
        The model and its manifest; the same households give the same bytes.
    """
    counts = homes.table["breed"].value_counts()
    classes = sorted(map(str, counts.index), key=lambda key: (breeds[key].weight_kg.middle, key))
    sizes = homes.table["home_size_sqft"].to_numpy(dtype=np.float64)
    labels = (
        homes.table["breed"].map({key: index for index, key in enumerate(classes)}).to_numpy(dtype=np.int64)
    )
    fit_sizes, held_sizes, fit_labels, held_labels = train_test_split(
        sizes, labels, test_size=HELD_OUT_SHARE, stratify=labels, random_state=SEED
    )
    parameters = PARAMETERS | _objective(len(classes))
    model = _fit(fit_sizes, fit_labels, parameters)
    # From here on the model is the one that a server will load, not the one in this process's hands.
    booster = load_booster(model)
    lowest, highest = float(fit_sizes.min()), float(fit_sizes.max())
    version, file, sha256 = identify(model)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        model_version=version,
        model_file=file,
        model_sha256=sha256,
        features=(Feature(name=FEATURE, unit="sqft", min=lowest, max=highest),),
        classes=tuple(classes),
        data=Data(
            file=homes.file,
            sha256=homes.sha256,
            simulated=homes.simulated,
            households={key: int(counts[key]) for key in classes},
            fitted=len(fit_labels),
            held_out=len(held_labels),
        ),
        parameters=parameters | {"rounds": ROUNDS},
        metrics=_judge(
            held_labels,
            class_probabilities(booster, held_sizes),
            best_probabilities(held_sizes)[:, [list(MEDIAN_SQFT).index(key) for key in classes]]
            if homes.simulated
            else None,
        ),
        decision_boundaries=_boundaries(booster, classes),
        known_answers=_known_answers(booster),
        xgboost_version=xgboost.__version__,
    )
    return Artifact(manifest, model)


def _objective(classes: int) -> dict[str, str | int | float]:
    if classes == 2:
        return {"objective": "binary:logistic", "monotone_constraints": "(1)"}
    return {"objective": "multi:softprob", "num_class": classes}


def _fit(
    sizes: NDArray[np.float64], labels: NDArray[np.int64], parameters: dict[str, str | int | float]
) -> bytes:
    table = xgboost.DMatrix(sizes.reshape(-1, 1), label=labels, feature_names=[FEATURE], nthread=1)
    return bytes(xgboost.train(parameters, table, num_boost_round=ROUNDS).save_raw("ubj"))


def _judge(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    best: NDArray[np.float64] | None,
) -> Metrics:
    # Six decimals: the last bits of a sum may differ from one processor to the next, the file must not.
    def loss(answers: NDArray[np.float64]) -> float:
        return round(float(log_loss(labels, answers / answers.sum(axis=1, keepdims=True))), 6)

    return Metrics(
        accuracy=round(float(accuracy_score(labels, probabilities.argmax(axis=1))), 6),
        log_loss=loss(probabilities.astype(np.float64)),
        best_log_loss=None if best is None else loss(best),
    )


def _boundaries(booster: xgboost.Booster, classes: list[str]) -> tuple[Boundary, ...]:
    steps = to_step_function(booster, extra_edges=(MIN_SQFT, MAX_SQFT))
    answers = steps.probabilities.argmax(axis=1)
    # An edge rounds to its threshold, which is the figure for people: 1,780.0 and not 1,779.99994.
    return tuple(
        Boundary(home_size_sqft=float(np.float32(edge)), below=classes[below], above=classes[above])
        for edge, (below, above) in zip(steps.edges, pairwise(answers), strict=True)
        if below != above
    )


def _known_answers(booster: xgboost.Booster) -> tuple[KnownAnswer, ...]:
    answers = class_probabilities(booster, np.array(KNOWN_SIZES))
    return tuple(
        KnownAnswer(home_size_sqft=size, probabilities=tuple(round(float(value), 6) for value in row))
        for size, row in zip(KNOWN_SIZES, answers, strict=True)
    )
