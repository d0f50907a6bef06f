"""A trained model as files: ``manifest.json`` and the files that it names, the model, its card and its plots.

Several files cannot be replaced in one atomic step, so replacing the manifest is the commit. Before it, the
model and the documents are written under names that contain their checksums, beside the old artifact. After
it, the documents are renamed to their final names, and the old artifact's files are removed; until then a
reader finds a document under its pending name. At any moment, also after the writer was killed, a reader
finds one whole artifact, the old or the new.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from model.atomic import write_atomically
from model.manifest import FORMAT_VERSION, MANIFEST_NAME, Manifest, encode

ARTIFACT_FOLDER = Path(__file__).with_name("artifact")

T = TypeVar("T")


class ArtifactError(Exception):
    """The artifact cannot be written or used; the message is one sentence that names the file."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest, the bytes of its model file, and the bytes of its documents by file name."""

    manifest: Manifest
    model: bytes
    documents: Mapping[str, bytes]


class _VersionOnly(msgspec.Struct):
    format_version: int


def identify(model: bytes) -> tuple[str, str, str]:
    """Derive the name of a model from its content.

    Returns:
        The model's version, its file's name, and its sha256 in hexadecimal.
    """
    sha256 = hashlib.sha256(model).hexdigest()
    return sha256[:12], f"model-{sha256[:12]}.ubj", sha256


def write_artifact(artifact: Artifact, folder: Path) -> None:
    """Write an artifact to a folder, in place of the one that is there.

    Raises:
        ArtifactError: A file cannot be written; the old artifact is still whole.
    """
    manifest = artifact.manifest
    pending = {name: _pending(folder, name, sha256) for name, sha256 in manifest.documents.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            write_atomically(folder / manifest.model_file, artifact.model)
            for name, path in pending.items():
                write_atomically(path, artifact.documents[name])
            write_atomically(folder / MANIFEST_NAME, encode(manifest))
            for name, path in pending.items():
                path.replace(folder / name)
            for pattern in ("model-*.ubj", "*.svg", "picture-*", ".pending-*"):
                for path in folder.glob(pattern):
                    if path.name not in {manifest.model_file, *manifest.documents}:
                        path.unlink()
    except OSError as error:
        raise ArtifactError(f"Cannot write the model to {folder}: {error.strerror}.") from error


def read_model(folder: Path) -> tuple[Manifest, bytes]:
    """Read and verify the manifest and the model, which are all that serving needs.

    Returns:
        The manifest, and the bytes of the model whose checksum was verified.

    Raises:
        ArtifactError: A file is missing or unreadable, the manifest is invalid or has another format version,
            or the model file's checksum is not the manifest's.
    """
    return _read_consistently(folder, lambda manifest: (manifest, _read_model_file(folder, manifest)))


def read_artifact(folder: Path) -> Artifact:
    """Read and verify an artifact with its documents.

    Raises:
        ArtifactError: As ``read_model``, or a document is missing or its checksum is not the manifest's.
    """

    def read(manifest: Manifest) -> Artifact:
        documents = {name: _read_document(folder, name, sha) for name, sha in manifest.documents.items()}
        return Artifact(manifest, _read_model_file(folder, manifest), documents)

    return _read_consistently(folder, read)


def _read_consistently(folder: Path, read: Callable[[Manifest], T]) -> T:
    """Read the files that the manifest names; retry if a training replaced the manifest meanwhile."""
    path = folder / MANIFEST_NAME
    while True:
        text = _read(path)
        try:
            return read(_parse(path, text))
        except ArtifactError:
            if _read(path) == text:
                raise


def _read_model_file(folder: Path, manifest: Manifest) -> bytes:
    model_path = folder / manifest.model_file
    model = _read(model_path)
    if identify(model) != (manifest.model_version, manifest.model_file, manifest.model_sha256):
        raise _checksum_error(model_path, "model")
    return model


def _pending(folder: Path, name: str, sha256: str) -> Path:
    return folder / f".pending-{sha256[:12]}-{name}"


def _read_document(folder: Path, name: str, sha256: str) -> bytes:
    try:
        # Between the renames of the manifest and of the document, the document has its pending name.
        content = _pending(folder, name, sha256).read_bytes()
    except FileNotFoundError:
        content = _read(folder / name)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _checksum_error(folder / name, "document")
    return content


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder against other writers; the system releases the lock if the process dies."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _checksum_error(path: Path, what: str) -> ArtifactError:
    return ArtifactError(
        f"{path} is not the {what} that {MANIFEST_NAME} describes: its checksum differs; restore the file or "
        "train again."
    )


def _read(path: Path) -> bytes:
    try:
        if path.is_fifo():  # reading would wait for a writer
            raise ArtifactError(f"{path} is not a file; `python train.py` writes it.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing; `python train.py` writes it.") from error
    except OSError as error:
        raise ArtifactError(f"Cannot read {path}: {error.strerror}.") from error


def _parse(path: Path, text: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(text, type=_VersionOnly).format_version
        if found != FORMAT_VERSION:
            raise ArtifactError(
                f"{path} has format version {found}, and this program reads version {FORMAT_VERSION}; train "
                "again with this program."
            )
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path} is not a valid manifest ({error}); train again.") from error
