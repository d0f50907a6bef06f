"""`rollback` chooses the right revision in each state of a service, and never a bad one by itself."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from ecs import run
from ecs.commands.rollback import rollback
from ecs.release import image
from ecs.release.smoke import SmokeError
from ecs.settings import Settings
from tests.ecs.fake_service import FakeService, definition, refusal

A, B, C = 1, 2, 3

pytestmark = pytest.mark.usefixtures("fast_rollout")


class Operator:
    """An operator who runs `rollback` on a service where A and B are good, and B serves."""

    def __init__(self, ecs: FakeService) -> None:
        self.ecs = ecs

    def types(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        result = CliRunner().invoke(rollback, ["--json", *arguments])
        assert isinstance(result.exception, SystemExit | None), result.exception
        self.said = result.stderr
        return result.exit_code, msgspec.json.decode(result.stdout, type=dict[str, Any])


Make = Callable[..., Operator]


@pytest.fixture
def operator(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Make:
    def make(*, passes: Callable[[FakeService], bool] = lambda _: True, **given: Any) -> Operator:
        ecs = FakeService(settings, **{"serving": B} | given)
        ecs.mark_good(A, 1)
        ecs.mark_good(B, 2)

        def smoke(*_: object, **__: object) -> None:
            if not passes(ecs):
                raise SmokeError("POST / answers 1/3")

        monkeypatch.setattr(run, "connect", lambda *_: ecs.aws)
        monkeypatch.setattr(run, "find_foundation", lambda *_: ecs.foundation)
        monkeypatch.setattr(image, "is_pushed", lambda *_: True)
        monkeypatch.setattr(sys.modules["ecs.commands.rollback"], "smoke", smoke)
        return Operator(ecs)

    return make


def test_it_goes_to_the_last_good_revision(operator: Make) -> None:
    somebody = operator()
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(A), A)
    assert "LeftSince" in somebody.ecs.tags[B]


def test_it_takes_image_and_model_back_together_and_names_both(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.tags[A]["ModelVersion"], somebody.ecs.tags[B]["ModelVersion"] = (
        "aaaaaaaaaaaa",
        "bbbbbbbbbbbb",
    )
    result = somebody.types("--yes")[1]
    assert (result["from_model"], result["to_model"]) == ("bbbbbbbbbbbb", "aaaaaaaaaaaa")
    assert result["image_tag"] == "image-1"
    assert (
        "perfect-puppy-prod:2 → perfect-puppy-prod:1: image-1, good since 2026-11-26T01:00:00+00:00; "
        "model bbbbbbbbbbbb → aaaaaaaaaaaa"
    ) in somebody.said


def test_a_second_rollback_does_not_return_to_the_bad_revision(operator: Make) -> None:
    somebody = operator()
    somebody.types("--yes")
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (2, A), result
    assert "no other good revision" in result["error"]


def test_a_second_rollback_goes_further_back(operator: Make) -> None:
    somebody = operator(serving=C)
    somebody.ecs.mark_good(C, 3)
    assert [somebody.types("--yes")[1]["to"] for _ in range(2)] == [definition(B), definition(A)]


def test_a_bad_revision_can_be_named_and_is_warned_of(operator: Make) -> None:
    somebody = operator()
    somebody.types("--yes")
    code, result = somebody.types("--yes", "--to", str(B))
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(B), B)
    assert "WARNING perfect-puppy-prod:2 failed or was rolled back at" in somebody.said
    assert somebody.types("--dry-run", "--to", str(A))[0] == 0


def test_an_unknown_revision_is_refused_with_a_list_of_those_that_exist(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.mark_bad(A, 5)
    code, result = somebody.types("--to", "9")
    assert (code, result["hint"]) == (2, "Choose from: 2 (good), 1 (bad).")


def test_a_dry_run_changes_nothing(operator: Make) -> None:
    somebody = operator()
    assert somebody.types("--dry-run")[1]["to"] == definition(A)
    assert somebody.ecs.sent == []


def test_a_rollout_under_way_is_stopped(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.tags[C] = {"ModelVersion": "cccccccccccc"}
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    code, result = somebody.types("--yes")
    assert (code, result["from"], result["to"]) == (0, definition(C), definition(B)), somebody.said
    assert result["from_model"] == "cccccccccccc", "of the release under way, not of what it replaces"
    assert somebody.ecs.sent[:2] == ["TagResource", "StopServiceDeployment"]
    assert (somebody.ecs.status, somebody.ecs.serving) == ("ROLLBACK_SUCCESSFUL", B)
    assert "LeftSince" in somebody.ecs.tags[C]
    assert "A rollout is under way; this stops it." in somebody.said


def test_the_revision_that_a_stop_brings_back_is_tested(operator: Make) -> None:
    somebody = operator(passes=lambda _: False)
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (4, B)
    assert "perfect-puppy-prod:2 serves, and the smoke test fails" in result["error"]


def test_a_rollout_that_has_just_ended_is_rolled_back_too(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.update_service({"taskDefinition": definition(C)})

    def ended(*_: object) -> None:
        somebody.ecs.end("SUCCESSFUL")
        raise refusal("ConflictException", "StopServiceDeployment")

    somebody.ecs.stop_service_deployment = ended  # type: ignore[method-assign, assignment]
    code, _ = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (0, B), somebody.said


def test_a_rollout_that_ecs_rolls_back_already_is_followed(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    somebody.ecs.fail("breaker", "deploymentCircuitBreaker")
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(B), B), somebody.said
    assert "StopServiceDeployment" not in somebody.ecs.sent


def test_an_interrupted_rollback_continues(operator: Make) -> None:
    """Stopping its rollout would return to the revision that it rolls back."""
    somebody = operator()
    somebody.ecs.mark_bad(B, 3)
    somebody.ecs.update_service({"taskDefinition": definition(A)})
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(A), A), somebody.said
    assert "StopServiceDeployment" not in somebody.ecs.sent


def test_a_rollback_interrupted_after_its_rollout_is_only_tested(operator: Make) -> None:
    """The revision that it went back to serves already; going further back would lose a good one."""
    somebody = operator()
    somebody.ecs.mark_bad(C, 3)
    assert somebody.types("--dry-run")[1]["to"] == definition(B)
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(B), B), somebody.said
    assert len(somebody.ecs.records) == 1, "no deployment was started"
    assert somebody.ecs.sent[-1] == "TagResource", "it is good since now"
    assert "perfect-puppy-prod:2 serves again; this only tests it" in somebody.said
    assert somebody.types("--yes")[1]["to"] == definition(A)


def test_an_interrupted_rollback_to_a_wrong_revision_is_followed_by_another(operator: Make) -> None:
    somebody = operator(passes=lambda ecs: ecs.target != B)
    somebody.ecs.mark_bad(C, 3)
    assert somebody.types("--yes")[0] == 4
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(A), A), somebody.said


def test_after_a_rollback_during_a_release_the_next_goes_further_back(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    assert [somebody.types("--yes")[1]["to"] for _ in range(2)] == [definition(B), definition(A)]


def test_a_first_rollout_has_no_revision_to_go_back_to(operator: Make) -> None:
    somebody = operator(serving=0)
    somebody.ecs.tags.clear()
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.sent) == (2, [])
    assert "no other good revision" in result["error"]


def test_a_failed_rollback_does_not_go_to_a_bad_revision(operator: Make) -> None:
    somebody = operator(serving=C, passes=lambda ecs: ecs.target != B)
    somebody.ecs.mark_good(C, 3)
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (1, A)
    assert result["error"].endswith("perfect-puppy-prod:1 serves again.")


def test_ctrl_c_says_how_to_stop_the_rollout(operator: Make) -> None:
    def ctrl_c(_: FakeService) -> bool:
        raise KeyboardInterrupt

    somebody = operator(passes=ctrl_c)
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.status) == (4, "IN_PROGRESS")
    assert "stop a rollout with `python -m ecs rollback`" in result["hint"]
