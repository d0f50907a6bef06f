"""From households to an artifact: split, search, fit, evaluate, and describe the result."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np
import xgboost
from numpy.typing import NDArray

from model.artifact import Artifact, identify
from model.booster import FEATURE, load_booster
from model.home_size import MAX_SQFT, MIN_SQFT
from model.manifest import (
    CARD_NAME,
    FORMAT_VERSION,
    Data,
    DecisionBoundary,
    Feature,
    KnownAnswer,
    Manifest,
    Metrics,
)
from model.step_function import StepFunction, to_step_function
from model.training import evaluation, plots
from model.training.card import write_card
from model.training.dataset import Homes
from model.training.fitting import fit, search
from model.training.simulation import best_probabilities
from model.training.split import held_out

KNOWN_SIZES = (MIN_SQFT, 400.0, 900.0, 1_200.0, 1_600.0, 1_800.0, 2_500.0, 4_000.0, MAX_SQFT)
"""Home sizes, in square feet, whose answers the manifest records."""

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, and the held-out households that it was evaluated on.

    Attributes:
        artifact: The files to write.
        held_sizes: Their home sizes in square feet, shape ``(n,)``.
        held_labels: Their class indices, shape ``(n,)``.
        held_probabilities: The model's answers for them, shape ``(n, classes)``.
        baseline: The breeds' shares of the fitted households, repeated for each held-out household, shape
            ``(n, classes)``.
    """

    artifact: Artifact
    held_sizes: NDArray[np.float64]
    held_labels: NDArray[np.int64]
    held_probabilities: NDArray[np.float32]
    baseline: NDArray[np.float64]


def train(homes: Homes, *, wide: bool = False, threads: int = 1) -> Trained:
    """Fit a model to four fifths of the households and evaluate it on the others.

    Args:
        homes: Households of two breeds or more.
        wide: Whether to search more parameters.
        threads: For the last fit; only with one do the same households always give the same bytes.
    """
    held = held_out(homes.sizes, homes.labels)
    sizes, labels = homes.sizes[~held], homes.labels[~held]
    parameters, rounds, searched = search(sizes, labels, wide=wide)
    parameters["nthread"] = threads
    model = fit(sizes, labels, parameters, rounds)
    # Loaded from its bytes, so that the model that is evaluated is the one that a server will load.
    steps = to_step_function(load_booster(model), extra_edges=(MIN_SQFT, MAX_SQFT))
    held_sizes, held_labels = homes.sizes[held], homes.labels[held]
    answers = steps.at(held_sizes)
    baseline = np.broadcast_to(np.bincount(labels) / len(labels), answers.shape)

    version, file, sha256 = identify(model)
    classes = tuple(breed.key for breed in homes.breeds)
    metrics = _rounded(_metrics(homes, held, answers, baseline))
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        model_version=version,
        model_file=file,
        model_sha256=sha256,
        documents={},
        features=(Feature(name=FEATURE, unit="sqft", min=float(sizes.min()), max=float(sizes.max())),),
        classes=classes,
        breeds=homes.breeds,
        data=Data(
            file=homes.file,
            sha256=homes.sha256,
            simulated=homes.simulated,
            households=dict(zip(classes, np.bincount(homes.labels).tolist(), strict=True)),
            fitted=len(sizes),
            held_out=len(held_sizes),
        ),
        parameters=parameters | {"rounds": rounds},
        search=_rounded(searched),
        metrics=metrics,
        decision_boundaries=_boundaries(steps, classes),
        known_answers=tuple(
            _rounded(KnownAnswer(size, tuple(row.tolist())))
            for size, row in zip(KNOWN_SIZES, steps.at(np.array(KNOWN_SIZES)), strict=True)
        ),
        xgboost_version=xgboost.__version__,
    )
    documents = {
        plots.PROBABILITY: plots.probability_plot(
            steps, sizes, labels, homes.breeds, simulated=homes.simulated
        ),
        plots.CALIBRATION: plots.calibration_plot(metrics.calibration, len(classes)),
        plots.HOMES: plots.homes_plot(sizes, labels, homes.breeds, simulated=homes.simulated),
        CARD_NAME: write_card(manifest),
    }
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in documents.items()}
    artifact = Artifact(msgspec.structs.replace(manifest, documents=checksums), model, documents)
    return Trained(artifact, held_sizes, held_labels, answers, baseline)


def _metrics(
    homes: Homes,
    held: NDArray[np.bool_],
    answers: NDArray[np.float32],
    baseline: NDArray[np.float64],
) -> Metrics:
    labels = homes.labels[held]
    best = evaluation.losses(labels, best_probabilities(homes.sizes[held])) if homes.simulated else None
    classes = [breed.key for breed in homes.breeds]
    confusion = evaluation.confusion(labels, answers).tolist()
    return Metrics(
        **evaluation.scores(labels, answers),
        calibration_error_by_chance=evaluation.error_by_chance(answers),
        best_log_loss=None if best is None else float(best.mean()),
        intervals=evaluation.intervals(labels, answers),
        baseline=evaluation.scores(labels, baseline),
        confusion={
            key: dict(zip(classes, row, strict=True)) for key, row in zip(classes, confusion, strict=True)
        },
        calibration=evaluation.calibration(labels, answers),
    )


def _rounded(struct: S) -> S:
    """Return a struct with its floats rounded to six decimals.

    The last bits of a sum differ from one processor to the next; the manifest must not.
    """
    found = json.loads(msgspec.json.encode(struct), parse_float=lambda number: round(float(number), 6))
    return msgspec.convert(found, type(struct))


def _boundaries(steps: StepFunction, classes: Sequence[str]) -> tuple[DecisionBoundary, ...]:
    answers = steps.probabilities.argmax(axis=1)
    # Rounded to float32, an edge is the threshold that XGBoost holds: 1,780.0, not 1,779.99994.
    return tuple(
        DecisionBoundary(home_size_sqft=float(np.float32(edge)), below=classes[below], above=classes[above])
        for edge, (below, above) in zip(steps.edges, pairwise(answers), strict=True)
        if below != above
    )
