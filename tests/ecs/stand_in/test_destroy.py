"""`destroy` leaves nothing, and can be run again."""

import subprocess

import boto3
import pytest

from tests.ecs.stand_in.conftest import Place
from tests.load.clients import until

STACK, ENV = "perfect-puppy-gone", ("--env", "gone")


@pytest.fixture(scope="module")
def gone(place: Place) -> Place:
    place.forget()
    assert place.ecs("up", "--yes", "--json", *ENV).code == 0
    refused = place.ecs("destroy", "--yes", "perfect-puppy-prod", *ENV)
    assert refused.code == 2
    assert "this would remove 'perfect-puppy-gone'; nothing was changed." in refused.err
    unasked = place.ecs("destroy", *ENV)
    assert (unasked.code, "Add --yes perfect-puppy-gone" in unasked.err) == (2, True)
    assert place.ecs("destroy", "--dry-run", *ENV).code == 0
    assert place.ecs("status", "--json", *ENV).json["healthy"] == 2
    result = place.ecs("destroy", "--yes", STACK, *ENV)
    assert result.code == 0, result.said
    return place


@pytest.mark.usefixtures("gone")
def test_nothing_is_left(real: boto3.Session) -> None:
    stacks = real.client("cloudformation").list_stacks()["StackSummaries"]
    states = [stack["StackStatus"] for stack in stacks if stack["StackName"] == STACK]
    assert set(states) <= {"DELETE_COMPLETE"}
    ecs = real.client("ecs")
    assert not [arn for arn in ecs.list_clusters()["clusterArns"] if STACK in arn]
    assert ecs.list_task_definitions(familyPrefix=STACK, status="ACTIVE")["taskDefinitionArns"] == []
    repositories = real.client("ecr").describe_repositories()["repositories"]
    assert STACK not in [repository["repositoryName"] for repository in repositories]
    groups = real.client("logs").describe_log_groups()["logGroups"]
    assert not [group for group in groups if STACK in group["logGroupName"]]
    balancers = real.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert not [balancer for balancer in balancers if STACK in balancer["LoadBalancerName"]]


@pytest.mark.usefixtures("gone")
def test_no_container_is_left() -> None:
    """As on AWS, a container ends some seconds after its task was stopped."""

    def gone() -> bool:
        listed = subprocess.run(
            ["docker", "ps", "--format", "{{.Image}}"], capture_output=True, text=True, check=True
        )
        return STACK not in listed.stdout

    assert until(gone, 30)


def test_it_can_be_run_again(gone: Place) -> None:
    again = gone.ecs("destroy", "--yes", STACK, *ENV)
    assert again.code == 0
    assert "Nothing is there" in again.out


@pytest.mark.parametrize("command", ["status", "logs", "rollback"])
def test_commands_that_need_a_service_say_there_is_none(gone: Place, command: str) -> None:
    result = gone.ecs(command, *ENV)
    assert result.code == 2
    assert f"There is no stack {STACK} in us-east-1." in result.err
    assert "python -m ecs up" in result.err
