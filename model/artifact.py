"""A trained model as files: ``manifest.json`` and the files that it names, the model, its card and its plots.

Several files cannot be replaced in one atomic step, so replacing the manifest is the commit. Before it, the
model and the documents are written under names that contain their checksums, beside the old artifact. After
it, the documents are renamed to their final names, and the old artifact's files are removed; until then a
reader finds a document under its pending name. At any moment, also after the writer was killed, a reader
finds one whole artifact, the old or the new.

The artifact that is replaced is kept in ``history/VERSION`` in the same folder, with the last few before it.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from model.atomic import write_atomically
from model.manifest import CARD_NAME, FORMAT_VERSION, JUDGED_NAME, MANIFEST_NAME, Manifest, encode

ARTIFACT_FOLDER = Path(__file__).with_name("artifact")
HISTORY = "history"
KEPT = 5
"""How many former artifacts are kept."""

_HASH = "[0-9a-f]" * 12
_OURS = (
    *(f"model-{_HASH}.ubj", f"picture-{_HASH}.*", "calibration.svg", "probability.svg", "importance.svg"),
    *("feature-*.svg", JUDGED_NAME, ".pending-*", ".partial"),
)
"""The names of an artifact's files; no others are removed, because people keep files beside them."""

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
    """Derive a model's version, its file's name and its sha256 in hexadecimal from its content."""
    sha256 = hashlib.sha256(model).hexdigest()
    return sha256[:12], f"model-{sha256[:12]}.ubj", sha256


def write_artifact(
    artifact: Artifact, folder: Path, last: Artifact | UnsetType | None = UNSET
) -> tuple[bool, list[str]]:
    """Write an artifact to a folder, in place of the one that is there, which is kept in its history.

    Returns:
        Whether anything was new, and what could not be cleaned up afterwards, one sentence each.

    Raises:
        ArtifactError: A file cannot be written, or another artifact than ``last`` is there; that one is still
            whole.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            old = read_whole(folder)
            new = old != artifact
            if new and last is not UNSET and old != last:
                raise ArtifactError(
                    f"Another model has come into {folder} meanwhile, beside which this one was not judged; "
                    "train again."
                )
            try:
                left = [*_keep(old, folder)] if old and new else []
                if new:
                    _commit(artifact, folder)
            except OSError:
                if old and read_whole(folder) == old:  # what is half written may fill the disk
                    list(_clean(old, folder))
                    shutil.rmtree(folder / HISTORY / old.manifest.model_version, ignore_errors=True)
                raise
            return new, [*left, *_clean(artifact, folder), *_forget(artifact, folder)]
    except OSError as error:
        raise ArtifactError(f"Cannot write the model to {folder}: {error.strerror}.") from error


def history(folder: Path) -> dict[str, Path]:
    """Return the folders of an artifact's former ones by their versions, the last replaced first."""
    found = [path.parent for path in (folder / HISTORY).glob(f"*/{MANIFEST_NAME}")]
    found.sort(key=lambda path: (path / MANIFEST_NAME).stat().st_mtime_ns, reverse=True)
    return {path.name: path for path in found}


def _keep(old: Artifact, folder: Path) -> Iterator[str]:
    """Copy an artifact to the history of a folder; yield a sentence if the copy could not be cleaned up."""
    kept = folder / HISTORY / old.manifest.model_version
    for path in (kept.parent, kept):
        if path.is_symlink():
            raise ArtifactError(f"{path} is a symbolic link, which is not followed; remove it.")
        path.mkdir(exist_ok=True)
    _commit(old, kept)
    yield from _clean(old, kept)


def _commit(artifact: Artifact, folder: Path) -> None:
    manifest = artifact.manifest
    write_atomically(folder / manifest.model_file, artifact.model)
    for name, content in artifact.documents.items():
        write_atomically(_pending(folder, name, manifest.documents[name]), content)
    write_atomically(folder / MANIFEST_NAME, encode(manifest))


def _clean(artifact: Artifact, folder: Path) -> Iterator[str]:
    """Rename the documents, and remove other artifacts' files; yield a sentence if that fails."""
    names = {artifact.manifest.model_file, *artifact.documents}
    try:
        for name in artifact.documents:
            with suppress(FileNotFoundError):  # it has been renamed before
                _pending(folder, name, artifact.manifest.documents[name]).replace(folder / name)
        for pattern in _OURS:
            for path in folder.glob(pattern):
                if path.name not in names:
                    path.unlink()
    except OSError as error:
        yield f"The model is in place, but old files are left in {folder}: {error.strerror}."


def _forget(artifact: Artifact, folder: Path) -> Iterator[str]:
    """Remove from the history what is in place, and all but the last few; yield a sentence a failure."""
    kept = history(folder)
    now = [kept.pop(version) for version in [artifact.manifest.model_version] if version in kept]
    for path in [*now, *list(kept.values())[KEPT:]]:
        try:
            shutil.rmtree(path)
        except OSError as error:
            yield f"The model is in place, but the former one in {path} is left: {error.strerror}."


def read_model(folder: Path) -> tuple[Manifest, bytes]:
    """Read and verify the manifest and the bytes of the model, which are all that serving needs.

    Raises:
        ArtifactError: A file is missing or unreadable, the manifest is invalid or has another format version,
            or the model file's checksum is not the manifest's.
    """
    return _read_consistently(folder, lambda manifest: (manifest, _read_model_file(folder, manifest)))


def read_artifact(folder: Path, *, judged: bool = True) -> Artifact:
    """Read and verify an artifact with its documents.

    Without ``judged``, it leaves out the rows that the model was judged by, which may be missing anyway.

    Raises:
        ArtifactError: As ``read_model``, or a document is missing or its checksum is not the manifest's.
    """

    def read(manifest: Manifest) -> Artifact:
        documents = {}
        for name, sha256 in manifest.documents.items():
            places = (_pending(folder, name, sha256), folder / name)
            if name != JUDGED_NAME or (judged and any(path.exists() for path in places)):
                documents[name] = _read_document(folder, name, sha256)
        return Artifact(manifest, _read_model_file(folder, manifest), documents)

    return _read_consistently(folder, read)


def read_whole(folder: Path) -> Artifact | None:
    """Return the artifact in a folder, None if there is none or it is damaged."""
    try:
        return read_artifact(folder)
    except ArtifactError:
        return None


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
        if not path.parent.is_dir():
            raise ArtifactError(
                f"There is no folder {path.parent}; `python train.py --out` writes one."
            ) from error
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
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path} is not a valid manifest ({error}); train again.") from error
    if CARD_NAME not in manifest.documents:
        raise ArtifactError(f"{path} names no {CARD_NAME}; train again.")
    return manifest
