"""New tasks of the same revision, commands in tasks of their own, and secrets, on a running service."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from tests.ecs.stand_in.conftest import Deployed, Place
from tests.ecs.stand_in.releases import STACK, ended, served

ROWS = r"printf 'home_size,unit\n900,sqft\n-1,sqft\n100,m2\n' > /tmp/homes.csv"


def tasks(**more: Any) -> set[str]:
    return set(boto3.client("ecs").list_tasks(cluster=STACK, **more)["taskArns"])


@contextmanager
def secrets(place: Place) -> Iterator[tuple[str, str]]:
    """Make a secret and a parameter, name both in a commit of the settings, and return their ARNs."""
    secret = boto3.client("secretsmanager").create_secret(Name="a-token", SecretString='{"token": "s3cret"}')
    parameters, name = boto3.client("ssm"), "/perfect-puppy/password"
    parameters.put_parameter(Name=name, Value="open sesame", Type="String")
    arns = secret["ARN"], parameters.get_parameter(Name=name)["Parameter"]["ARN"]
    named = f'[secrets]\nTOKEN = "{arns[0]}:token::"\nPASSWORD = "{arns[1]}"\n'
    place.project.replace("ecs/settings.toml", "[secrets]\n", named)
    place.project.replace("ecs/settings.toml", "[environment]\n", '[environment]\nMAX_IN_FLIGHT = "31"\n')
    place.project.commit()
    yield arns
    place.project.undo()


def test_redeploy_replaces_each_task_by_a_new_one_of_the_same_revision(deployed: Deployed) -> None:
    before, old = served(deployed), tasks(serviceName=STACK)
    with deployed.under_load(clients=2) as load:
        result = deployed.place.ecs("redeploy", "--yes")
    assert result.code == 0, result.said
    assert "serves" in result.out
    assert "from new tasks" in result.out
    new = tasks(serviceName=STACK)
    assert served(deployed) == before
    assert len(new) == len(old)
    assert not new & old
    assert not load.failed


def test_redeploy_and_run_say_what_they_would_do_and_change_nothing(deployed: Deployed) -> None:
    place = deployed.place
    place.forget()
    assert place.ecs("redeploy", "--dry-run", "--json").json["tasks"] == 2
    assert place.ecs("run", "--dry-run", "--json", "--", "check", "-v").json["command"] == ["check", "-v"]
    assert not [call.name for call in place.calls if call.changes or call.name == "RunTask"]


def test_run_verifies_the_model_in_the_image(deployed: Deployed) -> None:
    result = deployed.place.ecs("run", "--", "check")
    assert result.code == 0, result.said
    assert "whole, and gives its known answers" in result.out
    assert result.err.splitlines()[-1] == "exit code 0"


def test_run_scores_a_csv_as_the_api_does(deployed: Deployed) -> None:
    result = deployed.place.ecs("run", "--", "sh", "-c", f"{ROWS}; python -m webapp.score /tmp/homes.csv")
    assert result.code == 0, result.said
    with deployed.client() as client:
        told = client.post(
            "/api/predict/batch?errors=report",
            content="home_size,unit\n900,sqft\n-1,sqft\n100,m2\n",
            headers={"Content-Type": "text/csv"},
        )
    assert result.out.splitlines() == told.text.splitlines()
    assert len(result.out.splitlines()) == 4


@pytest.mark.parametrize(("code", "ours"), [(1, 1), (4, 104), (65, 65)])
def test_the_exit_code_is_the_commands_and_never_one_that_means_that_the_tool_failed(
    deployed: Deployed, code: int, ours: int
) -> None:
    result = deployed.place.ecs("run", "--json", "--", "sh", "-c", f"echo a line; exit {code}")
    assert (result.code, result.json["exit_code"], result.json["task_exit_code"]) == (ours, ours, code)
    assert result.json["lines"] == ["a line"]


def test_ctrl_c_stops_the_task(deployed: Deployed) -> None:
    process = deployed.place.start("run", "--", "sh", "-c", "echo begun; sleep 300")
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    result = ended(process)
    assert result.code == 4
    assert "Stopped, and the task" in result.err
    stopped = boto3.client("ecs").describe_tasks(
        cluster=STACK,
        tasks=[*tasks(desiredStatus="STOPPED") - tasks(serviceName=STACK, desiredStatus="STOPPED")],
    )["tasks"]
    assert any(task["stoppedReason"] == "python -m ecs run" for task in stopped)


def test_a_secret_is_read_by_the_task_and_a_missing_one_is_named(deployed: Deployed) -> None:
    place = deployed.place
    with secrets(place) as arns:
        plan = place.ecs("plan").out
        assert f"secrets[TOKEN].valueFrom: {arns[0]}:token::" in plan
        assert "s3cret" not in plan
        result = deployed.up()
        assert result.code == 0, result.said
        assert "s3cret" not in result.said
        role = boto3.client("iam").list_roles()["Roles"]
        [name] = [item["RoleName"] for item in role if item["RoleName"].startswith(f"{STACK}-ExecutionRole")]
        policy = boto3.client("iam").get_role_policy(RoleName=name, PolicyName="start-a-task")
        [allowed] = [
            item["Resource"]
            for item in policy["PolicyDocument"]["Statement"]
            if "secretsmanager:GetSecretValue" in item["Action"]
        ]
        assert sorted(allowed) == sorted(arns)
        printed = place.ecs("run", "--", "printenv", "TOKEN", "PASSWORD", "MAX_IN_FLIGHT")
        assert printed.out == "s3cret\nopen sesame\n31\n"
        before, manager = served(deployed), boto3.client("secretsmanager")
        manager.delete_secret(SecretId=arns[0])
        refused = place.ecs("run", "--", "check")
        with deployed.under_load(clients=2) as load:
            failed = place.ecs("redeploy", "--yes", "--json")
        status = place.ecs("status", "--json").json
        manager.restore_secret(SecretId=arns[0])  # other tests go back to this revision
    assert refused.code == 4
    assert "The command did not run. A secret of the task does not exist: " in refused.err
    assert failed.code == 1, failed.said
    assert failed.json["error"].startswith("A secret of the task does not exist: ")
    assert failed.json["error"].endswith("serves again.")
    assert (status["task_definition"], status["healthy"], status["left_since"]) == (before, 2, None)
    assert not load.failed
    assert deployed.up().code == 0, "other tests begin with a stack and a revision without the secret"
