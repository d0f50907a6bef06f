"""``manifest.json``: what a model is, what it was trained on, and how good it is."""

import inspect
import json
import sys
from pathlib import Path

import msgspec

from model.atomic import write_atomically
from model.breeds import Breed

MANIFEST_NAME = "manifest.json"
CARD_NAME = "MODEL_CARD.md"
FORMAT_VERSION = 2
SCHEMA_FILE = Path(__file__).with_name("manifest.schema.json")


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input of the model, with the smallest and largest value that it was fitted to, in ``unit``."""

    name: str
    unit: str
    min: float
    max: float


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The households: their file, whether they are simulated, and how many by breed, fitted and held out."""

    file: str
    sha256: str
    simulated: bool
    households: dict[str, int]
    fitted: int
    held_out: int


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the parameters were found.

    Attributes:
        candidates: How many combinations of parameters were tried.
        folds: The folds of the cross-validation.
        households: How many of the fitted households were used.
        log_loss: The cross-validated log loss of the best combination, in nats.
    """

    candidates: int
    folds: int
    households: int
    log_loss: float


class CalibrationBin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point of the reliability curve: held-out households whose answers have similar probabilities.

    Attributes:
        mean_predicted: The mean probability of the answered breed.
        fraction_positive: The share of the households that have it.
        low: Lower end of the 95 % interval of ``fraction_positive``.
        high: Upper end of the 95 % interval of ``fraction_positive``.
        households: The number of households.
    """

    mean_predicted: float
    fraction_positive: float
    low: float
    high: float
    households: int


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good the model is on the held-out households; ``model.training.evaluation`` defines the measures.

    Attributes:
        accuracy: Share of households whose breed is the most probable one.
        log_loss: Mean of -ln(probability given to the true breed), in nats.
        brier_score: Mean squared distance between the probabilities and the truth.
        calibration_error: Expected calibration error.
        calibration_error_by_chance: What a perfectly calibrated model's error exceeds in one of 20 samples.
        roc_auc: Area under the ROC curve, the mean over the breeds.
        best_log_loss: The log loss of the best possible answers, from the densities of simulated data; null
            for other data.
        intervals: Lower and upper end of the 95 % bootstrap interval, by measure.
        baseline: The measures of a model that always answers the breeds' shares of the fitted households.
        confusion: Households by true breed, then by answered breed.
        calibration: The reliability curve, by ascending ``mean_predicted``.
    """

    accuracy: float
    log_loss: float
    brier_score: float
    calibration_error: float
    calibration_error_by_chance: float
    roc_auc: float
    best_log_loss: float | None
    intervals: dict[str, tuple[float, float]]
    baseline: dict[str, float]
    confusion: dict[str, dict[str, int]]
    calibration: tuple[CalibrationBin, ...]


class DecisionBoundary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A home size at which the answer changes.

    Attributes:
        home_size_sqft: The size from which the answer is ``above``, to the precision of float32.
        below: Key of the breed that is the answer for homes just below this size.
        above: Key of the breed that is the answer from this size on.
    """

    home_size_sqft: float
    below: str
    above: str


class KnownAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A home size, in square feet, and the model's probability of each class, in class order."""

    home_size_sqft: float
    probabilities: tuple[float, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file; it has no timestamp, so that the same data give the same bytes.

    Attributes:
        format_version: The version of the file's format; this code reads ``FORMAT_VERSION`` only.
        model_version: The first 12 hexadecimal digits of ``model_sha256``.
        model_file: ``model-<model_version>.ubj``, in the same folder.
        model_sha256: The sha256 of the model file, in hexadecimal.
        documents: The sha256 of each document beside the model, by file name: the card and the plots.
        features: The model's inputs, in order.
        classes: The breeds' keys, in the order of the model's probabilities.
        breeds: The catalogue's entry of each class, in the same order, so that serving needs no catalogue.
        data: The households that the model was trained on.
        parameters: XGBoost's parameters, and the number of rounds.
        search: How the parameters were found.
        metrics: How good the model is on the held-out households.
        decision_boundaries: The sizes at which the answer changes, ascending.
        known_answers: Answers that a server must reproduce before it serves the model.
        xgboost_version: The version that trained the model.
    """

    format_version: int
    model_version: str
    model_file: str
    model_sha256: str
    documents: dict[str, str]
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    breeds: tuple[Breed, ...]
    data: Data
    parameters: dict[str, str | int | float]
    search: Search
    metrics: Metrics
    decision_boundaries: tuple[DecisionBoundary, ...]
    known_answers: tuple[KnownAnswer, ...]
    xgboost_version: str


def encode(manifest: Manifest) -> bytes:
    """Encode a manifest as the content of ``manifest.json``."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def json_schema() -> bytes:
    """Return the JSON Schema (draft 2020-12) of ``manifest.json``, made from the types of this module.

    ``python -m model.manifest`` writes it to ``SCHEMA_FILE``.
    """
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | msgspec.json.schema(Manifest)
    for definition in schema["$defs"].values():
        # Before 3.13 Python keeps the indentation of docstrings; the schema must not depend on the version.
        definition["description"] = inspect.cleandoc(definition["description"])
    return (json.dumps(schema, indent=2) + "\n").encode()


if __name__ == "__main__":
    write_atomically(SCHEMA_FILE, json_schema())
    sys.stdout.write(f"Wrote {SCHEMA_FILE}.\n")
