"""A rollout, from its start to a release that serves or is rolled back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ecs.errors import DeployError, NotRolledBackError, RolledBackError, UsageError
from ecs.failure import evidence
from ecs.output import Output
from ecs.release import service_deployment as deployments
from ecs.release.history import last_good
from ecs.release.rollout import Release
from ecs.release.smoke import SmokeError
from ecs.settings import Settings
from tests.ecs.fake_service import FakeService, definition, refusal

Make = Callable[..., FakeService]
A, B, C = 1, 2, 3

pytestmark = pytest.mark.usefixtures("fast_rollout")


@pytest.fixture
def service(settings: Settings) -> Make:
    return lambda **given: FakeService(settings, **given)


def release(service: FakeService, *, ignore_alarms: bool = False) -> Release:
    return Release(service.aws, service.foundation, Output(), ignore_alarms)


def right(_hidden: bool = False) -> None:
    """Pass the smoke test."""


def wrong(_hidden: bool = False) -> None:
    raise SmokeError("POST / answers 1/3")


def test_the_smoke_test_asks_as_soon_as_the_new_tasks_take_all_requests(service: Make) -> None:
    ecs = service(serving=A)
    asked_at: list[str] = []
    release(ecs).roll_out(definition(B), lambda _hidden: asked_at.append(ecs.status))
    assert asked_at == ["IN_PROGRESS"], "not after the bake time"
    assert ecs.status == "SUCCESSFUL"
    assert ecs.sent == ["UpdateService", "TagResource"]
    assert "GoodSince" in ecs.tags[B]


def test_a_revision_is_good_only_once_its_deployment_has_completed(service: Make) -> None:
    ecs = service(serving=A)

    def rings_late(_hidden: bool = False) -> None:
        ecs.fail("alarm", "alarms", triggeredAlarmNames=["pp-server-errors"])

    with pytest.raises(
        RolledBackError, match=r"pp-server-errors went off.* perfect-puppy-prod:1 serves again"
    ):
        release(ecs).roll_out(definition(B), rings_late)
    assert "GoodSince" not in ecs.tags[B]


def test_a_wrong_answer_stops_the_deployment_instead_of_rolling_out_once_more(service: Make) -> None:
    ecs = service(serving=A)
    with pytest.raises(RolledBackError, match=r"smoke test failed: .*perfect-puppy-prod:1 serves again"):
        release(ecs).roll_out(definition(B), wrong)
    assert ecs.sent == ["UpdateService", "TagResource", "StopServiceDeployment"]
    assert "LeftSince" in ecs.tags[B]
    assert (ecs.status, ecs.serving) == ("ROLLBACK_SUCCESSFUL", A)


@pytest.mark.parametrize(
    "code", ["ConflictException", "ServiceDeploymentNotFoundException", "AccessDeniedException"]
)
def test_a_deployment_that_ecs_does_not_stop_is_replaced(
    service: Make, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ecs = service(serving=A)
    ecs.refused["StopServiceDeployment"] = refusal(code, "StopServiceDeployment")
    with pytest.raises(RolledBackError, match="perfect-puppy-prod:1 serves again"):
        release(ecs).roll_out(definition(B), wrong)
    assert ecs.sent[-2:] == ["StopServiceDeployment", "UpdateService"]
    assert "ECS did not stop the deployment" in capsys.readouterr().out


def test_a_rollback_that_fails_is_tried_once_more_as_a_deployment(service: Make) -> None:
    ecs = service(serving=A, rollback_works=False)
    with pytest.raises(RolledBackError, match="perfect-puppy-prod:1 serves again"):
        release(ecs).roll_out(definition(B), wrong)
    assert ecs.sent[-2:] == ["StopServiceDeployment", "UpdateService"]
    assert (ecs.status, ecs.serving) == ("SUCCESSFUL", A)


def test_a_rollback_that_fails_twice_is_no_success(service: Make) -> None:
    ecs = service(serving=A, rollback_works=False)

    def fails(_: int) -> None:
        if len(ecs.records) == 3:
            ecs.records[-1]["status"] = "ROLLBACK_FAILED"

    ecs.on_look = fails
    with pytest.raises(NotRolledBackError, match="does not serve again"):
        release(ecs).roll_out(definition(B), wrong)


def test_credentials_that_expire_during_the_rollback_do_not_hide_the_cause(service: Make) -> None:
    ecs = service(serving=A)
    expired = refusal("ExpiredTokenException", "UpdateService", "The security token is expired")

    def expires(_hidden: bool = False) -> None:
        ecs.refused = dict.fromkeys(("StopServiceDeployment", "UpdateService"), expired)
        wrong()

    with pytest.raises(
        NotRolledBackError, match=r"smoke test failed: POST .*credentials have expired"
    ) as raised:
        release(ecs).roll_out(definition(B), expires)
    assert "Sign in again" in raised.value.hint


@pytest.mark.parametrize(
    "problem",
    [refusal("AccessDeniedException", "GetLogEvents"), EndpointConnectionError(endpoint_url="logs")],
)
def test_an_unreadable_log_does_not_prevent_the_rollback(service: Make, problem: Exception) -> None:
    ecs = service(serving=A)
    ecs.refused["GetLogEvents"] = problem
    with pytest.raises(RolledBackError, match="perfect-puppy-prod:1 serves again"):
        release(ecs).roll_out(definition(B), wrong)


def test_a_denied_tag_does_not_prevent_the_rollback(
    service: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    ecs = service(serving=A)
    ecs.refused["TagResource"] = refusal("AccessDeniedException", "TagResource")
    with pytest.raises(RolledBackError, match="perfect-puppy-prod:1 serves again"):
        release(ecs).roll_out(definition(B), wrong)
    assert "A later rollback may lead to perfect-puppy-prod:2 again" in capsys.readouterr().out


def test_a_first_release_that_answers_wrong_is_scaled_to_zero(service: Make) -> None:
    ecs = service()
    with pytest.raises(NotRolledBackError, match="scaled to zero"):
        release(ecs).roll_out(definition(A), wrong)
    assert ecs.sent == ["CreateService", "TagResource", "UpdateService"]
    assert ecs.desired == 0


def test_an_unreachable_release_stays_and_is_not_good(service: Make) -> None:
    ecs = service(serving=A)

    def unreachable(_hidden: bool = False) -> None:
        raise DeployError("No answer came here.")

    with pytest.raises(DeployError, match="No answer came here"):
        release(ecs).roll_out(definition(B), unreachable)
    assert (ecs.status, ecs.serving) == ("SUCCESSFUL", B)
    assert ecs.tags.get(B, {}) == {}


def unreachable_while_hidden(hidden: bool) -> None:
    if hidden:
        raise DeployError("No answer came here.")


class TestBlueGreen:
    def test_new_tasks_are_tested_before_and_after_users_requests_reach_them(self, service: Make) -> None:
        ecs = service(serving=A, pauses=True)
        asked: list[tuple[bool, str]] = []
        release(ecs).roll_out(
            definition(B), lambda hidden: asked.append((hidden, ecs.records[-1]["lifecycleStage"]))
        )
        assert asked == [(True, "POST_TEST_TRAFFIC_SHIFT"), (False, "BAKE_TIME")]
        assert ecs.sent == ["UpdateService", "ContinueServiceDeployment", "TagResource"]
        assert "GoodSince" in ecs.tags[B]

    def test_a_wrong_answer_of_hidden_tasks_rolls_back(self, service: Make) -> None:
        ecs = service(serving=A, pauses=True)
        with pytest.raises(RolledBackError, match=r"answers 1/3.*prod:1 serves again"):
            release(ecs).roll_out(definition(B), wrong)
        assert ecs.sent == ["UpdateService", "TagResource", "ContinueServiceDeployment"]
        assert ecs.status == "ROLLBACK_SUCCESSFUL"

    def test_hidden_tasks_that_nobody_can_ask_get_no_requests(self, service: Make) -> None:
        ecs = service(serving=A, pauses=True)
        with pytest.raises(
            RolledBackError, match=r"could not be compared.*: No answer came here\. .*serves again"
        ):
            release(ecs).roll_out(definition(B), unreachable_while_hidden)
        assert ecs.status == "ROLLBACK_SUCCESSFUL"

    def test_a_revision_that_was_good_serves_again_although_nobody_can_ask_it(
        self, service: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ecs = service(serving=B, pauses=True)
        ecs.mark_good(A, hour=1)
        release(ecs).roll_out(definition(A), unreachable_while_hidden)
        assert ecs.serving == A
        assert "It was good before, so it gets users' requests." in capsys.readouterr().out

    def test_if_ecs_can_not_roll_back_the_revision_before_is_deployed_anew(self, service: Make) -> None:
        ecs = service(serving=A, pauses=True, rollback_works=False)
        with pytest.raises(RolledBackError, match=r"prod:1 serves again"):
            release(ecs).roll_out(definition(B), wrong)
        assert (ecs.serving, ecs.status) == (A, "SUCCESSFUL")
        assert ecs.sent.count("ContinueServiceDeployment") == 2, "nobody waits at the hook of that one"

    def test_a_refused_answer_is_told(self, service: Make) -> None:
        ecs = service(serving=A, pauses=True)
        ecs.refused["ContinueServiceDeployment"] = refusal("AccessDenied", "ContinueServiceDeployment")
        with pytest.raises(ClientError, match="AccessDenied"):
            release(ecs).roll_out(definition(B), right)


@pytest.mark.parametrize("status", deployments.ONGOING)
def test_ongoing_covers_every_status_of_a_deployment_that_has_not_ended(service: Make, status: str) -> None:
    ecs = service(serving=A)
    ecs.records[-1]["status"] = status
    assert deployments.ongoing(ecs.aws, ecs.foundation, {"desiredCount": 2})


def test_the_error_of_a_deployment_stopped_by_somebody_names_what_serves(service: Make) -> None:
    ecs = service(serving=A)

    def stopped(look: int) -> None:
        if look == 1 and ecs.status == "IN_PROGRESS":
            ecs.records[-1] |= {"status": "ROLLBACK_REQUESTED", "statusReason": "Stopped by a user."}

    ecs.on_look = stopped
    with pytest.raises(RolledBackError, match=r"Somebody stopped this deployment.*prod:1 serves again"):
        release(ecs).roll_out(definition(B), right)


def test_the_error_of_a_replaced_deployment_names_its_replacement(service: Make) -> None:
    ecs = service(serving=A)

    def replaced(look: int) -> None:
        if look == 1 and ecs.target == B:
            ecs.update_service({"taskDefinition": definition(C)})

    ecs.on_look = replaced
    with pytest.raises(NotRolledBackError, match=r"Another run replaced this deployment.*by one of .*prod:3"):
        release(ecs).roll_out(definition(B), right)


def test_a_deployment_that_ecs_does_not_list_yet_is_waited_for(service: Make) -> None:
    ecs = service(serving=A, unlisted=2)
    release(ecs).roll_out(definition(B), right)
    assert "GoodSince" in ecs.tags[B]


@pytest.mark.parametrize(
    ("good", "bad", "last"),
    [
        ({A: 1, B: 2}, {}, B),
        ({A: 1, B: 2}, {B: 3}, A),
        ({A: 1, B: 4}, {B: 3}, B),
        ({A: 1, B: 3}, {B: 3}, A),
        ({A: 1, B: 2}, {A: 4, B: 3}, None),
        ({}, {B: 3}, None),
        ({A: 1, B: 2, C: 3}, {}, B),
    ],
    ids=[
        "the last",
        "not one bad since",
        "one that passed again",
        "not one bad in the same second",
        "none if all are bad",
        "none, where none was good",
        "not the one that serves",
    ],
)
def test_the_last_good_revision(
    service: Make, good: dict[int, int], bad: dict[int, int], last: int | None
) -> None:
    ecs = service(serving=C)
    for number, hour in good.items():
        ecs.mark_good(number, hour)
    for number, hour in bad.items():
        ecs.mark_bad(number, hour)
    assert last_good(ecs.aws, besides=definition(C)) == (definition(last) if last else None)


def test_a_failed_release_is_not_rolled_back_to_a_bad_revision(service: Make) -> None:
    """B is bad and serves all the same, because the rollback to A failed; then C fails."""
    ecs = service(serving=B)
    ecs.mark_good(A, 1)
    ecs.mark_good(B, 2)
    ecs.mark_bad(B, 3)
    with pytest.raises(RolledBackError, match="perfect-puppy-prod:1 serves again"):
        release(ecs).roll_out(definition(C), wrong)
    assert ecs.serving == A


def test_a_bad_revision_that_served_is_used_if_none_is_good(service: Make) -> None:
    ecs = service(serving=B)
    ecs.mark_bad(B, 3)
    with pytest.raises(RolledBackError, match="perfect-puppy-prod:2 serves again"):
        release(ecs).roll_out(definition(C), wrong)


def test_a_revision_that_serves_already_is_only_tested(service: Make) -> None:
    """For example after a change of the deployment configuration alone, which starts no deployment."""
    ecs = service(serving=A)
    release(ecs).roll_out(definition(A), right)
    assert ecs.sent == ["UpdateService", "TagResource"]
    assert "GoodSince" in ecs.tags[A]
    with pytest.raises(NotRolledBackError, match="prod:1 serves, and the smoke test fails"):
        release(ecs).roll_out(definition(A), wrong)


def test_passing_the_smoke_test_again_makes_a_bad_revision_good(service: Make) -> None:
    ecs = service(serving=A)
    ecs.mark_good(A, 1)
    ecs.mark_bad(A, 2)
    release(ecs).retest(definition(A), right)
    assert last_good(ecs.aws, besides=definition(B)) == definition(A)


class TestAnotherDeploymentUnderWay:
    def test_the_other_deployment_is_stopped_first_with_yes(self, service: Make) -> None:
        ecs = service(serving=A)
        ecs.update_service({"taskDefinition": definition(B)})
        release(ecs).stop_other_deployment(definition(C), yes=True)
        assert (ecs.status, ecs.serving) == ("ROLLBACK_SUCCESSFUL", A)
        assert ecs.sent == ["StopServiceDeployment"]

    def test_the_rollout_of_a_rollback_is_replaced_since_a_stop_leads_back_to_the_bad_one(
        self, service: Make
    ) -> None:
        ecs = service(serving=B)
        ecs.mark_good(A, 1)
        ecs.mark_bad(B, 3)
        ecs.update_service({"taskDefinition": definition(A)})
        release(ecs).stop_other_deployment(definition(C), yes=True)
        assert (ecs.status, ecs.sent) == ("IN_PROGRESS", [])
        with pytest.raises(RolledBackError, match="perfect-puppy-prod:1 serves again"):
            release(ecs).roll_out(definition(C), wrong)

    def test_without_a_terminal_the_error_says_how_to_stop_it(
        self, service: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ecs = service(serving=A)
        ecs.update_service({"taskDefinition": definition(B)})
        with pytest.raises(UsageError) as raised:
            release(ecs).stop_other_deployment(definition(C), yes=False)
        assert raised.value.hint == "Add --yes."
        assert "under way, of perfect-puppy-prod:2. What stops it is `python -m ecs rollback`, or --yes" in (
            capsys.readouterr().out
        )
        assert ecs.sent == []

    def test_a_deployment_of_the_same_revision_is_continued(self, service: Make) -> None:
        ecs = service(serving=A)
        ecs.update_service({"taskDefinition": definition(B)})
        release(ecs).stop_other_deployment(definition(B), yes=False)
        release(ecs).roll_out(definition(B), right)
        assert ecs.sent == ["TagResource"]
        assert ecs.serving == B

    def test_a_deployment_that_ecs_rolls_back_is_waited_for(self, service: Make) -> None:
        ecs = service(serving=A)
        ecs.update_service({"taskDefinition": definition(B)})
        ecs.fail("breaker", "deploymentCircuitBreaker")
        release(ecs).stop_other_deployment(definition(B), yes=False)
        assert (ecs.status, ecs.sent) == ("ROLLBACK_SUCCESSFUL", [])

    def test_the_first_deployment_of_a_service_is_replaced(self, service: Make) -> None:
        ecs = service()
        ecs.update_service({"taskDefinition": definition(A)})
        release(ecs).stop_other_deployment(definition(B), yes=True)
        release(ecs).roll_out(definition(B), right)
        assert ecs.serving == B
        assert "StopServiceDeployment" not in ecs.sent


def test_an_alarm_that_rings_at_the_start_is_warned_of(
    service: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    ecs = service(serving=A, ringing=["pp-server-errors"])
    release(ecs).roll_out(definition(B), right)
    said = capsys.readouterr().out
    assert "pp-server-errors rings already. ECS then watches none of the alarms" in said


def test_the_alarms_are_ignored_for_one_release_only(service: Make) -> None:
    ecs = service(serving=A)
    release(ecs, ignore_alarms=True).roll_out(definition(B), right)
    updates = [
        sent["deploymentConfiguration"]["alarms"] for name, sent in ecs.calls if name == "UpdateService"
    ]
    assert [alarms["enable"] for alarms in updates] == [False, True]
    assert {len(alarms["alarmNames"]) for alarms in updates} == {3}
    assert ecs.configuration["alarms"]["enable"] is True
    assert len(ecs.records) == 2, "putting the alarms back starts no deployment"


def test_the_hint_after_an_alarm_names_ignore_alarms(service: Make) -> None:
    ecs = service(serving=A)
    ecs.on_look = lambda look: (
        ecs.fail("alarm", "alarms", triggeredAlarmNames=["pp-server-errors"])
        if look == 1 and ecs.status == "IN_PROGRESS"
        else None
    )
    with pytest.raises(RolledBackError) as raised:
        release(ecs).roll_out(definition(B), right)
    assert "up --ignore-alarms" in raised.value.hint


def test_evidence_that_can_not_be_written_does_not_prevent_the_rollback(
    service: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evidence, "FOLDER", tmp_path / "full" / "evidence")
    (tmp_path / "full").touch()
    ecs = service(serving=A)
    with pytest.raises(RolledBackError, match=r"smoke test failed.* perfect-puppy-prod:1 serves again"):
        release(ecs).roll_out(definition(B), wrong)
    assert "The evidence could not be written" in capsys.readouterr().out
