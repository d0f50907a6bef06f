"""The quality gate: what must hold before a model replaces another."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.artifact import ArtifactError
from model.manifest import MANIFEST_NAME
from model.predictor import Predictor
from model.training.evaluation import losses, mean_interval
from model.training.pipeline import Trained

CALIBRATION_MARGIN = 0.02
"""How far the calibration error may lie above what chance alone makes of a perfectly calibrated model."""


def refusals(trained: Trained, folder: Path) -> list[str]:
    """Why a model must not be written over what is in a folder; a sentence each, none if it may.

    Losses are compared household by household, on the held-out ones; the model in place has not seen them
    either, if it was trained on the same file or on a shorter one. A difference counts when the whole 95 %
    bootstrap interval of its mean lies on one side of zero.

    Args:
        trained: The new model, with its held-out households.
        folder: Where it would go.
    """
    metrics = trained.artifact.manifest.metrics
    new = losses(trained.held_labels, trained.held_probabilities)
    found = []
    _, high = mean_interval(new - losses(trained.held_labels, trained.baseline))
    if high >= 0:
        found.append(
            f"The model is no better than always answering the breeds' shares: its log loss is "
            f"{metrics.log_loss:.4f}, and {metrics.baseline['log_loss']:.4f} without any model."
        )
    allowed = metrics.calibration_error_by_chance + CALIBRATION_MARGIN
    if metrics.calibration_error > allowed:
        found.append(
            f"The model's probabilities are not to be believed: calibration error "
            f"{metrics.calibration_error:.3f}, and at most {allowed:.3f} is allowed."
        )
    in_place = _in_place(trained, folder)
    if in_place is not None:
        version, probabilities = in_place
        old = losses(trained.held_labels, probabilities)
        low, high = mean_interval(new - old)
        if low > 0:
            found.append(
                f"The model is worse than model {version} in {folder}: on the same {len(new):,} households "
                f"its log loss is {new.mean():.4f}, and {old.mean():.4f} there (difference {low:.4f} to "
                f"{high:.4f})."
            )
    return found


def _in_place(trained: Trained, folder: Path) -> tuple[str, NDArray[np.float32]] | None:
    """The version in a folder and its answers, or None where there is none of the same breeds to compare."""
    if not (folder / MANIFEST_NAME).exists():
        return None
    try:
        predictor = Predictor.load(folder)
    except ArtifactError:
        return None  # what cannot be served cannot be lost
    if predictor.manifest.classes != trained.artifact.manifest.classes:
        return None
    return predictor.model_version, predictor.predict_many(trained.held_sizes).probabilities
