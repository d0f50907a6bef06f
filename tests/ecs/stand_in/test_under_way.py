"""Releases that are stopped, ring an alarm or were rolled back, with real tasks and deployments."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest

from tests.ecs.stand_in.conftest import Deployed
from tests.ecs.stand_in.forwarder import Call
from tests.ecs.stand_in.releases import STACK, change, ended, number, served, under_way
from tests.load.clients import until

ERRORS = f"{STACK}-server-errors"


@pytest.fixture(scope="module", autouse=True)
def committed_again(deployed: Deployed) -> Iterator[None]:
    """Release the commit again afterwards, as later tests expect."""
    yield
    last = deployed.up()
    assert last.code == 0, last.said


@pytest.fixture(autouse=True)
def long_bake_time(deployed: Deployed) -> Iterator[None]:
    """Lengthen the bake time, so that the tool can test new tasks before ECS completes the deployment."""
    with deployed.place.stand_in.restored(minute_seconds=2.0):
        yield


@contextmanager
def rings(alarm: str) -> Iterator[None]:
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    try:
        yield
    finally:
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")


def test_rollback_stops_a_rollout_and_both_runs_say_what_serves(deployed: Deployed) -> None:
    before = served(deployed)
    with change(deployed, slow=True), deployed.under_load(clients=2, pause=0.1) as load:
        process = deployed.place.start("up", "--yes", "--json")
        assert until(lambda: under_way(before), 100)
        back = deployed.place.ecs("rollback", "--yes", "--json")
        up = ended(process)
        assert [call.name for call in deployed.place.calls].count("StopServiceDeployment") == 1
    assert back.code == 0, back.said
    assert (back.json["to"], served(deployed)) == (before, before)
    assert up.code == 1, up.said
    assert "Somebody stopped this deployment" in up.json["error"]
    assert up.json["error"].endswith(f"{STACK}:{number(before)} serves again.")
    assert load.failed == []


def test_the_fix_stops_a_rollout_that_is_under_way(deployed: Deployed) -> None:
    place, before = deployed.place, served(deployed)
    with change(deployed, slow=True):
        process = place.start("up", "--yes", "--json")
        assert until(lambda: under_way(before), 100)
        stuck = boto3.client("ecs").describe_services(cluster=STACK, services=[STACK])["services"][0]
        place.project.replace("gunicorn.conf.py", "time.sleep(20)", "# mended")
        place.project.commit()
        try:
            fix = place.ecs("up", "--yes", "--json")
            first = ended(process)
        finally:
            place.project.undo()
        now = served(deployed)
        back = place.ecs("rollback", "--yes", "--json")
    assert fix.code == 0, fix.said
    assert now not in {before, stuck["taskDefinition"]}
    assert "Another deployment is under way" in fix.err
    assert (first.code, "Somebody stopped this deployment" in first.said) == (1, True), first.said
    assert (back.code, back.json["to"]) == (0, before), "not to the one that was stopped"


def test_a_wrong_answer_stops_the_deployment_before_it_has_completed(deployed: Deployed) -> None:
    place, before = deployed.place, served(deployed)
    place.project.replace("webapp/api/views.py", "round(answer.probability,", "round(1 / 3,")
    place.project.commit()
    place.forget()
    result = place.ecs("up", "--yes", "--json")
    calls = [call.name for call in place.calls]
    place.project.undo()
    assert (result.code, "The smoke test failed: POST http://" in result.json["error"]) == (1, True), (
        result.said
    )
    assert (calls.count("StopServiceDeployment"), calls.count("UpdateService")) == (1, 1)
    deployments = boto3.client("ecs").list_service_deployments(cluster=STACK, service=STACK)
    assert deployments["serviceDeployments"][0]["status"] == "ROLLBACK_SUCCESSFUL"
    assert served(deployed) == before


def test_no_alarm_rolls_back_if_one_rings_at_the_start(deployed: Deployed) -> None:
    with change(deployed), rings(ERRORS):
        result = deployed.up()
    assert result.code == 0, result.said
    assert f"{ERRORS} rings already. ECS then watches none of the alarms" in result.err


def ring_after_smoke(call: Call) -> None:
    """Ring the alarm after the smoke test, as late errors of the version before would."""
    if call.name == "DescribeServiceDeployments":
        tasks = boto3.client("ecs").describe_services(cluster=STACK, services=[STACK])["services"][0]
        if tasks["deployments"][0]["runningCount"] >= 2 and len(tasks["deployments"]) == 1:
            boto3.client("cloudwatch").set_alarm_state(
                AlarmName=ERRORS, StateValue="ALARM", StateReason="a test"
            )


@pytest.fixture
def quiet() -> Iterator[None]:
    yield
    boto3.client("cloudwatch").set_alarm_state(AlarmName=ERRORS, StateValue="OK", StateReason="a test")


@pytest.mark.usefixtures("quiet")
def test_an_alarm_rolls_a_release_back_unless_it_is_told_to_ignore_it(deployed: Deployed) -> None:
    place, before = deployed.place, served(deployed)
    cloudwatch = boto3.client("cloudwatch")
    with change(deployed):
        place.on("after", ring_after_smoke)
        result = place.ecs("up", "--yes", "--json")
        assert result.code == 1, result.said
        assert f"{ERRORS} went off" in result.json["error"]
        assert "up --ignore-alarms" in result.json["hint"]
        assert served(deployed) == before
        cloudwatch.set_alarm_state(AlarmName=ERRORS, StateValue="OK", StateReason="a test")
        result = place.ecs("up", "--yes", "--json", "--ignore-alarms")
        place.forget()
        assert result.code == 0, result.said
        cloudwatch.set_alarm_state(AlarmName=ERRORS, StateValue="OK", StateReason="a test")
        again = place.ecs("plan", "--json")
        assert again.json["changes"] is False, again.said
        assert served(deployed) != before
        assert place.ecs("rollback", "--yes").code == 0


def test_rollback_twice_does_not_return_to_the_bad_revision(deployed: Deployed) -> None:
    place = deployed.place
    with change(deployed):
        assert deployed.up().code == 0
        bad = served(deployed)
        first = place.ecs("rollback", "--yes", "--json")
        second = place.ecs("rollback", "--dry-run", "--json")
        assert first.code == 0, first.said
        assert second.json.get("to") != bad, second.said
        named = place.ecs("rollback", "--to", number(bad), "--dry-run")
        assert f"WARNING {STACK}:{number(bad)} failed or was rolled back at" in named.said
