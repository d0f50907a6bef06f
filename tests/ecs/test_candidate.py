"""The tag of a release candidate: commit, model, and the content of uncommitted changes."""

import subprocess
from pathlib import Path

import pytest

from ecs.errors import UsageError
from ecs.release.candidate import Candidate, read_candidate
from ecs.settings import Settings

GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("one")
    (tmp_path / ".gitignore").write_text("ignored\n")
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "One"]):
        subprocess.run([*GIT, *arguments], cwd=tmp_path, check=True)
    return tmp_path


def read(settings: Settings, repository: Path, *, dirty: bool = False) -> Candidate:
    return read_candidate(settings, "25f1f87a5e3d", allow_dirty=dirty, root=repository)


def test_the_tag_names_commit_model_and_architecture(settings: Settings, repository: Path) -> None:
    head = subprocess.run(
        [*GIT, "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True
    )
    tag = read(settings, repository).tag
    assert tag.startswith(f"{head.stdout[:12]}-25f1f87a5e3d-")
    assert tag.endswith(("-amd64", "-arm64"))


def test_uncommitted_changes_are_refused_by_name(settings: Settings, repository: Path) -> None:
    (repository / "app.py").write_text("two")
    (repository / "new.py").write_text("")
    (repository / "ignored").write_text("")
    with pytest.raises(UsageError, match=r"^There are uncommitted changes: app\.py, new\.py\.$"):
        read(settings, repository)


def test_allowed_changes_are_tagged_by_their_content(settings: Settings, repository: Path) -> None:
    (repository / "app.py").write_text("two")
    two = read(settings, repository, dirty=True)
    assert "-dirty-" in two.tag
    assert read(settings, repository, dirty=True) == two
    (repository / "app.py").write_text("three")
    assert read(settings, repository, dirty=True) != two
    (repository / "app.py").unlink()
    assert read(settings, repository, dirty=True) != two


def test_a_folder_without_git_history_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no git repository"):
        read(settings, tmp_path)
    subprocess.run([*GIT, "init", "--quiet"], cwd=tmp_path, check=True)
    with pytest.raises(UsageError, match="no commit yet"):
        read(settings, tmp_path)
