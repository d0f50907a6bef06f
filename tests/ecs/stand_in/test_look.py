"""The commands that only read, on a running service, and a browser test on it."""

import os
import re
import signal
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import boto3
import msgspec

from tests.ecs.stand_in.conftest import Deployed, Place
from tests.ecs.stand_in.forwarder import forwarding
from tests.load.clients import until
from tests.serving import ROOT


def looks_only(place: Place) -> bool:
    return {call.name for call in place.calls if call.changes} <= {
        *("CreateChangeSet", "DeleteChangeSet", "DetectStackDrift")
    }


def test_verify_finds_all_in_order(deployed: Deployed) -> None:
    deployed.place.forget()
    result = deployed.place.ecs("verify", "--json")
    assert result.code == 0, result.said
    states = {check["name"]: check["state"] for check in result.json["checks"]}
    assert set(states.values()) == {"OK"}, result.said
    assert looks_only(deployed.place)


def test_plan_shows_each_field_that_would_change_and_changes_none(deployed: Deployed) -> None:
    place = deployed.place
    place.forget()
    place.project.set({"log_level": "debug", "max_tasks": 7})
    try:
        result = place.ecs("plan", "--allow-dirty")
        there = place.ecs("status", "--json").json
    finally:
        place.project.run_git("checkout", "--quiet", "ecs/settings.toml")
    assert result.code == 0, result.said
    assert "containerDefinitions[web].environment[LOG_LEVEL].value: info → debug" in result.out
    assert "~ MaxCapacity: 10 → 7" in result.out
    assert "stack: no change" in result.out
    assert "WARNING The service answers plain HTTP" in result.out
    assert there["rollout"] == "COMPLETED"
    assert looks_only(place)


def test_plan_shows_values_of_the_stack_and_what_was_changed_by_hand(deployed: Deployed) -> None:
    place, logs = deployed.place, boto3.client("logs")
    assert "changed by hand: no change" in place.ecs("plan").out
    place.forget()
    logs.put_retention_policy(logGroupName="/ecs/perfect-puppy-prod", retentionInDays=7)
    place.project.set({"requests_per_5_minutes": 1000, "alarm_email": "other@example.org"})
    try:
        said, told = place.ecs("plan", "--allow-dirty"), place.ecs("plan", "--allow-dirty", "--json").json
    finally:
        place.project.run_git("checkout", "--quiet", "ecs/settings.toml")
        logs.put_retention_policy(logGroupName="/ecs/perfect-puppy-prod", retentionInDays=30)
    assert said.code == 0, said.said
    assert "+ Firewall (AWS::WAFv2::WebACL)" in said.out
    assert re.search(
        r"changed by hand:\n  ~ LogGroup \(AWS::Logs::LogGroup\)\n +~ RetentionInDays: 30 → 7", said.out
    ), said.out
    [drift] = told["drift"]
    assert (drift["logical_id"], drift["properties"]) == (
        "LogGroup",
        [{"field": "RetentionInDays", "old": "30", "new": "7"}],
    )
    assert looks_only(place)


def test_logs_are_the_tasks_own_lines(deployed: Deployed) -> None:
    with deployed.client() as client:
        mark = client.get("/api/predict", params={"home_size": 1234, "unit": "sqft"}).headers["X-Request-ID"]
    wanted = ("logs", "--since", "1h", "--filter", f'"{mark}"')
    assert until(lambda: mark in deployed.place.ecs(*wanted).out), "the log has it soon"
    result = deployed.place.ecs(*wanted)
    assert result.code == 0, result.said
    [line] = [line for line in result.out.splitlines() if mark in line]
    fields = msgspec.json.decode(line.partition(" ")[2], type=dict[str, object])
    assert (fields["event"], fields["status"], fields["home_size_sqft"]) == ("request", 200, 1234.0)
    assert deployed.place.ecs("logs", "--json").json["lines"]


def read_until(process: "subprocess.Popen[str]", words: str) -> bool:
    """Read a command's lines until one has these words, then send Ctrl-C; return whether one had."""
    assert process.stdout
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        found = any(words in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate()
    finally:
        watchdog.cancel()
    return found


def test_logs_follow_what_comes(deployed: Deployed) -> None:
    process = deployed.place.start("logs", "--follow", "--since", "1m")
    with deployed.client() as client:
        mark = client.get("/api/predict", params={"home_size": 1235}).headers["X-Request-ID"]
    assert read_until(process, mark)
    assert process.returncode == 0


def test_status_is_watched_until_ctrl_c(deployed: Deployed) -> None:
    process = deployed.place.start("status", "--watch")
    assert read_until(process, "2 desired, 2 running, 0 pending, 2 healthy")
    assert process.returncode == 0


def test_status_is_a_dashboard(deployed: Deployed) -> None:
    result = deployed.place.ecs("status")
    assert result.code == 0, result.said
    for words in (deployed.first.json["url"], "2 desired, 2 running, 0 pending, 2 healthy", "good since"):
        assert words in result.out


def test_a_visitors_story_passes_on_it(deployed: Deployed) -> None:
    """The rest of the browser suite does not depend on a balancer, and runs on the image itself."""
    with forwarding(deployed.endpoint, host=deployed.host) as balancer:
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/ui/test_story.py", "-p", "no:cacheprovider"],
            cwd=ROOT,
            env=os.environ | {"BASE_URL": balancer.url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert urlsplit(balancer.url).hostname == "127.0.0.1"
    assert result.returncode == 0, result.stdout[-4000:]
