"""A trained model as files: ``manifest.json`` and the ``model-<version>.ubj`` that it names.

Two files cannot be replaced at once, so the manifest commits both: the model is written under a name of its
own first, then a rename puts the manifest in place, then models that no manifest names are removed. Whoever
reads in between finds a whole artifact, old or new.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from model.atomic import write_atomically

ARTIFACT_FOLDER = Path(__file__).with_name("artifact")
MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 1


class ArtifactError(Exception):
    """The artifact cannot be written or used; the message is one sentence that names the file."""


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


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the model does on the held-out households.

    Attributes:
        accuracy: Share of households whose breed is the most probable one.
        log_loss: Mean of -ln(probability given to the true breed), in nats.
        best_log_loss: The same for the known densities of simulated data, which no model can be expected to
            beat; absent for other data.
    """

    accuracy: float
    log_loss: float
    best_log_loss: float | None


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
        features: The model's inputs, in order.
        classes: The breeds' keys, in the order of the model's probabilities.
        data: What it was trained on.
        parameters: What XGBoost was given.
        metrics: How it does on held-out households.
        decision_boundaries: Where the answer changes, ascending.
        known_answers: What a running server can check itself against.
        xgboost_version: The version that trained it.
    """

    format_version: int
    model_version: str
    model_file: str
    model_sha256: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    data: Data
    parameters: dict[str, str | int | float]
    metrics: Metrics
    decision_boundaries: tuple[Boundary, ...]
    known_answers: tuple[KnownAnswer, ...]
    xgboost_version: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest, and the bytes of the model file that it names."""

    manifest: Manifest
    model: bytes


class _AnyFormat(msgspec.Struct):
    format_version: int


def identify(model: bytes) -> tuple[str, str, str]:
    """Name a model after its content.

    Returns:
        The model's version, its file's name, and its sha256 in hexadecimal.
    """
    sha256 = hashlib.sha256(model).hexdigest()
    return sha256[:12], f"model-{sha256[:12]}.ubj", sha256


def write_artifact(artifact: Artifact, folder: Path) -> None:
    """Put an artifact in a folder, in place of the one that is there.

    Raises:
        ArtifactError: A file cannot be written; the artifact that was there is still whole.
    """
    manifest = artifact.manifest
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / manifest.model_file, artifact.model)
        write_atomically(folder / MANIFEST_NAME, text)
        for model in folder.glob("model-*.ubj"):
            if model.name != manifest.model_file:
                model.unlink()
    except OSError as error:
        raise ArtifactError(f"Cannot write the model to {folder}: {error.strerror}.") from error


def read_artifact(folder: Path) -> Artifact:
    """Read an artifact once and verify it.

    Returns:
        The manifest, and the very bytes whose checksum was verified.

    Raises:
        ArtifactError: A file is missing or unreadable, the manifest is not one of this format, or the model
            file is not the one that the manifest names.
    """
    manifest_path = folder / MANIFEST_NAME
    manifest = _parse(manifest_path, _read(manifest_path))
    model_path = folder / manifest.model_file
    model = _read(model_path)
    if identify(model) != (manifest.model_version, manifest.model_file, manifest.model_sha256):
        raise ArtifactError(
            f"{model_path} is not the model that {MANIFEST_NAME} describes: its checksum differs; restore "
            "the file or train again."
        )
    return Artifact(manifest, model)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing; `python train.py` writes it.") from error
    except OSError as error:
        raise ArtifactError(f"Cannot read {path}: {error.strerror}.") from error


def _parse(path: Path, text: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(text, type=_AnyFormat).format_version
        if found != FORMAT_VERSION:
            raise ArtifactError(
                f"{path} has format version {found}, and this program reads version {FORMAT_VERSION}; train "
                "again with this program."
            )
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path} is not a valid manifest ({error}); train again.") from error
