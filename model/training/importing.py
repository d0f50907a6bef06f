"""Making an artifact of an XGBoost classifier that was trained elsewhere.

The model is read as the JSON document that XGBoost describes
(https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html), in which features and choices are
brought into the problem's order; the trees stay as they are.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from model.artifact import ArtifactError
from model.booster import BoosterError, class_probabilities, load_booster
from model.manifest import Imported
from model.problem.description import Problem
from model.problem.features import Choice
from model.problem.table import plain_name
from model.problem.wording import listed, shown
from model.training.dataset import Dataset
from model.training.pipeline import Fit, Trained, describe

OBJECTIVES = ("binary:logistic", "multi:softprob")

_CLEAR = 0.01
"""Mean probabilities of the classes' rows that differ by less do not show which class is meant."""

_TO_JSON = """\
import sys, xgboost
booster = xgboost.Booster(model_file=sys.argv[1])
best = booster.attr("best_iteration")
booster = booster[: int(best) + 1] if best else booster
sys.stdout.buffer.write(booster.save_raw("json"))
"""
"""Without the trees after the best iteration, which early stopping keeps and ``XGBClassifier`` leaves out."""


def import_model(path: Path, data: Dataset, pictures: Mapping[str, bytes]) -> Trained:
    """Judge a model that ``save_model`` has written elsewhere on all rows of a table; make its artifact.

    Raises:
        ArtifactError: The model can't be read or can't be served for this problem; the sentence says why.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"Cannot read {path}: {error.strerror}.") from error
    try:
        document = _read(path)
        _check(document["learner"], data.problem)
        _reorder(document["learner"], data.problem)
        booster = xgboost.Booster()
        booster.load_model(bytearray(json.dumps(document).encode()))
        model = bytes(booster.save_raw("ubj"))
        _check_classes(model, data)
    except BoosterError as error:
        raise ArtifactError(f"The model {path} can't be served: {error}.") from error
    objective = document["learner"]["objective"]["name"]
    parameters = {"objective": objective, "rounds": booster.num_boosted_rounds()}
    imported = Imported(path.name, hashlib.sha256(content).hexdigest())
    all_rows = np.ones(len(data.labels), dtype=bool)
    return describe(data, pictures, Fit(model, parameters, None, imported, all_rows))


def _read(path: Path) -> Any:
    """Read a model as JSON, in a process of its own, which XGBoost may end if the file is damaged."""
    command = [sys.executable, "-c", _TO_JSON, str(path)]
    run = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own program
    if run.returncode:
        raise BoosterError("XGBoost can't read it; write it with save_model, as .ubj or .json")
    return json.loads(run.stdout)


def _check(learner: Any, problem: Problem) -> None:
    """Raise BoosterError if a model is no classifier of trees with the problem's number of classes."""
    objective, trees = learner["objective"]["name"], learner["gradient_booster"]["name"]
    if trees != "gbtree":
        raise BoosterError(f"it is a {trees}, and only gbtree is served; train it with booster=gbtree")
    if objective not in OBJECTIVES:
        raise BoosterError(f"its objective is {objective}, and only {listed(OBJECTIVES)} give probabilities")
    if learner["learner_model_param"].get("num_target", "1") != "1":
        raise BoosterError("it answers several targets at once; train one for each")
    classes = max(2, int(learner["learner_model_param"]["num_class"]))
    if classes != len(problem.classes):
        names = listed(problem.by_key)
        raise BoosterError(f"it has {classes} classes, and the data have {len(problem.classes)}: {names}")


def _reorder(learner: Any, problem: Problem) -> None:
    """Bring features and the codes of choices into the problem's order; raise BoosterError for others."""
    names = learner["feature_names"]
    if not names:
        raise BoosterError("it has no feature names; train it from a DataFrame, or set feature_names")
    places = {plain_name(name): place for place, name in enumerate(names)}
    taken = [
        places.get(plain_name(feature.column_name), places.get(plain_name(feature.name)))
        for feature in problem.features
    ]
    wanted = listed(feature.column_name for feature in problem.features)
    if None in taken or len(taken) != len(names):
        raise BoosterError(f"it was trained on {listed(map(shown, names))}, and the problem has {wanted}")
    model = learner["gradient_booster"]["model"]
    codes = {
        place: _codes(feature, model.get("cats", {}).get("enc") or [], place)
        for feature, place in zip(problem.features, taken, strict=True)
        if isinstance(feature, Choice) and place is not None
    }
    for tree in model["trees"]:
        for node, start, size in zip(
            tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
        ):
            known = codes.get(tree["split_indices"][node]) or range(max(tree["categories"]) + 1)
            held = tree["categories"][start : start + size]
            tree["categories"][start : start + size] = sorted(known[code] for code in held)
        tree["split_indices"] = [taken.index(place) for place in tree["split_indices"]]
    learner["feature_names"] = [feature.column_name for feature in problem.features]
    types = learner["feature_types"]  # [] where only the names were set
    learner["feature_types"] = [types[place] for place in taken if place is not None] if types else []
    model["cats"] = {"enc": [], "feature_segments": [], "sorted_idx": []}


def _codes(choice: Choice, encodings: Sequence[Any], place: int) -> list[int]:
    """Return the problem's code of each of the model's; [] if the model does not name its choices."""
    encoding = encodings[place] if place < len(encodings) else {"values": []}
    values = encoding["values"]
    if offsets := encoding.get("offsets"):
        text = bytes(values)
        values = [text[low:high].decode() for low, high in pairwise(offsets)]
    if unknown := [str(value) for value in values if str(value) not in choice.codes]:
        raise BoosterError(
            f"it knows the {choice.name} {shown(unknown[0])}, which is no choice of the problem"
        )
    return [choice.codes[str(value)] for value in values]


def _check_classes(model: bytes, data: Dataset) -> None:
    """Raise BoosterError if the model's classes are plainly in another order than the problem's."""
    answers = class_probabilities(load_booster(model, data.problem.features), data.matrix)
    keys = list(data.problem.by_key)
    means = np.array([answers[data.labels == index].mean(axis=0) for index in range(len(keys))])
    if np.ptp(means, axis=0).min() < _CLEAR:
        return  # it hardly tells the classes apart, so their order does not show; the gate judges it
    # The rows of each class should have, among the classes, the greatest mean probability of their own.
    order = np.argmax(means, axis=0)
    if sorted(order) == list(range(len(keys))) and list(order) != sorted(order):
        found = listed(keys[index] for index in order)
        raise BoosterError(
            f"on these data its classes are {found}, in this order, and the problem's are {listed(keys)}; "
            "give the problem's classes the model's order"
        )
