"""From rows to an artifact: split, search, fit, evaluate, and describe the result."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np
import xgboost

from model.arrays import Floats, Labels, Mask, Matrix, Probabilities
from model.artifact import Artifact, identify
from model.booster import class_probabilities, contributions, load_booster
from model.manifest import (
    CARD_NAME,
    FORMAT_VERSION,
    JUDGED_NAME,
    Data,
    DecisionBoundary,
    FeatureStats,
    Imported,
    KnownAnswer,
    Manifest,
    Metrics,
    Search,
)
from model.problem.features import AnyFeature, Choice, Number
from model.problem.rows import as_json
from model.step_function import StepFunction, changes, to_step_function
from model.training import evaluation, plots
from model.training.card import write_card
from model.training.comparison import judged_csv
from model.training.dataset import Dataset
from model.training.fitting import fit, search
from model.training.simulation import best_probabilities
from model.training.split import held_out

KNOWN_ANSWERS = 9
"""How many answers the manifest records."""

MAX_EXPLAINED = 2_000
"""The most held-out rows whose SHAP values are computed."""

QUANTILES = np.arange(0.1, 0.95, 0.1)

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, and the held-out rows that it was evaluated on.

    Attributes:
        artifact: The files to write.
        held_matrix: Their features.
        held_labels: Their classes.
        held_probabilities: The model's answers for them.
        baseline: The classes' shares of the fitted rows, repeated for each held-out row.
    """

    artifact: Artifact
    held_matrix: Matrix
    held_labels: Labels
    held_probabilities: Probabilities
    baseline: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """How a model came to be.

    Attributes:
        model: The bytes of the model file.
        parameters: XGBoost's parameters.
        search: How they were found; None for an imported model.
        imported: Where an imported model is from.
        held: The rows that the model is judged by: those that were not fitted, or all for an imported model.
    """

    model: bytes
    parameters: Mapping[str, str | int | float]
    search: Search | None
    imported: Imported | None
    held: Mask


def train(data: Dataset, pictures: Mapping[str, bytes], *, wide: bool = False, threads: int = 1) -> Trained:
    """Fit a model to four fifths of the rows and evaluate it on the others.

    ``wide`` searches more parameters. The ``threads`` are for the last fit; only with one do the same rows
    always give the same bytes.
    """
    held = held_out(data.matrix, data.labels)
    matrix, labels = data.matrix[~held], data.labels[~held]
    parameters, rounds, searched = search(data.problem, matrix, labels, wide=wide)
    parameters["nthread"] = threads
    model = fit(data.problem, matrix, labels, parameters, rounds)
    return describe(data, pictures, Fit(model, parameters | {"rounds": rounds}, searched, None, held))


def describe(data: Dataset, pictures: Mapping[str, bytes], fitted: Fit) -> Trained:
    """Evaluate a model, and make the artifact that describes it, with the pictures that its problem names."""
    problem, held = data.problem, fitted.held
    seen = held if fitted.imported else ~held
    matrix, labels = data.matrix[seen], data.labels[seen]
    # Loaded from its bytes, so that the model that is evaluated is the one that a server will load.
    booster = load_booster(fitted.model, problem.features)
    held_matrix, held_labels = data.matrix[held], data.labels[held]
    answers = class_probabilities(booster, held_matrix)
    baseline = np.broadcast_to(np.bincount(labels) / len(labels), answers.shape)
    number = problem.only_number
    edges = [[*changes(booster)[0], number.min, number.max]] if number else []
    steps = to_step_function(booster, problem.features, edges) if number else None

    version, file, sha256 = identify(fitted.model)
    known = _known_rows(data, held)
    known_shares = class_probabilities(booster, known)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        model_version=version,
        model_file=file,
        model_sha256=sha256,
        documents={},
        problem=problem,
        features=_stats(problem.features, matrix, booster, held_matrix),
        data=Data(
            file=data.file,
            sha256=data.sha256,
            simulated=data.simulated,
            rows=dict(zip(problem.by_key, np.bincount(data.labels).tolist(), strict=True)),
            fitted=int((~held).sum()),
            held_out=len(held_matrix),
        ),
        parameters=dict(fitted.parameters),
        search=fitted.search and _rounded(fitted.search),
        imported=fitted.imported,
        forced=(),
        metrics=_rounded(_metrics(data, held, answers, baseline)),
        decision_boundaries=_boundaries(steps, list(problem.by_key)) if steps else (),
        known_answers=tuple(
            KnownAnswer(as_json(problem.features, numbers), tuple(round(share, 6) for share in shares))
            for numbers, shares in zip(known.tolist(), known_shares.tolist(), strict=True)
        ),
        xgboost_version=xgboost.__version__,
    )
    used = {name for entry in problem.classes for name in (entry.picture, entry.preview)}
    used |= {problem.icon, problem.preview}
    documents = plots.draw(manifest, steps, matrix, labels)
    documents |= {name: content for name, content in pictures.items() if name in used}
    documents[JUDGED_NAME] = judged_csv(problem, held_matrix, held_labels)
    artifact = _with_documents(Artifact(manifest, fitted.model, documents))
    return Trained(artifact, held_matrix, held_labels, answers, baseline)


def force(artifact: Artifact, reasons: Sequence[str]) -> Artifact:
    """Return an artifact whose manifest and card say why the gate refused it."""
    manifest = msgspec.structs.replace(artifact.manifest, forced=tuple(reasons))
    return _with_documents(Artifact(manifest, artifact.model, artifact.documents))


def _with_documents(artifact: Artifact) -> Artifact:
    """Return an artifact with its card, and the checksums of all documents in its manifest."""
    documents = {**artifact.documents, CARD_NAME: write_card(artifact.manifest)}
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in documents.items()}
    manifest = msgspec.structs.replace(artifact.manifest, documents=checksums)
    return Artifact(manifest, artifact.model, documents)


def _stats(
    features: Sequence[AnyFeature], matrix: Matrix, booster: xgboost.Booster, held_matrix: Matrix
) -> tuple[FeatureStats, ...]:
    importances: list[float | None] = [None]
    if len(features) > 1:
        values = np.abs(contributions(booster, held_matrix[:MAX_EXPLAINED]))
        importances = [round(float(mean), 6) for mean in values.mean(axis=(0, 1))]
    found = []
    for feature, column, importance in zip(features, matrix.T, importances, strict=True):
        known = column[~np.isnan(column)]
        number = isinstance(feature, Number)
        names = list(feature.choices) if isinstance(feature, Choice) else [] if number else ["no", "yes"]
        quantiles = np.quantile(known, QUANTILES) if number else []
        edges = sorted({float(f"{quantile:.4g}") for quantile in quantiles})
        parts = np.bincount(np.searchsorted(edges, known), minlength=len(edges) + 1)
        found.append(
            FeatureStats(
                name=feature.name,
                min=float(known.min()) if number else None,
                max=float(known.max()) if number else None,
                quantiles=tuple(edges),
                part_rows=tuple(parts.tolist()) if number else (),
                counts={name: int((known == code).sum()) for code, name in enumerate(names)},
                blanks=len(column) - len(known),
                importance=importance,
            )
        )
    return tuple(found)


def _known_rows(data: Dataset, held: Mask) -> Matrix:
    """Return rows whose answers the manifest records: even steps through the numbers, or held-out rows."""
    number = data.problem.only_number
    if number is None:
        return np.asarray(data.matrix[held][np.linspace(0, held.sum() - 1, KNOWN_ANSWERS).astype(int)])
    quantiles = np.quantile(data.matrix, np.linspace(0, 1, KNOWN_ANSWERS - 2))
    rounded = [float(f"{quantile:.3g}") for quantile in quantiles]
    steps = sorted({number.min, *np.clip(rounded, number.min, number.max).tolist(), number.max})
    return np.array(steps, dtype=np.float64).reshape(-1, 1)


def _metrics(data: Dataset, held: Mask, answers: Probabilities, baseline: Floats) -> Metrics:
    labels = data.labels[held]
    best = evaluation.losses(labels, best_probabilities(data.matrix[held, 0])) if data.simulated else None
    classes = list(data.problem.by_key)
    confusion = evaluation.confusion(labels, answers).tolist()
    return Metrics(
        **evaluation.scores(labels, answers),
        calibration_error_by_chance=evaluation.error_by_chance(answers),
        best_log_loss=None if best is None else float(best.mean()),
        intervals=evaluation.intervals(labels, answers),
        baseline=evaluation.scores(labels, baseline),
        confusion={
            key: dict(zip(classes, row, strict=True)) for key, row in zip(classes, confusion, strict=True)
        },
        calibration=evaluation.calibration(labels, answers),
    )


def _rounded(struct: S) -> S:
    """Return a struct with its floats rounded to six decimals.

    The last bits of a sum differ from one processor to the next; the manifest must not.
    """
    found = json.loads(msgspec.json.encode(struct), parse_float=lambda number: round(float(number), 6))
    return msgspec.convert(found, type(struct))


def _boundaries(steps: StepFunction, classes: Sequence[str]) -> tuple[DecisionBoundary, ...]:
    answers = steps.probabilities.argmax(axis=1)
    # Rounded to float32, an edge is the threshold that XGBoost holds: 1,780.0, not 1,779.99994.
    return tuple(
        DecisionBoundary(value=float(np.float32(edge)), below=classes[below], above=classes[above])
        for edge, (below, above) in zip(steps.edges[0], pairwise(answers), strict=True)
        if below != above
    )
