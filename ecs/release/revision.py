"""What is to be released: the git revision, the model's version, and the tag that names both."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.repo import Repo

from ecs.errors import UsageError
from ecs.settings import ROOT, Settings
from model.artifact import ARTIFACT_FOLDER, ArtifactError
from model.predictor import Predictor

SHOWN = 5


@dataclass(frozen=True)
class Revision:
    """One state of the repository, as it would be released.

    Attributes:
        git: First 12 hex digits of the commit; with `-dirty-` and a digest of what is not committed.
        model: The model's version.
        architecture: What the image is built for.
    """

    git: str
    model: str
    architecture: str

    @property
    def tag(self) -> str:
        """The image's tag, which is never given to another image."""
        return f"{self.git}-{self.model}-{'arm64' if self.architecture == 'ARM64' else 'amd64'}"


def read_predictor() -> Predictor:
    """Load the model that is to be released; raises `UsageError` where it can't be served."""
    try:
        return Predictor.load(ARTIFACT_FOLDER)
    except ArtifactError as error:
        raise UsageError(str(error), hint="Train again with: make train.") from error


def read_revision(settings: Settings, model: str, *, allow_dirty: bool, root: Path = ROOT) -> Revision:
    """Name what stands in the working tree; raises `UsageError` where it is not committed and must be."""
    try:
        repo = Repo.discover(root)
        head = repo.head().decode()[:12]
    except NotGitRepository as error:
        raise UsageError(
            "This folder is no git repository, so a release could not be named.",
            hint="Make it one: git init, git add, git commit.",
        ) from error
    except KeyError as error:
        raise UsageError("This repository has no commit yet.", hint="Commit, then run this again.") from error
    with repo:
        changed = uncommitted(repo)
        if changed and not allow_dirty:
            more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
            raise UsageError(
                f"There are uncommitted changes: {', '.join(changed[:SHOWN])}{more}.",
                hint="Commit them, or release them as they are with --allow-dirty.",
            )
        if changed:
            head = f"{head}-dirty-{_digest(Path(repo.path), changed)}"
    return Revision(head, model, settings.architecture)


def uncommitted(repo: Repo) -> list[str]:
    """List the paths, from the repository's root, that differ from the commit."""
    status = porcelain.status(repo, untracked_files="all")
    paths = {path for kind in status.staged.values() for path in kind} | set(status.unstaged)
    return sorted(map(os.fsdecode, paths | set(status.untracked)))


def _digest(root: Path, paths: list[str]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        file = root / path
        content = file.read_bytes() if file.is_file() else b"(removed)"
        digest.update(hashlib.sha256(os.fsencode(path)).digest())
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:12]
