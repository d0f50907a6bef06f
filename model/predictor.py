"""The predictor, from which the page and the API answer.

A model with one numeric input is an exact step function (``model.step_function``), which is computed once,
when the model is loaded. An answer is then a binary search, and the same to the last bit as XGBoost's.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nextafter
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from model.artifact import ARTIFACT_FOLDER, ArtifactError, read_model
from model.booster import FEATURE, BoosterError, load_booster
from model.breeds import Breed
from model.manifest import MANIFEST_NAME, Manifest
from model.step_function import StepFunction, to_step_function

TOLERANCE = 2e-6
"""The most by which an answer may differ from a known one, which is rounded and from another processor."""


@dataclass(frozen=True, slots=True, eq=False)
class Recommendation:
    """The answer for one home; all sizes of an interval share one object, so callers may cache by identity.

    Attributes:
        breed: Key of the most probable breed; the lightest of equally probable ones.
        name: The breed's name for people.
        probability: The probability of that breed, 0 to 1.
        probabilities: The probability of every breed by key, in class order; read-only.
        outside_training_range: Whether the home is smaller or larger than every home in the fitted data.
        model_version: The version of the model that answered.
    """

    breed: str
    name: str
    probability: float
    probabilities: Mapping[str, float]
    outside_training_range: bool
    model_version: str


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The answers for ``n`` homes, in their order.

    Attributes:
        breed_index: Index of the most probable breed in ``Predictor.breeds``, shape ``(n,)``.
        probabilities: Shape ``(n, len(Predictor.breeds))``, columns in the order of ``Predictor.breeds``.
        outside_training_range: As in ``Recommendation``, shape ``(n,)``.
    """

    breed_index: NDArray[np.intp]
    probabilities: NDArray[np.float32]
    outside_training_range: NDArray[np.bool_]


class Predictor:
    """Recommends a breed for a home size.

    Safe to share between threads and greenlets: nothing changes after ``load``.

    Attributes:
        manifest: The verified manifest.
        model_version: The model's version, from the manifest.
        breeds: The model's classes as catalogue entries, in class order.
        training_range: The smallest and largest home that the model was fitted on, in square feet.
        boundaries: The sizes at which the answer changes, ascending.
    """

    def __init__(self, manifest: Manifest, steps: StepFunction) -> None:
        feature = manifest.features[0]
        self.manifest = manifest
        self.model_version = manifest.model_version
        self.breeds = manifest.breeds
        self._breed_of = {breed.key: breed for breed in manifest.breeds}
        self.training_range = (feature.min, feature.max)
        self.boundaries = manifest.decision_boundaries

        self._edges = steps.edges
        self._edge_array = np.array(steps.edges)
        self._probabilities = steps.probabilities
        self._breed_index = steps.probabilities.argmax(axis=1)
        # Both ends of the training range are edges, so an interval is outside it if its start is.
        starts = np.array((-inf, *steps.edges))
        self._outside = (starts < feature.min) | (starts > feature.max)
        self._recommendations = tuple(self._recommendation(interval) for interval in range(len(starts)))

    @classmethod
    def load(cls, folder: Path = ARTIFACT_FOLDER) -> "Predictor":
        """Read, verify and prepare a model.

        Args:
            folder: Holds ``manifest.json`` and the model file that it names.

        Raises:
            ArtifactError: A file is missing or damaged, the format version is unknown, a class has no
                catalogue entry, the features are not the home size alone, XGBoost cannot read the model, or
                the model has other classes or answers than the manifest. The message is one sentence that
                names the file.
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
        features = [(feature.name, feature.unit) for feature in manifest.features]
        if features != [(FEATURE, "sqft")]:
            raise ArtifactError(
                f"{manifest_path} has the features {features}, and only {FEATURE} can be served."
            )
        entries = [breed.key for breed in manifest.breeds]
        if entries != list(manifest.classes):
            raise ArtifactError(
                f"{manifest_path} has the classes {', '.join(manifest.classes)} and breed entries for "
                f"{', '.join(entries)}; train again."
            )
        (feature,) = manifest.features
        try:
            steps = to_step_function(
                load_booster(model), extra_edges=(feature.min, nextafter(feature.max, inf))
            )
        except BoosterError as error:
            raise ArtifactError(f"The model {model_path} cannot be used: {error}; train again.") from error
        if steps.probabilities.shape[1] != len(entries):
            raise ArtifactError(
                f"{manifest_path} has {len(entries)} classes, and the model {model_path} has "
                f"{steps.probabilities.shape[1]}; train again."
            )
        predictor = cls(manifest, steps)
        if not predictor.check():
            raise ArtifactError(
                f"The model {model_path} does not give the known answers of {MANIFEST_NAME}; train again."
            )
        return predictor

    def breed(self, key: str) -> Breed:
        """Return the catalogue entry of one of the model's classes."""
        return self._breed_of[key]

    def predict(self, home_size_sqft: float) -> Recommendation:
        """Recommend a breed for one home.

        Args:
            home_size_sqft: A finite number of square feet. Callers check it, because a binary search answers
                NaN as if it were a size.

        Returns:
            The answer, which was made at load and is shared by all sizes of its interval.
        """
        return self._recommendations[bisect_right(self._edges, home_size_sqft)]

    def predict_many(self, home_sizes: NDArray[np.float64]) -> Recommendations:
        """Recommend a breed for each of many homes.

        Args:
            home_sizes: Finite numbers of square feet, shape ``(n,)``; callers check them.

        Returns:
            New arrays, in the order of ``home_sizes``.
        """
        # On two dimensions `take` is ten times faster than indexing, because it copies whole rows.
        intervals = np.searchsorted(self._edge_array, home_sizes, side="right")
        return Recommendations(
            breed_index=self._breed_index.take(intervals),
            probabilities=self._probabilities.take(intervals, axis=0),
            outside_training_range=self._outside.take(intervals),
        )

    def check(self) -> bool:
        """Return whether the predictor gives the manifest's known answers; takes some microseconds."""
        return all(
            len(known.probabilities) == len(self.breeds)
            and all(
                abs(answer - expected) <= TOLERANCE
                for answer, expected in zip(
                    self.predict(known.home_size_sqft).probabilities.values(),
                    known.probabilities,
                    strict=True,
                )
            )
            for known in self.manifest.known_answers
        )

    def _recommendation(self, interval: int) -> Recommendation:
        best = self.breeds[self._breed_index[interval]]
        probabilities = {
            breed.key: float(probability)
            for breed, probability in zip(self.breeds, self._probabilities[interval], strict=True)
        }
        return Recommendation(
            breed=best.key,
            name=best.name,
            probability=probabilities[best.key],
            probabilities=MappingProxyType(probabilities),
            outside_training_range=bool(self._outside[interval]),
            model_version=self.model_version,
        )
