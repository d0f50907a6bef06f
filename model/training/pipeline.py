"""From households to an artifact: split, search, fit, judge, and describe the result."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

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
    Boundary,
    CalibrationBin,
    Data,
    Feature,
    KnownAnswer,
    Manifest,
    Metrics,
    Search,
)
from model.step_function import StepFunction, to_step_function
from model.training import evaluation, plots
from model.training.card import write_card
from model.training.dataset import Homes
from model.training.fitting import Found, fit, search
from model.training.progress import Progress, unheard
from model.training.simulation import best_probabilities
from model.training.split import FOLDS, held_out

KNOWN_SIZES = (MIN_SQFT, 400.0, 900.0, 1_200.0, 1_600.0, 1_800.0, 2_500.0, 4_000.0, MAX_SQFT)
"""Home sizes, in square feet, whose answers the manifest records."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, and the held-out households that it was judged on.

    Attributes:
        artifact: What would be written.
        held_sizes: In square feet, shape ``(n,)``.
        held_labels: Class indices, shape ``(n,)``.
        held_probabilities: The model's answers, shape ``(n, classes)``.
        baseline: The fitted households' shares, the same for each, shape ``(n, classes)``.
    """

    artifact: Artifact
    held_sizes: NDArray[np.float64]
    held_labels: NDArray[np.int64]
    held_probabilities: NDArray[np.float32]
    baseline: NDArray[np.float64]


def train(homes: Homes, *, wide: bool = False, threads: int = 1, progress: Progress = unheard) -> Trained:
    """Fit a model to most of the households and judge it on the rest.

    Args:
        homes: Households of two breeds or more.
        wide: Whether to search more settings.
        threads: For the last fit; only with one do the same households always give the same bytes.
        progress: Is told of the stages "Searching", "Fitting" and "Judging".
    """
    held = held_out(homes.sizes, homes.labels)
    sizes, labels = homes.sizes[~held], homes.labels[~held]
    progress("Searching", 0.0)
    found = search(sizes, labels, wide=wide, progress=progress)
    found = replace(found, parameters=found.parameters | {"nthread": threads})
    model = fit(sizes, labels, found.parameters, found.rounds, progress)
    # From here on the model is the one that a server will load, not the one in this process's hands.
    steps = _steps(model)
    held_sizes, held_labels = homes.sizes[held], homes.labels[held]
    answers = steps.at(held_sizes)
    shares = np.bincount(labels) / len(labels)
    progress("Judging", 0.2)
    metrics = _metrics(homes, held_sizes, held_labels, answers, shares)
    progress("Judging", 0.8)
    documents = {
        plots.PROBABILITY: plots.probability_plot(
            steps, sizes, labels, homes.breeds, simulated=homes.simulated
        ),
        plots.CALIBRATION: plots.calibration_plot(metrics.calibration, len(shares)),
        plots.HOMES: plots.homes_plot(sizes, labels, homes.breeds, simulated=homes.simulated),
    }
    manifest = _manifest(homes, sizes, found, model, metrics)
    documents[CARD_NAME] = write_card(manifest)
    named = {name: hashlib.sha256(content).hexdigest() for name, content in documents.items()}
    manifest = msgspec.structs.replace(manifest, documents=named)
    progress("Judging", 1.0)
    return Trained(
        Artifact(manifest, model, documents),
        held_sizes,
        held_labels,
        answers,
        np.broadcast_to(shares, answers.shape),
    )


def _manifest(
    homes: Homes, fitted: NDArray[np.float64], found: Found, model: bytes, metrics: Metrics
) -> Manifest:
    steps = _steps(model)
    version, file, sha256 = identify(model)
    classes = tuple(breed.key for breed in homes.breeds)
    return Manifest(
        format_version=FORMAT_VERSION,
        model_version=version,
        model_file=file,
        model_sha256=sha256,
        documents={},
        features=(Feature(name=FEATURE, unit="sqft", min=float(fitted.min()), max=float(fitted.max())),),
        classes=classes,
        breeds=homes.breeds,
        data=Data(
            file=homes.file,
            sha256=homes.sha256,
            simulated=homes.simulated,
            households=dict(zip(classes, np.bincount(homes.labels).tolist(), strict=True)),
            fitted=len(fitted),
            held_out=len(homes.sizes) - len(fitted),
        ),
        parameters=found.parameters | {"rounds": found.rounds},
        search=Search(
            candidates=found.candidates,
            folds=FOLDS,
            households=found.households,
            log_loss=_round(found.log_loss),
        ),
        metrics=metrics,
        decision_boundaries=_boundaries(steps, classes),
        known_answers=_known_answers(steps),
        xgboost_version=xgboost.__version__,
    )


def _metrics(
    homes: Homes,
    sizes: NDArray[np.float64],
    labels: NDArray[np.int64],
    answers: NDArray[np.float32],
    shares: NDArray[np.float64],
) -> Metrics:
    counted = evaluation.tally(labels, answers)
    constant = evaluation.constant(shares, labels)
    classes = [breed.key for breed in homes.breeds]
    best = evaluation.losses(labels, best_probabilities(sizes)).mean() if homes.simulated else None
    return Metrics(
        **_rounded(evaluation.scores(counted.answers, counted.counts, counted.bins)),
        calibration_error_by_chance=_round(evaluation.error_by_chance(counted)),
        best_log_loss=None if best is None else _round(best),
        intervals={
            name: (_round(low), _round(high)) for name, (low, high) in evaluation.intervals(counted).items()
        },
        baseline=_rounded(evaluation.scores(constant.answers, constant.counts, constant.bins)),
        confusion={
            key: dict(zip(classes, row, strict=True))
            for key, row in zip(classes, evaluation.confusion(counted).tolist(), strict=True)
        },
        calibration=tuple(
            CalibrationBin(
                said=_round(each.said),
                right=_round(each.right),
                low=_round(each.low),
                high=_round(each.high),
                households=each.households,
            )
            for each in evaluation.calibration(counted)
        ),
    )


def _round(value: float | np.floating) -> float:
    # The last bits of a sum may differ from one processor to the next, the file must not.
    return round(float(value), 6)


def _rounded(values: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in values.items()}


def _steps(model: bytes) -> StepFunction:
    return to_step_function(load_booster(model), extra_edges=(MIN_SQFT, MAX_SQFT))


def _boundaries(steps: StepFunction, classes: Sequence[str]) -> tuple[Boundary, ...]:
    answers = steps.probabilities.argmax(axis=1)
    # An edge rounds to its threshold, which is the figure for people: 1,780.0 and not 1,779.99994.
    return tuple(
        Boundary(home_size_sqft=float(np.float32(edge)), below=classes[below], above=classes[above])
        for edge, (below, above) in zip(steps.edges, pairwise(answers), strict=True)
        if below != above
    )


def _known_answers(steps: StepFunction) -> tuple[KnownAnswer, ...]:
    rows = steps.at(np.array(KNOWN_SIZES))
    return tuple(
        KnownAnswer(home_size_sqft=size, probabilities=tuple(_round(value) for value in row))
        for size, row in zip(KNOWN_SIZES, rows, strict=True)
    )
