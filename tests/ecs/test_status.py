"""`status` and `plan` name the model that serves and the one that `up` would release."""

import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from ecs import run
from ecs.commands.plan import print_plan
from ecs.commands.status import status
from ecs.output import Output
from ecs.release.candidate import Candidate, read_predictor
from ecs.release.pending_changes import PendingChanges
from ecs.settings import ROOT, Settings
from tests.ecs.fake_service import FakeService
from tests.serving import damage

SERVES, LOCAL = "0123456789ab", "25f1f87a5e3d"

Status = Callable[..., tuple[str, dict[str, Any]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the shipped artifact where the settings expect it."""
    shutil.copytree(ROOT / "model" / "artifact", tmp_path / "model" / "artifact")
    return tmp_path


@pytest.fixture
def look(settings: Settings, root: Path, monkeypatch: pytest.MonkeyPatch) -> Status:
    """Return a function that runs `status` where the revision has these tags; it returns lines and JSON."""

    def look(**tags: str) -> tuple[str, dict[str, Any]]:
        ecs = FakeService(settings, serving=2, tags={2: tags})
        module = sys.modules["ecs.commands.status"]
        monkeypatch.setattr(run, "connect", lambda *_: ecs.aws)
        monkeypatch.setattr(run, "find_foundation", lambda *_: ecs.foundation)
        monkeypatch.setattr(module, "find_warnings", lambda *_: [])
        monkeypatch.setattr(module, "read_predictor", partial(read_predictor, root=root))
        result = CliRunner().invoke(status, ["--json"])
        assert result.exit_code == 0, result.output
        return result.stderr, msgspec.json.decode(result.stdout, type=dict[str, Any])

    return look


def models(state: dict[str, Any]) -> tuple[str | None, str | None]:
    return state["model_version"], state["local_model_version"]


def test_status_names_the_model_that_serves_and_the_one_that_would(look: Status) -> None:
    said, state = look(ModelVersion=SERVES)
    assert models(state) == (SERVES, LOCAL)
    assert f"model: {SERVES} serves, {LOCAL} would be released" in said


def test_status_needs_no_model_here(look: Status, root: Path) -> None:
    shutil.rmtree(root / "model")
    said, state = look(ModelVersion=SERVES)
    assert models(state) == (SERVES, None)
    assert f"model: {SERVES} serves, no usable one would be released" in said


def test_status_does_not_name_a_damaged_model(look: Status, root: Path) -> None:
    damage(root / "model" / "artifact")
    assert models(look(ModelVersion=SERVES)[1]) == (SERVES, None)


def test_a_revision_that_up_did_not_register_has_no_known_model(look: Status) -> None:
    said, state = look()
    assert models(state) == (None, LOCAL)
    assert f"model: no known one serves, {LOCAL} would be released" in said


def test_the_plan_names_both_models(
    settings: Settings, candidate: Candidate, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = PendingChanges(
        foundation=[], image=candidate.tag, task_definition=[], service=[], scaling=[],
        serving="perfect-puppy-prod:2", model=SERVES, release=True, warnings=[],
    )  # fmt: skip
    command = run.Run("prod", None, Output())
    vars(command)["aws"] = FakeService(settings).aws
    result = print_plan(command, candidate, changes)
    assert (result["from_model"], result["to_model"]) == (SERVES, candidate.model)
    assert f"model: {SERVES} serves, {candidate.model} would be released\n" in capsys.readouterr().out
