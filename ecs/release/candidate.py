"""The release candidate: a commit and a model, and the image tag that names both."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.repo import Repo

from ecs.errors import UsageError
from ecs.settings import ROOT, Settings
from model.artifact import ArtifactError
from model.predictor import Predictor

SHOWN = 5


@dataclass(frozen=True)
class Candidate:
    """The state of the repository that would be released, with the version of its model.

    `git` is the first 12 hex digits of the commit; `-dirty-` and a digest follow for uncommitted changes.
    """

    git: str
    model: str
    architecture: str

    @property
    def tag(self) -> str:
        """The tag of the image, unique to this candidate."""
        return f"{self.git}-{self.model}-{'arm64' if self.architecture == 'ARM64' else 'amd64'}"


def read_predictor(settings: Settings, root: Path = ROOT) -> Predictor:
    """Load the model that would be released; raise `UsageError` if it can't be served."""
    try:
        return Predictor.load(root / settings.artifact)
    except ArtifactError as error:
        hint = "Train it again (make train), or set artifact in ecs/settings.toml to its folder."
        raise UsageError(str(error), hint=hint) from error


def read_candidate(settings: Settings, model: str, *, allow_dirty: bool, root: Path = ROOT) -> Candidate:
    """Read the working tree; raise `UsageError` without a commit, or for changes without `allow_dirty`."""
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
    return Candidate(head, model, settings.architecture)


def uncommitted(repo: Repo) -> list[str]:
    """List the paths that differ from the commit, relative to the repository's root."""
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
