"""`rollback`: where it leads, in each state of a service, and never to a revision that was left."""

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
    """Somebody who types `rollback` on a service where A and B are good, and B serves."""

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
        ecs.good(A, 1)
        ecs.good(B, 2)

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


def test_twice_it_does_not_return_to_the_bad_revision(operator: Make) -> None:
    somebody = operator()
    somebody.types("--yes")
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (2, A), result
    assert "no other good revision" in result["error"]


def test_twice_it_goes_further_back(operator: Make) -> None:
    somebody = operator(serving=C)
    somebody.ecs.good(C, 3)
    assert [somebody.types("--yes")[1]["to"] for _ in range(2)] == [definition(B), definition(A)]


def test_a_left_revision_can_be_named_and_is_warned_of(operator: Make) -> None:
    somebody = operator()
    somebody.types("--yes")
    code, result = somebody.types("--yes", "--to", str(B))
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(B), B)
    assert "WARNING perfect-puppy-prod:2 failed or was rolled back at" in somebody.said
    assert somebody.types("--dry-run", "--to", str(A))[0] == 0


def test_a_revision_that_is_not_there_is_refused_with_those_that_are(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.left(A, 5)
    code, result = somebody.types("--to", "9")
    assert (code, result["hint"]) == (2, "Choose from: 2 (good), 1 (bad).")


def test_a_dry_run_changes_nothing(operator: Make) -> None:
    somebody = operator()
    assert somebody.types("--dry-run")[1]["to"] == definition(A)
    assert somebody.ecs.sent == []


def test_a_rollout_under_way_is_stopped(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    code, result = somebody.types("--yes")
    assert (code, result["from"], result["to"]) == (0, definition(C), definition(B)), somebody.said
    assert somebody.ecs.sent[:2] == ["TagResource", "StopServiceDeployment"]
    assert (somebody.ecs.status, somebody.ecs.serving) == ("ROLLBACK_SUCCESSFUL", B)
    assert "LeftSince" in somebody.ecs.tags[C]
    assert "A rollout is under way; this stops it." in somebody.said


def test_what_came_back_is_tested(operator: Make) -> None:
    somebody = operator(passes=lambda _: False)
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (4, B)
    assert "perfect-puppy-prod:2 serves, and the smoke test fails" in result["error"]


def test_a_rollout_that_ended_meanwhile_is_rolled_back_all_the_same(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.update_service({"taskDefinition": definition(C)})

    def ended(*_: object) -> None:
        somebody.ecs.end("SUCCESSFUL")
        raise refusal("ConflictException", "StopServiceDeployment")

    somebody.ecs.stop_service_deployment = ended  # type: ignore[method-assign, assignment]
    code, _ = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (0, B), somebody.said


def test_one_that_ecs_rolls_back_already_is_followed(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    somebody.ecs.fail("breaker", "deploymentCircuitBreaker")
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(B), B), somebody.said
    assert "StopServiceDeployment" not in somebody.ecs.sent


def test_a_rollback_that_was_cut_off_goes_on(operator: Make) -> None:
    """Stopping its rollout would lead back to the revision that is to be left."""
    somebody = operator()
    somebody.ecs.left(B, 3)
    somebody.ecs.update_service({"taskDefinition": definition(A)})
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(A), A), somebody.said
    assert "StopServiceDeployment" not in somebody.ecs.sent


def test_one_that_was_cut_off_after_its_rollout_is_not_done_twice(operator: Make) -> None:
    """The revision serves that the operator went back to: further back would lose a good one."""
    somebody = operator()
    somebody.ecs.left(C, 3)
    assert somebody.types("--dry-run")[1]["to"] == definition(B)
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(B), B), somebody.said
    assert len(somebody.ecs.records) == 1, "no deployment was started"
    assert somebody.ecs.sent[-1] == "TagResource", "it is good since now"
    assert "perfect-puppy-prod:2 serves again; this only tests it" in somebody.said
    assert somebody.types("--yes")[1]["to"] == definition(A)


def test_one_that_was_cut_off_and_does_not_answer_right_goes_on_to_another(operator: Make) -> None:
    somebody = operator(passes=lambda ecs: ecs.target != B)
    somebody.ecs.left(C, 3)
    assert somebody.types("--yes")[0] == 4
    code, result = somebody.types("--yes")
    assert (code, result["to"], somebody.ecs.serving) == (0, definition(A), A), somebody.said


def test_after_one_in_the_middle_of_a_release_the_next_goes_further_back(operator: Make) -> None:
    somebody = operator()
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    assert [somebody.types("--yes")[1]["to"] for _ in range(2)] == [definition(B), definition(A)]


def test_a_first_rollout_has_nothing_to_go_back_to(operator: Make) -> None:
    somebody = operator(serving=0)
    somebody.ecs.tags.clear()
    somebody.ecs.update_service({"taskDefinition": definition(C)})
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.sent) == (2, [])
    assert "no other good revision" in result["error"]


def test_a_rollback_that_fails_goes_to_no_revision_that_was_left(operator: Make) -> None:
    somebody = operator(serving=C, passes=lambda ecs: ecs.target != B)
    somebody.ecs.good(C, 3)
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.serving) == (1, A)
    assert result["error"].endswith("perfect-puppy-prod:1 serves again.")


def test_ctrl_c_says_how_to_stop_what_goes_on(operator: Make) -> None:
    def ctrl_c(_: FakeService) -> bool:
        raise KeyboardInterrupt

    somebody = operator(passes=ctrl_c)
    code, result = somebody.types("--yes")
    assert (code, somebody.ecs.status) == (4, "IN_PROGRESS")
    assert "stop a rollout with `python -m ecs rollback`" in result["hint"]
