"""``manifest.json``: all that is worth knowing of a model before relying on it."""

import inspect
import json
import sys
from pathlib import Path

import msgspec

from model.atomic import write_atomically
from model.breeds import Breed

MANIFEST_NAME = "manifest.json"
CARD_NAME = "MODEL_CARD.md"
FORMAT_VERSION = 1
SCHEMA_FILE = Path(__file__).with_name("manifest.schema.json")


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input of the model, and the smallest and largest value that it was fitted on, in ``unit``."""

    name: str
    unit: str
    min: float
    max: float


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The households: file, checksum, whether simulated, and how many by breed, fitted and held out."""

    file: str
    sha256: str
    simulated: bool
    households: dict[str, int]
    fitted: int
    held_out: int


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the parameters were found.

    Attributes:
        candidates: How many settings were tried.
        folds: The parts of the cross-validation.
        households: How many fitted households it looked at.
        log_loss: The cross-validated log loss of the best, in nats.
    """

    candidates: int
    folds: int
    households: int
    log_loss: float


class CalibrationBin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Held-out households that were answered about equally surely; as ``model.training.evaluation.Bin``."""

    said: float
    right: float
    low: float
    high: float
    households: int


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the model does on the held-out households; measures as in ``model.training.evaluation``.

    Attributes:
        accuracy: Share of households whose breed is the most probable one.
        log_loss: Mean of -ln(probability given to the true breed), in nats.
        brier_score: Mean squared distance between the probabilities and the truth.
        calibration_error: Expected calibration error.
        calibration_error_by_chance: What a perfectly calibrated model stays below in 95 of 100 samples.
        roc_auc: Area under the ROC curve, the mean over the breeds.
        best_log_loss: The log loss of the known densities of simulated data, which no model can be expected
            to beat; absent for other data.
        intervals: Lower and upper end of the 95 % bootstrap interval, by measure.
        baseline: The measures of always answering the fitted households' shares.
        confusion: Households by true breed, then by answered breed.
        calibration: What was said and what was right, the least sure first.
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


class Boundary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A home size, in square feet and float32's precision, where the answer changes.

    Attributes:
        home_size_sqft: The size from which the answer is ``above``.
        below: Key of the breed that smaller homes are answered with.
        above: Key of the breed that this and larger homes are answered with.
    """

    home_size_sqft: float
    below: str
    above: str


class KnownAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A home size, in square feet, and the probability that the model gives each class, in class order."""

    home_size_sqft: float
    probabilities: tuple[float, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is worth knowing of a model before relying on it; no timestamp, so that equals are equal.

    Attributes:
        format_version: Of this file; ``FORMAT_VERSION`` is the one that this code reads.
        model_version: The first 12 hexadecimal digits of ``model_sha256``.
        model_file: ``model-<model_version>.ubj``, in the same folder.
        model_sha256: Of the model file's bytes.
        documents: The sha256 of each document beside the model, by file name: the card and the plots.
        features: The model's inputs, in order.
        classes: The breeds' keys, in the order of the model's probabilities.
        breeds: The catalogue's entry of each class, in the same order: the model serves wherever it goes.
        data: What it was trained on.
        parameters: What XGBoost was given.
        search: How the parameters were found.
        metrics: How it does on held-out households.
        decision_boundaries: Where the answer changes, ascending.
        known_answers: What a running server can check itself against.
        xgboost_version: The version that trained it.
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
    decision_boundaries: tuple[Boundary, ...]
    known_answers: tuple[KnownAnswer, ...]
    xgboost_version: str


def encode(manifest: Manifest) -> bytes:
    """The file's content."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def json_schema() -> bytes:
    """The JSON Schema (draft 2020-12) of the file, made from the types here.

    ``python -m model.manifest`` writes it to ``SCHEMA_FILE``.
    """
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | msgspec.json.schema(Manifest)
    for definition in schema["$defs"].values():
        # Python removes the indentation of docstrings from 3.13 on.
        definition["description"] = inspect.cleandoc(definition["description"])
    return (json.dumps(schema, indent=2) + "\n").encode()


if __name__ == "__main__":
    write_atomically(SCHEMA_FILE, json_schema())
    sys.stdout.write(f"Wrote {SCHEMA_FILE}.\n")
