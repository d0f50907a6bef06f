"""The artifact's files: never half written, and verified when read."""

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from model.artifact import (
    ARTIFACT_FOLDER,
    Artifact,
    ArtifactError,
    history,
    identify,
    read_artifact,
    read_model,
    write_artifact,
)
from model.manifest import FORMAT_VERSION, MANIFEST_NAME


def model_file(folder: Path) -> Path:
    (path,) = folder.glob("model-*.ubj")
    return path


def test_what_is_written_is_read_back(five_artifact: Artifact, tmp_path: Path) -> None:
    write_artifact(five_artifact, tmp_path / "new" / "folder")
    assert read_artifact(tmp_path / "new" / "folder") == five_artifact


def test_the_model_version_is_the_start_of_the_model_files_checksum() -> None:
    manifest = read_artifact(ARTIFACT_FOLDER).manifest
    sha256 = hashlib.sha256(model_file(ARTIFACT_FOLDER).read_bytes()).hexdigest()
    assert (manifest.model_version, manifest.model_sha256) == (sha256[:12], sha256)
    assert model_file(ARTIFACT_FOLDER).name == f"model-{sha256[:12]}.ubj"


def test_an_artifact_replaces_another_which_is_kept_in_its_history(
    five_artifact: Artifact, artifact_folder: Path
) -> None:
    shipped = read_artifact(artifact_folder)
    assert write_artifact(five_artifact, artifact_folder) == (True, [])
    assert read_artifact(artifact_folder) == five_artifact
    assert {path.name for path in artifact_folder.iterdir()} == {
        MANIFEST_NAME,
        "history",
        five_artifact.manifest.model_file,
        *five_artifact.documents,
    }
    [(version, kept)] = history(artifact_folder).items()
    assert version == shipped.manifest.model_version
    assert read_artifact(kept) == shipped


def test_the_same_artifact_again_writes_nothing(artifact_folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (artifact_folder, *artifact_folder.iterdir())}
    assert write_artifact(read_artifact(artifact_folder), artifact_folder) == (False, [])
    assert {path: path.stat().st_mtime_ns for path in (artifact_folder, *artifact_folder.iterdir())} == before


def version_of(number: int, artifact: Artifact) -> Artifact:
    """Return an artifact of another version; its model can be written and read, but not served."""
    model = artifact.model + bytes([number])
    version, file, sha256 = identify(model)
    manifest = msgspec.structs.replace(
        artifact.manifest, model_version=version, model_file=file, model_sha256=sha256
    )
    return Artifact(manifest, model, artifact.documents)


def test_the_last_five_are_kept_and_one_that_returns_leaves_the_history(
    five_artifact: Artifact, tmp_path: Path
) -> None:
    versions = []
    for number in range(7):
        artifact = version_of(number, five_artifact)
        write_artifact(artifact, tmp_path)
        versions.append(artifact.manifest.model_version)
    assert list(history(tmp_path)) == versions[5:0:-1]
    write_artifact(read_artifact(tmp_path / "history" / versions[3]), tmp_path)
    assert read_artifact(tmp_path).manifest.model_version == versions[3]
    assert list(history(tmp_path)) == [versions[6], versions[5], versions[4], versions[2], versions[1]]


def test_a_damaged_artifact_is_replaced_and_not_kept(five_artifact: Artifact, artifact_folder: Path) -> None:
    model_file(artifact_folder).write_bytes(b"damaged")
    assert write_artifact(five_artifact, artifact_folder) == (True, [])
    assert history(artifact_folder) == {}


def test_a_model_that_was_judged_beside_another_is_not_written(
    five_artifact: Artifact, artifact_folder: Path
) -> None:
    shipped = read_artifact(artifact_folder)
    new = version_of(1, five_artifact)
    for last in (None, five_artifact):
        with pytest.raises(ArtifactError, match=r"Another model has come into .* meanwhile"):
            write_artifact(new, artifact_folder, last)
        assert (read_artifact(artifact_folder), history(artifact_folder)) == (shipped, {})
    assert write_artifact(shipped, artifact_folder, five_artifact) == (False, [])
    assert write_artifact(new, artifact_folder, shipped) == (True, [])


def test_files_of_other_people_are_kept(five_artifact: Artifact, artifact_folder: Path) -> None:
    names = ("chart.svg", "picture-of-mum.jpg", "model-best.ubj", "notes.md")
    for name in names:
        (artifact_folder / name).write_text("mine", encoding="utf-8")
    write_artifact(five_artifact, artifact_folder)
    assert [(artifact_folder / name).read_text(encoding="utf-8") for name in names] == ["mine"] * 4


def test_a_clean_up_that_fails_is_a_warning_and_the_new_artifact_in_place(
    five_artifact: Artifact, artifact_folder: Path
) -> None:
    (artifact_folder / ".pending-folder").mkdir()
    written, [warning] = write_artifact(five_artifact, artifact_folder)
    assert written
    assert warning.startswith(f"The model is in place, but old files are left in {artifact_folder}: ")
    assert read_artifact(artifact_folder) == five_artifact


def test_no_symbolic_link_is_followed(five_artifact: Artifact, artifact_folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside / "file"
    target.write_text("mine", encoding="utf-8")
    (artifact_folder / ".partial").symlink_to(target)
    (artifact_folder / five_artifact.manifest.model_file).symlink_to(target)
    write_artifact(five_artifact, artifact_folder)
    assert read_artifact(artifact_folder) == five_artifact
    assert target.read_text(encoding="utf-8") == "mine"

    shutil.rmtree(artifact_folder / "history")
    (artifact_folder / "history").symlink_to(outside)
    with pytest.raises(ArtifactError, match="history is a symbolic link, which is not followed; remove it"):
        write_artifact(version_of(1, five_artifact), artifact_folder)
    assert read_artifact(artifact_folder) == five_artifact
    assert list(outside.iterdir()) == [target]


def test_a_manifest_without_a_card_is_refused(
    artifact_folder: Path, edit_manifest: Callable[..., None]
) -> None:
    edit_manifest(documents={})
    with pytest.raises(ArtifactError, match=r"manifest\.json names no MODEL_CARD\.md; train again"):
        read_model(artifact_folder)


@pytest.mark.parametrize("fails", ["model-", ".pending-", MANIFEST_NAME])
def test_a_failure_while_writing_leaves_the_old_artifact_whole(
    five_artifact: Artifact, artifact_folder: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    before = read_artifact(artifact_folder)
    replace = Path.replace

    def full_disk(self: Path, target: Path) -> Path:
        if target.name.startswith(fails):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(ArtifactError, match="No space left on device"):
        write_artifact(five_artifact, artifact_folder)
    assert read_artifact(artifact_folder) == before


def test_a_reader_beside_two_writers_always_finds_a_whole_artifact(
    five_artifact: Artifact, artifact_folder: Path
) -> None:
    artifacts = (read_artifact(artifact_folder), five_artifact)

    def write(first: int) -> None:
        for turn in range(40):
            write_artifact(artifacts[(first + turn) % 2], artifact_folder)

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, first) for first in (0, 1)]
        reads = 0
        while not all(writer.done() for writer in writers):
            assert read_artifact(artifact_folder) in artifacts
            reads += 1
        for writer in writers:
            writer.result()
    assert reads > 10


def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(
    five_artifact: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match=r"Cannot write the model to .*file"):
        write_artifact(five_artifact, tmp_path / "file")


@pytest.mark.parametrize("position", [0, 40_000, -1])
def test_a_single_flipped_bit_in_the_model_file_is_refused(artifact_folder: Path, position: int) -> None:
    path = model_file(artifact_folder)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError) as refusal:
        read_artifact(artifact_folder)
    assert str(refusal.value) == (
        f"{path} is not the model that manifest.json describes: its checksum differs; restore the file or "
        "train again."
    )


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"manifest.json is missing; `python train.py` writes it"):
        read_artifact(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"There is no folder .*/aples; `python train"):
        read_artifact(tmp_path / "aples")


def test_a_missing_model_file_is_refused(artifact_folder: Path) -> None:
    path = model_file(artifact_folder)
    path.unlink()
    with pytest.raises(ArtifactError, match=f"{path.name} is missing"):
        read_artifact(artifact_folder)


def test_an_unreadable_model_file_is_refused(artifact_folder: Path) -> None:
    path = model_file(artifact_folder)
    path.unlink()
    path.mkdir()
    with pytest.raises(ArtifactError, match=r"Cannot read .*\.ubj: Is a directory"):
        read_artifact(artifact_folder)


def test_another_format_version_is_refused_whatever_its_other_fields(artifact_folder: Path) -> None:
    (artifact_folder / MANIFEST_NAME).write_text('{"format_version": 99, "novelty": []}', encoding="utf-8")
    says = f"has format version 99, and this program reads version {FORMAT_VERSION}"
    with pytest.raises(ArtifactError, match=says):
        read_artifact(artifact_folder)


@pytest.mark.parametrize("changes", [{"model_version": "0" * 12}, {"model_sha256": "0" * 64}])
def test_a_manifest_with_another_models_version_or_checksum_is_refused(
    artifact_folder: Path, edit_manifest: Callable[..., None], changes: dict[str, str]
) -> None:
    edit_manifest(**changes)
    with pytest.raises(ArtifactError, match="its checksum differs"):
        read_artifact(artifact_folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Input data was truncated"),
        (b"not json", "malformed"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `format_version`"),
        (b'{"format_version": %d}' % FORMAT_VERSION, "missing required field"),
        (b'{"format_version": "\xff"}', "is not a valid manifest"),
    ],
)
def test_a_broken_manifest_is_refused(artifact_folder: Path, content: bytes, says: str) -> None:
    (artifact_folder / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(ArtifactError) as refusal:
        read_artifact(artifact_folder)
    assert says in str(refusal.value)
    assert str(artifact_folder / MANIFEST_NAME) in str(refusal.value)


def test_an_unknown_field_in_the_manifest_is_refused(
    artifact_folder: Path, edit_manifest: Callable[..., None]
) -> None:
    edit_manifest(trained_by="someone")
    with pytest.raises(ArtifactError, match="unknown field `trained_by`"):
        read_artifact(artifact_folder)


def test_the_manifest_has_no_timestamp_and_reads_well() -> None:
    text = (ARTIFACT_FOLDER / MANIFEST_NAME).read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert text.startswith(f'{{\n  "format_version": {FORMAT_VERSION},\n')
    assert not [key for key in json.loads(text) if "time" in key or "date" in key]
