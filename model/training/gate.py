"""The quality gate: the conditions for a model to replace another."""

from collections.abc import Iterator
from pathlib import Path

from model.manifest import JUDGED_NAME, MANIFEST_NAME
from model.predictor import Predictor
from model.training.comparison import Comparison, Judged, Loss, compare, read_judged_model
from model.training.evaluation import losses
from model.training.pipeline import Trained

CALIBRATION_MARGIN = 0.02
"""How far the calibration error may exceed ``calibration_error_by_chance``."""

FEWER = 4
"""A model may have a quarter of the rows of the one in place; a file with fewer is probably a wrong one."""


def comparison_with(trained: Trained, folder: Path) -> tuple[Comparison | None, list[str]]:
    """Compare a model with the one in a folder.

    Returns:
        The comparison, None without a model of these features and classes; and warnings, one sentence each.

    Raises:
        ArtifactError: The model in the folder can't be read.
    """
    if not (folder / MANIFEST_NAME).exists():
        return None, []
    artifact = trained.artifact
    predictor = Predictor.of(artifact.manifest, artifact.model, folder)
    old = read_judged_model(folder)
    found = compare(Judged(predictor, trained.held_matrix, trained.held_labels), old)
    if not found:
        return None, [f"The model in {folder} has other features or classes, so it is not compared."]
    missing = (
        f"{folder / JUDGED_NAME} is missing, so the rows that the model in place was judged by are not used."
    )
    return found, [] if len(old.labels) else [missing]


def refusals(trained: Trained, comparison: Comparison | None) -> list[str]:
    """Return the reasons not to write a model, one sentence each.

    A difference of log losses counts if the 95 % bootstrap interval of its mean excludes zero.
    """
    return [*_faults(trained), *(_worse(comparison) if comparison else ())]


def _faults(trained: Trained) -> Iterator[str]:
    metrics = trained.artifact.manifest.metrics
    new = losses(trained.held_labels, trained.held_probabilities)
    gain = Loss.of(losses(trained.held_labels, trained.baseline) - new)
    if gain.low <= 0:
        losses_are = f"{metrics.log_loss:.4f}, and {metrics.baseline['log_loss']:.4f} without any model"
        if gain.mean <= 0:
            yield (
                "The model is no better than always answering the classes' shares: on "
                f"{len(new):,} rows its log loss is {losses_are}."
            )
        else:
            # The interval's half width falls with the square root of the number of rows.
            rows = sum(trained.artifact.manifest.data.rows.values())
            more = max(1, round(rows * (((gain.mean - gain.low) / gain.mean) ** 2 - 1)))
            yield (
                "That the model is better than always answering the classes' shares may be chance: on "
                f"{len(new):,} rows its log loss is {losses_are}, and the 95 % interval of the difference, "
                f"{gain.low:.4f} to {gain.high:.4f}, includes zero. If it stays as large, about {more:,} "
                "more rows would do."
            )
    allowed = metrics.calibration_error_by_chance + CALIBRATION_MARGIN
    if metrics.calibration_error > allowed:
        yield (
            f"The model's probabilities are not to be believed: calibration error "
            f"{metrics.calibration_error:.3f}, and at most {allowed:.3f} is allowed. Classes of few rows may "
            "need --search, which tries more settings."
        )


def _worse(comparison: Comparison) -> Iterator[str]:
    old = comparison.old_version
    for part in comparison.sets:
        if part.difference.low > 0:
            yield (
                f"The model is worse than model {old}, which is in place, on the {part.rows:,} rows that "
                f"model {part.judged} was judged by: its log loss is {part.new.mean:.4f}, and "
                f"{part.old.mean:.4f} there (difference {part.difference.low:.4f} to "
                f"{part.difference.high:.4f})."
            )
    if comparison.new_rows * FEWER < comparison.old_rows:
        yield (
            f"The model is from {comparison.new_rows:,} rows only, and model {old}, which is in place, from "
            f"{comparison.old_rows:,}. Is the file whole?"
        )
