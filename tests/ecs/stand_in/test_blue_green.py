"""Blue/green releases: no user gets an answer of new tasks before it is compared with the local model's."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from ecs.foundation.stack import find_foundation
from ecs.foundation.stack_outputs import Foundation
from tests.ecs.project import Result
from tests.ecs.stand_in.conftest import Deployed, Place
from tests.ecs.stand_in.forwarder import Call, Refusal, nothing
from tests.ecs.stand_in.releases import ended, number
from tests.load.clients import say, until

STACK, ENV = "perfect-puppy-blue", ("--env", "blue")
COPIES = "COPY ${ARTIFACT} /out/app/model/artifact"


class Site(Deployed):
    """A service in the environment `blue`."""

    @property
    def host(self) -> str:
        return f"{urlsplit(foundation().url).hostname}:80"

    def run(self, *arguments: str) -> Result:
        self.place.aws.calls.clear()
        return self.place.ecs(*arguments, "--json", *ENV)

    def up(self, *more: str) -> Result:
        return self.run("up", "--yes", *more)

    @property
    def status(self) -> dict[str, Any]:
        return self.place.ecs("status", "--json", *ENV).json

    @property
    def answered(self) -> list[str]:
        """The answers that the tool gave to hooks since the last run began."""
        return [call.arguments["action"] for call in self.place.calls if call.name == CONTINUE]


CONTINUE = "ContinueServiceDeployment"


@pytest.fixture(scope="module")
def site(place: Place) -> Iterator[Site]:
    """Return an environment of its own, with nothing on AWS yet, and remove all of it afterwards."""
    project = place.project
    project.append("ecs/settings.toml", "\n[env.blue]\n")
    project.set({"strategy": "blue_green"})
    project.train(5_000)
    shutil.copytree(project.folder / "model" / "artifact", project.folder / "model" / "another")
    project.run_git("checkout", "--", "model/artifact", "model/homes.csv")
    project.append(".dockerignore", "\n!model/another\n")
    project.commit()
    with place.stand_in.restored(minute_seconds=1.0):
        yield Site(place, Result(0, "", ""), place.stand_in.url, [])
    place.forget()
    place.ecs("destroy", "--yes", STACK, *ENV)
    project.undo()


@contextmanager
def committed(site: Site) -> Iterator[None]:
    """Commit what the block's beginning has changed, and remove the commit after the block."""
    site.place.project.commit()
    try:
        yield
    finally:
        site.place.on("before", nothing)
        site.place.aws.refuse = nothing
        site.place.project.undo()


@contextmanager
def wrong_model(site: Site) -> Iterator[None]:
    """Commit an image with another model than the local one."""
    site.place.project.replace("Dockerfile", COPIES, COPIES.replace("${ARTIFACT}", "model/another"))
    with committed(site):
        yield


@contextmanager
def change(site: Site, text: str) -> Iterator[None]:
    """Commit another version that answers right."""
    site.place.project.append("webapp/http/health.py", f"\n# {text}\n")
    with committed(site):
        yield


def foundation() -> Foundation:
    found = find_foundation(boto3.client("cloudformation"), STACK)
    assert found
    return found


def newest() -> dict[str, Any]:
    """Describe the newest service deployment."""
    ecs = boto3.client("ecs")
    listed = ecs.list_service_deployments(cluster=STACK, service=STACK)["serviceDeployments"]
    arns = [listed[0]["serviceDeploymentArn"]]
    return dict(ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0])


def hook() -> str:
    return next((item["status"] for item in newest().get("lifecycleHookDetails", [])), "")


def live() -> str:
    """Return which target group gets users' requests."""
    [rule] = boto3.client("elbv2").describe_rules(RuleArns=[foundation().production_rule_arn])["Rules"]
    groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    [arn] = [group["TargetGroupArn"] for group in groups if group["Weight"]]
    return "first" if arn == foundation().target_group_arn else "second"


def test_a_wrong_first_release_is_seen_by_nobody(site: Site) -> None:
    with wrong_model(site):
        result = site.up()
    assert result.code == 4, result.said
    assert "The smoke test failed: POST http://" in result.json["error"]
    assert "is answered by model" in result.json["error"]
    assert "the service is scaled to zero" in result.json["error"]
    assert site.answered == ["ROLLBACK"]
    assert site.status["desired"] == 0


def test_the_first_good_release_waits_for_its_test_too(site: Site) -> None:
    result = site.up()
    assert result.code == 0, result.said
    assert site.answered == ["CONTINUE"]
    assert (site.status["rollout"], site.status["healthy"]) == ("COMPLETED", 2)
    assert site.run("plan").json["changes"] is False


def test_another_release_goes_to_the_other_group_and_loses_no_request(site: Site) -> None:
    before = live()
    with change(site, "another version"), site.under_load(clients=2, pause=0.05) as load:
        result = site.up()
        assert result.code == 0, result.said
    assert load.failed == []
    assert load.good > 0
    assert live() != before
    assert site.run("plan").json["scaling"] == [], "requests are counted in the group that serves"


def test_rollback_is_tested_before_users_see_it_too(site: Site) -> None:
    now = site.status["task_definition"]
    back = site.run("rollback", "--yes")
    assert back.code == 0, back.said
    assert site.answered == ["CONTINUE"]
    assert site.status["task_definition"] == back.json["to"] != now


def test_redeploy_takes_the_requests_to_new_tasks_in_the_other_group(site: Site) -> None:
    served, group = site.status["task_definition"], live()
    with site.under_load(clients=2, pause=0.05) as load:
        result = site.run("redeploy", "--yes")
    assert result.code == 0, result.said
    assert load.failed == []
    assert (site.status["task_definition"], site.answered) == (served, ["CONTINUE"])
    assert live() != group


def wrong_answers_seen(site: Site) -> tuple[int, int]:
    """Release a wrong model under load; return how many answers users got, and how many of them were its."""
    right = site.status["model_version"]
    served = site.status["task_definition"]
    with wrong_model(site), site.under_load() as load:
        result = site.up()
    say(f"$ python -m ecs up --yes --json --env blue\n{result.said}")
    assert load.failed == []
    assert result.code == 1, result.said
    assert "is answered by model" in result.json["error"]
    assert result.json["error"].endswith(f"{STACK}:{number(served)} serves again.")
    assert site.status["task_definition"] == served
    return load.good, load.good - load.answers[right]


def test_no_user_sees_a_wrong_model(site: Site) -> None:
    answers, wrong = wrong_answers_seen(site)
    say(f"blue/green: of {answers} answers {wrong} were of the wrong model")
    assert (wrong, site.answered) == (0, ["ROLLBACK"])
    assert answers > 100


def test_both_ways_between_the_strategies_no_request_is_lost(site: Site) -> None:
    """In a rolling release users see a wrong model until the smoke test has asked."""
    if live() == "first":  # a rolling release must follow to the second group, where users' requests go
        with change(site, "to the second group"):
            assert site.up().code == 0
    assert live() == "second"
    site.place.project.set({"strategy": "rolling"})
    with committed(site):
        assert "~ deploymentConfiguration.strategy: BLUE_GREEN → ROLLING" in site.place.ecs("plan", *ENV).out
        with site.under_load(clients=2, pause=0.05) as load:
            result = site.up()
        assert result.code == 0, result.said
        assert load.failed == []
        assert (live(), site.answered) == ("second", [])
        answers, wrong = wrong_answers_seen(site)
        say(f"rolling: of {answers} answers {wrong} were of the wrong model")
        assert wrong > 0
    assert "~ deploymentConfiguration.strategy: ROLLING → BLUE_GREEN" in site.place.ecs("plan", *ENV).out
    with site.under_load(clients=2, pause=0.05) as load:
        result = site.up()
    assert result.code == 0, result.said
    assert load.failed == []
    assert (live(), site.answered) == ("first", ["CONTINUE"])


def test_a_hook_that_nobody_answers_rolls_back_by_itself(site: Site) -> None:
    served = site.status["task_definition"]

    def wait(call: Call) -> None:
        assert call.name != CONTINUE or until(lambda: hook() == "TIMED_OUT", 60)

    with change(site, "an answer that comes too late"):
        site.place.on("before", wait)
        result = site.up()
    assert result.code == 1, result.said
    assert "Nobody let the deployment go on in time" in result.json["error"]
    assert site.status["task_definition"] == served


def test_somebody_s_rollback_while_it_waits_is_told(site: Site) -> None:
    served = site.status["task_definition"]
    other: list[Result] = []

    def roll_back(call: Call) -> None:
        if call.name == CONTINUE:
            other.append(site.place.project.run("rollback", "--yes", *ENV, **site.place.stand_in.environ))

    with change(site, "a release that somebody stops"):
        site.place.on("before", roll_back)
        result = site.up()
    assert other[0].code == 0, other[0].said
    assert result.code == 1, result.said
    assert "Somebody stopped this deployment" in result.json["error"]
    assert site.status["task_definition"] == served


def test_up_goes_on_where_ctrl_c_stopped_it(site: Site) -> None:
    def stop(call: Call) -> None:
        if call.name == CONTINUE:
            process.send_signal(signal.SIGINT)

    with change(site, "a release that is interrupted"):
        site.place.on("before", stop)
        site.place.on("refuse", lambda call: Refusal("Gone", "gone") if call.name == CONTINUE else None)
        with site.place.stand_in.restored(minute_seconds=6.0):  # so that the hook outlasts two runs
            process = site.place.start("up", "--yes", "--json", *ENV)
            stopped = ended(process)
            assert (stopped.code, "run this again to take it up" in stopped.said) == (4, True), stopped.said
            assert hook() == "AWAITING_ACTION"
        site.place.forget()
        result = site.up()
    assert result.code == 0, result.said
    assert site.answered == ["CONTINUE"]
    assert "UpdateService" not in [call.name for call in site.place.calls], "the same deployment went on"


def test_a_rule_deleted_by_hand_is_told_before_anything_begins(site: Site) -> None:
    boto3.client("elbv2").delete_rule(RuleArn=foundation().test_rule_arn)
    with change(site, "a release without its rule"):
        result = site.up()
        assert (result.code, "The test rule of the listener is gone" in result.said) == (2, True), result.said
        assert not {"UpdateService", "RegisterTaskDefinition"} & {call.name for call in site.place.calls}
        site.place.project.set({"strategy": "rolling"})
        with committed(site):
            assert site.up().code == 0, "a rolling release needs no rule"
