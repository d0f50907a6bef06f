"""The predictor, from which the page and the API answer.

A model of few features is an exact step function (``model.step_function``), which is computed once, when
the model is loaded: an answer is then a binary search for each feature, and the same to the last bit as
XGBoost's. One of too many steps is asked through XGBoost itself, with one thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, isnan, nextafter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.arrays import Floats, Mask, Matrix, Probabilities
from model.artifact import ARTIFACT_FOLDER, ArtifactError, read_model
from model.booster import BoosterError, class_probabilities, contributions, load_booster
from model.manifest import MANIFEST_NAME, FeatureStats, Manifest
from model.problem.features import AnyFeature
from model.problem.rows import Row, RowError, RowReader
from model.single_row import SingleRow
from model.step_function import StepFunction, changes, to_step_function

if TYPE_CHECKING:
    import xgboost  # at run time only after model.booster, which prepares its import

TOLERANCE = 2e-6
"""The most by which an answer may differ from a known one, which is rounded and from another processor."""


class Prediction(msgspec.Struct, frozen=True, eq=False):
    """The answer for one row; all rows of a step share one object, so callers may cache by identity.

    Attributes:
        key: Key of the most probable class; the first of equally probable ones.
        name: The class's name for people.
        probability: The probability of that class, 0 to 1.
        probabilities: The probability of every class by key, in class order; read-only.
        outside_training_range: Whether a number is beyond all those in the fitted data, or a choice or a
            blank does not occur there.
        model_version: The version of the model that answered.
    """

    key: str
    name: str
    probability: float
    probabilities: Mapping[str, float]
    outside_training_range: bool
    model_version: str


@dataclass(frozen=True, slots=True)
class Predictions:
    """The answers for ``n`` rows, in their order.

    Attributes:
        class_index: Index of the most probable class in ``Predictor.classes``, shape ``(n,)``.
        probabilities: Columns in the order of ``Predictor.classes``.
        outside_training_range: As in ``Prediction``.
    """

    class_index: NDArray[np.intp]
    probabilities: Probabilities
    outside_training_range: Mask


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much a feature's value moved the answer towards a class: its SHAP value, in log-odds."""

    feature: AnyFeature
    value: float


class Predictor:
    """Answers rows.

    Safe to share between threads and greenlets.

    Attributes:
        manifest: The verified manifest.
        problem: What is asked and answered.
        reader: Reads rows as the problem describes them.
        model_version: The model's version, from the manifest.
        classes: The model's classes, in class order.
        boundaries: The values of the only number at which the answer changes, ascending.
        thresholds: The values of each number, by its index among the features, where the answer may change.
    """

    def __init__(self, manifest: Manifest, booster: "xgboost.Booster") -> None:
        self.manifest = manifest
        self.problem = manifest.problem
        self.reader = RowReader(manifest.problem)
        self.model_version = manifest.model_version
        self.classes = manifest.problem.classes
        self.boundaries = manifest.decision_boundaries
        self._booster = booster
        self._seen = list(map(_Seen, manifest.features))
        self.thresholds = changes(booster)
        edges = [[*found, *seen.ends] for found, seen in zip(self.thresholds, self._seen, strict=True)]
        steps = to_step_function(booster, self.problem.features, edges)
        self._steps = _Steps(manifest, steps, self.are_outside(steps.cells)) if steps else None
        self._single = SingleRow(booster, len(self.problem.features), len(self.classes))
        self._known = np.array([self.reader.from_json(known.row).numbers for known in manifest.known_answers])

    @classmethod
    def load(cls, folder: Path = ARTIFACT_FOLDER) -> "Predictor":
        """Read, verify and prepare the model in a folder.

        Raises:
            ArtifactError: A file is missing or damaged, the format version is unknown, XGBoost cannot read
                the model, or the model has other features, classes or answers than the manifest. The message
                is one sentence that names the file.
        """
        return cls.of(*read_model(folder), folder)

    @classmethod
    def of(cls, manifest: Manifest, model: bytes, folder: Path) -> "Predictor":
        """Prepare a model that has been read from ``folder`` and verified.

        Raises:
            ArtifactError: As ``load``, except for missing and damaged files.
        """
        manifest_path = folder / MANIFEST_NAME
        model_path = folder / manifest.model_file
        features = [feature.name for feature in manifest.problem.features]
        if features != [stats.name for stats in manifest.features]:
            raise ArtifactError(
                f"{manifest_path} has other features in its problem than among those that were fitted; train "
                "again."
            )
        try:
            booster = load_booster(model, manifest.problem.features)
            classes = class_probabilities(booster, np.full((1, len(features)), np.nan)).shape[1]
            if classes != len(manifest.classes):
                raise ArtifactError(
                    f"{manifest_path} has {len(manifest.classes)} classes, and the model {model_path} has "
                    f"{classes}; train again."
                )
            predictor = cls(manifest, booster)
        except BoosterError as error:
            raise ArtifactError(f"The model {model_path} cannot be used: {error}; train again.") from error
        except RowError as error:
            raise ArtifactError(
                f"{manifest_path} has a known answer to a row that it does not take: {error} Train again."
            ) from error
        if not predictor.check():
            raise ArtifactError(
                f"The model {model_path} does not give the known answers of {MANIFEST_NAME}; train again."
            )
        return predictor

    def predict(self, row: Row) -> Prediction:
        """Answer one row, whose values the reader has checked."""
        if self._steps:
            return self._steps.predict(row.numbers)
        shares = self._single.probabilities(row.numbers)
        return _prediction(self.manifest, shares, outside=bool(self.outside(row)))

    def predict_many(self, matrix: Matrix) -> Predictions:
        """Answer many rows, each like ``Row.numbers``; callers check the values. The arrays are new."""
        if self._steps:
            return self._steps.predict_many(matrix)
        probabilities = class_probabilities(self._booster, matrix)
        return Predictions(probabilities.argmax(axis=1), probabilities, self.are_outside(matrix))

    def are_outside(self, matrix: Matrix) -> Mask:
        """Return which rows have a value that does not occur, or is beyond the range, in the fitted rows."""
        columns = zip(self._seen, matrix.T, strict=True)
        return np.asarray(np.any([seen.are_new(column) for seen, column in columns], axis=0))

    def outside(self, row: Row) -> tuple[AnyFeature, ...]:
        """Return the features whose values do not occur, or are beyond the range, in the fitted rows."""
        each = zip(self.problem.features, self._seen, row.numbers, strict=True)
        return tuple([feature for feature, seen, number in each if seen.is_new(number)])

    def explain(self, row: Row, key: str) -> tuple[Contribution, ...]:
        """Return how much each feature moved the answer towards a class, the largest amount first."""
        index = list(self.problem.by_key).index(key)
        values = contributions(self._booster, np.array([row.numbers]))[0, index].tolist()
        found = map(Contribution, self.problem.features, values)
        return tuple(sorted(found, key=lambda each: -abs(each.value)))

    def check(self) -> bool:
        """Return whether the predictor gives the manifest's known answers."""
        expected = np.array([known.probabilities for known in self.manifest.known_answers])
        return bool(np.abs(self.predict_many(self._known).probabilities - expected).max() <= TOLERANCE)


def _prediction(manifest: Manifest, shares: Sequence[float], *, outside: bool) -> Prediction:
    """Return the answer that the probabilities of the classes give."""
    best = manifest.problem.classes[shares.index(max(shares))]
    by_key = dict(zip(manifest.problem.by_key, shares, strict=True))
    return Prediction(
        key=best.key,
        name=best.name,
        probability=by_key[best.key],
        probabilities=MappingProxyType(by_key),
        outside_training_range=outside,
        model_version=manifest.model_version,
    )


class _Seen:
    """The values of a feature in the fitted rows: a range, or which of its choices; and whether blanks.

    Attributes:
        ends: Where the range begins, and the smallest number beyond it.
    """

    def __init__(self, stats: FeatureStats) -> None:
        self._low, self._high = stats.min or 0.0, stats.max or 0.0
        self.ends = self._low, nextafter(self._high, inf)
        self._blanks, self._choices = bool(stats.blanks), bool(stats.counts)
        self._unseen = frozenset(code for code, rows in enumerate(stats.counts.values()) if not rows)

    def is_new(self, number: float) -> bool:
        if isnan(number):
            return not self._blanks
        return number in self._unseen if self._choices else not self._low <= number <= self._high

    def are_new(self, numbers: Floats) -> Mask:
        blank = np.isnan(numbers)
        new = (
            np.isin(numbers, list(self._unseen))
            if self._choices
            else (numbers < self._low) | (numbers > self._high)
        )
        return new if self._blanks else new | blank


class _Steps:
    """The answers of a step function, each made when it is first asked for."""

    def __init__(self, manifest: Manifest, steps: StepFunction, outside: Mask) -> None:
        """Prepare the answers; ``outside`` has the cells outside the training range, whose ends are edges."""
        self._steps = steps
        self._class_index = steps.probabilities.argmax(axis=1)
        self._outside = outside

        @cache
        def answer(cell: int) -> Prediction:
            return _prediction(manifest, steps.probabilities[cell].tolist(), outside=bool(outside[cell]))

        self._answer = answer

    def predict(self, numbers: Sequence[float]) -> Prediction:
        return self._answer(self._steps.cell_of(numbers))

    def predict_many(self, matrix: Matrix) -> Predictions:
        # On two dimensions `take` is ten times faster than indexing, because it copies whole rows.
        cells = self._steps.cells_of(matrix)
        return Predictions(
            class_index=self._class_index.take(cells),
            probabilities=self._steps.probabilities.take(cells, axis=0),
            outside_training_range=self._outside.take(cells),
        )
