"""Two models side by side, on the rows that each was judged by."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.artifact import Artifact, ArtifactError, read_artifact
from model.manifest import JUDGED_NAME, Manifest
from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import Choice
from model.training.evaluation import losses, mean_interval
from model.training.judged import read_judged

Interval = tuple[float, float]


class Compared(msgspec.Struct, frozen=True):
    """Two models' mean log losses on the same rows, in nats, with 95 % bootstrap intervals.

    That of the difference, new less old, is narrower than the others, because both answer the same rows.
    """

    judged: str
    rows: int
    new: float
    new_interval: Interval
    old: float
    old_interval: Interval
    difference: float
    difference_interval: Interval


class Comparison(msgspec.Struct, frozen=True):
    """Two models, how many rows each is from, and how they do on the rows that each was judged by."""

    new_version: str
    new_rows: int
    old_version: str
    old_rows: int
    sets: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked, and the rows that it was judged by.

    Attributes:
        manifest: Its manifest.
        predictor: Answers rows.
        matrix: The features of the rows, shape ``(n, features)``.
        labels: Their class indices, shape ``(n,)``.
    """

    manifest: Manifest
    predictor: Predictor
    matrix: NDArray[np.float64]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, artifact: Artifact, folder: Path) -> "Model":
        """Prepare the model of an artifact, which was read from a folder or is to be written there.

        Raises:
            ArtifactError: It can't be served, or the rows that it was judged by are missing.
        """
        manifest = artifact.manifest
        if JUDGED_NAME not in artifact.documents:
            raise ArtifactError(
                f"{folder / JUDGED_NAME} is missing, with the rows that the model was judged by."
            )
        predictor = Predictor.of(manifest, artifact.model, folder)
        return cls(manifest, predictor, *read_judged(artifact.documents[JUDGED_NAME], manifest.problem))

    @classmethod
    def read(cls, folder: Path) -> "Model":
        """Read a model; raises what ``of`` does, and if a file is damaged."""
        return cls.of(read_artifact(folder), folder)


def compare(new: Model, old: Model) -> Comparison | None:
    """Compare two models; return None if they have other features or classes.

    A model that was trained on the other's file, or when that was shorter, was fitted to almost none of the
    rows that the other one was judged by (see ``shuffled_ranks``).
    """
    if _compared(new.manifest.problem) != _compared(old.manifest.problem):
        return None
    return Comparison(
        new.manifest.model_version,
        sum(new.manifest.data.rows.values()),
        old.manifest.model_version,
        sum(old.manifest.data.rows.values()),
        tuple(_on_each_set(new, old)),
    )


def _on_each_set(new: Model, old: Model) -> Iterator[Compared]:
    for model in (new, old):
        ours, theirs = (
            losses(model.labels, each.predictor.predict_many(model.matrix).probabilities)
            for each in (new, old)
        )
        yield Compared(
            f"model {model.manifest.model_version}",
            len(ours),
            float(ours.mean()),
            mean_interval(ours),
            float(theirs.mean()),
            mean_interval(theirs),
            float((ours - theirs).mean()),
            mean_interval(ours - theirs),
        )


def _compared(problem: Problem) -> list[object]:
    """Return what must be equal for two models to answer the same rows in the same columns."""
    codes = [list(feature.choices) if isinstance(feature, Choice) else [] for feature in problem.features]
    return [*problem.by_key, *(feature.column_name for feature in problem.features), *codes]
