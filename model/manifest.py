"""``manifest.json``: what a model is, what it was trained on, and how good it is."""

import inspect
import json
import sys
from pathlib import Path

import msgspec

from model.atomic import write_atomically
from model.problem.description import Problem

MANIFEST_NAME = "manifest.json"
CARD_NAME = "MODEL_CARD.md"
JUDGED_NAME = "judged.csv"
"""The document with rows that the model was judged by. They are people's, so no image has them."""

FORMAT_VERSION = 4
SCHEMA_FILE = Path(__file__).with_name("manifest.schema.json")


class FeatureStats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the model was fitted to, of one feature.

    Attributes:
        name: The feature's name.
        min: The least number; null for a feature that is not a number.
        max: The greatest number.
        quantiles: Up to nine numbers that divide the fitted rows into parts of about a tenth each, ascending.
        counts: The rows of each choice, or of "yes" and "no".
        blanks: The rows without a value.
        importance: The mean absolute SHAP value on held-out rows, in log-odds; null for the only feature.
    """

    name: str
    min: float | None
    max: float | None
    quantiles: tuple[float, ...]
    counts: dict[str, int]
    blanks: int
    importance: float | None


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows: their file, whether they are simulated, and how many by class, fitted and held out.

    An imported model was fitted to none of them that is known, and all are held out.
    """

    file: str
    sha256: str
    simulated: bool
    rows: dict[str, int]
    fitted: int
    held_out: int


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the parameters were found.

    Attributes:
        candidates: How many combinations of parameters were tried.
        folds: The folds of the cross-validation.
        rows: How many of the fitted rows were used.
        log_loss: The cross-validated log loss of the best combination, in nats.
    """

    candidates: int
    folds: int
    rows: int
    log_loss: float


class Imported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of a model that was trained elsewhere, and its sha256 in hexadecimal."""

    file: str
    sha256: str


class CalibrationBin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point of the reliability curve: held-out rows whose answers have similar probabilities.

    Attributes:
        mean_predicted: The mean probability of the answered class.
        fraction_positive: The share of the rows that have it.
        low: Lower end of the 95 % interval of ``fraction_positive``.
        high: Upper end of the 95 % interval of ``fraction_positive``.
        rows: The number of rows.
    """

    mean_predicted: float
    fraction_positive: float
    low: float
    high: float
    rows: int


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good the model is on the held-out rows; ``model.training.evaluation`` defines the measures.

    Attributes:
        accuracy: Share of rows whose class is the most probable one.
        log_loss: Mean of -ln(probability given to the true class), in nats.
        brier_score: Mean squared distance between the probabilities and the truth.
        calibration_error: Expected calibration error.
        calibration_error_by_chance: What a perfectly calibrated model's error exceeds in one of 20 samples.
        roc_auc: Area under the ROC curve, the mean over the classes.
        best_log_loss: The log loss of the best possible answers, from the densities of simulated data; null
            for other data.
        intervals: Lower and upper end of the 95 % bootstrap interval, by measure.
        baseline: The measures of a model that always answers the classes' shares of the fitted rows.
        confusion: Rows by true class, then by answered class.
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
    """A value of the only feature, a number, at which the answer changes.

    Attributes:
        value: The value from which the answer is ``above``, in the first unit, to the precision of float32.
        below: Key of the class that is the answer just below this value.
        above: Key of the class that is the answer from this value on.
    """

    value: float
    below: str
    above: str


class KnownAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row as the API takes it, in first units, and the probability of each class, in class order."""

    row: dict[str, str | bool | int | float | None]
    probabilities: tuple[float, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file; it has no timestamp, so that the same data give the same bytes.

    Attributes:
        format_version: The version of the file's format; this code reads ``FORMAT_VERSION`` only.
        model_version: The first 12 hexadecimal digits of ``model_sha256``.
        model_file: ``model-<model_version>.ubj``, in the same folder.
        model_sha256: The sha256 of the model file, in hexadecimal.
        documents: The sha256 of each document beside the model, by file name: card, plots, pictures, and
            ``judged.csv``.
        problem: What is asked and answered; its classes are those that the model knows, in the order of its
            probabilities, and its pictures the names of documents.
        features: What the model was fitted to, by feature, in order.
        data: The rows that the model was trained on.
        parameters: XGBoost's parameters, and the number of rounds.
        search: How the parameters were found; null for an imported model.
        imported: Where an imported model is from; null for one that was trained here.
        forced: Why the gate refused the model, if it was written all the same; a sentence each.
        metrics: How good the model is on the held-out rows.
        decision_boundaries: The values at which the answer changes, ascending; empty for several features.
        known_answers: Answers that a server must reproduce before it serves the model.
        xgboost_version: The version that trained the model.
    """

    format_version: int
    model_version: str
    model_file: str
    model_sha256: str
    documents: dict[str, str]
    problem: Problem
    features: tuple[FeatureStats, ...]
    data: Data
    parameters: dict[str, str | int | float]
    search: Search | None
    imported: Imported | None
    forced: tuple[str, ...]
    metrics: Metrics
    decision_boundaries: tuple[DecisionBoundary, ...]
    known_answers: tuple[KnownAnswer, ...]
    xgboost_version: str

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the keys of the classes, in the order of the model's probabilities."""
        return tuple(self.problem.by_key)


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
