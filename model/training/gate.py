"""The quality gate: the conditions for a model to replace another."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.artifact import ArtifactError
from model.manifest import MANIFEST_NAME
from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import Choice
from model.training.evaluation import losses, mean_interval
from model.training.pipeline import Trained

CALIBRATION_MARGIN = 0.02
"""How far the calibration error may exceed ``calibration_error_by_chance``."""


def refusals(trained: Trained, folder: Path) -> list[str]:
    """Return the reasons not to write a model to a folder, one sentence each.

    Log losses are compared on the held-out rows. A model in place that was trained on the same file, or
    when it was shorter, was fitted to almost none of them (see ``shuffled_ranks``). A difference counts if
    the 95 % bootstrap interval of its mean excludes zero.

    Args:
        trained: The new model, with its held-out rows.
        folder: The folder for it, which may hold a model.
    """
    metrics = trained.artifact.manifest.metrics
    new = losses(trained.held_labels, trained.held_probabilities)
    reasons = []
    _, high = mean_interval(new - losses(trained.held_labels, trained.baseline))
    if high >= 0:
        reasons.append(
            f"The model is no better than always answering the classes' shares: its log loss is "
            f"{metrics.log_loss:.4f}, and {metrics.baseline['log_loss']:.4f} without any model. On "
            f"{len(new):,} rows held out, such a difference may be chance."
        )
    allowed = metrics.calibration_error_by_chance + CALIBRATION_MARGIN
    if metrics.calibration_error > allowed:
        reasons.append(
            f"The model's probabilities are not to be believed: calibration error "
            f"{metrics.calibration_error:.3f}, and at most {allowed:.3f} is allowed."
        )
    in_place = _in_place(trained, folder)
    if in_place is not None:
        version, probabilities = in_place
        old = losses(trained.held_labels, probabilities)
        low, high = mean_interval(new - old)
        if low > 0:
            reasons.append(
                f"The model is worse than model {version} in {folder}: on the same {len(new):,} rows "
                f"its log loss is {new.mean():.4f}, and {old.mean():.4f} there (difference {low:.4f} to "
                f"{high:.4f})."
            )
    return reasons


def _in_place(trained: Trained, folder: Path) -> tuple[str, NDArray[np.float32]] | None:
    """Return the version and the answers of the model in a folder if it can be served and compared."""
    if not (folder / MANIFEST_NAME).exists():
        return None
    try:
        predictor = Predictor.load(folder)
    except ArtifactError:
        return None  # a model that cannot be served may be replaced by any other
    if _compared(trained.artifact.manifest.problem) != _compared(predictor.problem):
        return None
    return predictor.model_version, predictor.predict_many(trained.held_matrix).probabilities


def _compared(problem: Problem) -> list[object]:
    """Return what must be equal for two models to answer the same rows in the same columns."""
    codes = [list(feature.choices) if isinstance(feature, Choice) else [] for feature in problem.features]
    return [*problem.by_key, *(feature.column_name for feature in problem.features), *codes]
