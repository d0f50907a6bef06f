"""`acceptance`, whole: killed and taken up again, stopped, failed; and each time all is destroyed."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import msgspec
import pytest

from tests.ecs.project import Result
from tests.ecs.stand_in.conftest import Place
from tests.ecs.stand_in.forwarder import Call, Refusal
from tests.load.clients import say, until

STACK, ENV = "perfect-puppy-acceptance", ("--env", "acceptance")
RUN = ("acceptance", "--yes", "--json", *ENV)
CEILING = 900


@pytest.fixture(scope="module", autouse=True)
def with_github(place: Place, real: boto3.Session) -> Iterator[None]:
    """Set the environment up for GitHub, so that the stack has the two roles."""
    iam = real.client("iam")
    provider = iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )
    place.forget()
    # The tests' own grace period and limit are for one release at a time on an idle machine.
    given = 'github_repository = "somebody/perfect-puppy"\ngrace_seconds = 15\ndeploy_minutes = 5\n'
    place.project.replace("ecs/settings.toml", "[env.acceptance]\n", f"[env.acceptance]\n{given}")
    place.project.commit()
    # Time to ring and to stop, while ECS watches the alarms.
    with place.stand_in.restored(minute_seconds=10.0):
        yield
    place.project.undo()
    # What it has written to be committed, if anything.
    shutil.rmtree(place.project.folder / "tests" / "ecs" / "answers" / "aws", ignore_errors=True)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["OpenIDConnectProviderArn"])


def results(place: Place) -> dict[str, Any]:
    with suppress(FileNotFoundError):
        progress = place.project.folder / ".ecs" / "acceptance" / "progress.json"
        return dict(msgspec.json.decode(progress.read_bytes())["results"])
    return {}


def ended(process: "subprocess.Popen[str]") -> Result:
    try:
        out, err = process.communicate(timeout=CEILING)
    finally:
        process.kill()  # it must not go on beside other tests
    return Result(process.returncode, out, err)


def all_is_destroyed(place: Place) -> bool:
    return "Nothing is there" in place.ecs("destroy", "--yes", STACK, *ENV).said and not results(place)


def test_a_run_goes_on_after_a_kill_and_an_expired_session_and_proves_all_that_is_set_up(
    place: Place, full: bool
) -> None:
    if not full:
        pytest.skip("only with --full: make acceptance-ecs")

    def expire(_: Call) -> Refusal | None:
        """Let the session expire at the first deployment."""
        expired = "UpdateService" in [call.name for call in place.calls]
        return Refusal("ExpiredTokenException", "The security token is expired") if expired else None

    begun = time.monotonic()
    killed = place.start(*RUN)
    assert until(lambda: results(place).get("plan-role", {}).get("state") == "passed", CEILING)
    killed.kill()
    before = results(place)
    killed.communicate()

    place.forget()
    place.on("refuse", expire)
    expired = ended(place.start(*RUN))
    place.forget()
    assert (expired.code, expired.json["destroyed"]) == (4, False), expired.said
    assert results(place)["image-that-exits"]["state"] == "not run"
    assert f"{STACK} is not destroyed, and costs money. Sign in, and run this again." in expired.err

    result = ended(place.start(*RUN))
    say(f"acceptance against the stand-in took {time.monotonic() - begun:.0f} s")
    assert result.code == 0, result.said
    rows = result.json["results"]
    states = {name: row["state"] for name, row in rows.items()}
    assert states.pop("https") == "not run"
    assert set(states.values()) == {"passed"}
    assert not [row["new_words"] for row in rows.values() if row["new_words"]], result.err
    for name in ("first-release", "plan-role"):
        assert rows[name] == before[name], "it was not done again"
    assert result.json["destroyed"]
    assert all_is_destroyed(place)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_destroys_what_it_has_made(place: Place, number: signal.Signals) -> None:
    process = place.start(*RUN)
    clusters = boto3.client("ecs").list_clusters
    # The image is built before, which takes minutes where no layer of it is kept.
    assert until(lambda: STACK in str(clusters()["clusterArns"]) or process.poll() is not None, CEILING)
    process.send_signal(number)
    result = ended(process)
    assert (result.code, result.json["destroyed"]) == (1, True), result.said
    assert {row["state"] for row in result.json["results"].values()} == {"not run"}
    assert all_is_destroyed(place)


def test_after_a_first_release_that_fails_all_is_destroyed(place: Place) -> None:
    place.project.append("webapp/pages/views.py", '\nraise RuntimeError("the flux capacitor is empty")\n')
    place.project.commit()
    result = ended(place.start(*RUN))
    place.project.undo()
    assert (result.code, result.json["destroyed"]) == (1, True), result.said
    first, *others = result.json["results"].values()
    assert first["state"] == "differs"
    assert "the flux capacitor is empty" in first["told"]
    assert {row["state"] for row in others} == {"not run"}
    assert all_is_destroyed(place)


def test_it_does_not_begin_where_somebody_else_has_made_the_stack(place: Place) -> None:
    real = boto3.client("ecr")
    real.create_repository(repositoryName=STACK)
    result = place.ecs(*RUN)
    real.delete_repository(repositoryName=STACK, force=True)
    assert result.code == 2, result.said
    assert f"There is a {STACK} already, which no run from this folder has made." in result.json["error"]
