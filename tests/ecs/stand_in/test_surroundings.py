"""Failures around the tool: expired credentials, a wrong clock, two operators, kills, no proxy, no CA store.

In each case no good release is rolled back or lost, nothing is done twice, and the next run succeeds.
"""

import subprocess
import threading
from collections.abc import Iterator

import boto3
import pytest

from tests.ecs.project import Result
from tests.ecs.stand_in.conftest import Deployed, Place
from tests.ecs.stand_in.forwarder import Act, Call, Refusal, Refuse, nothing
from tests.ecs.stand_in.releases import STACK, change, ended, number, served, under_way
from tests.load.clients import until
from tests.serving import free_port

EXPIRED = Refusal("ExpiredTokenException", "The security token included in the request is expired")
CLOCK = Refusal(
    "InvalidSignatureException",
    "Signature expired: 20261126T100000Z is now earlier than 20261126T100500Z (20261126T101000Z - 5 min.)",
)
SKEWED = Refusal(
    "RequestTimeTooSkewed", "The difference between the request time and the current time is too large", 403
)
WORDS = {EXPIRED: "credentials have expired", CLOCK: "clock is wrong", SKEWED: "clock is wrong"}


def refuses_after(name: str, refusal: Refusal) -> Refuse:
    """Refuse all calls after the first one of this name."""
    done = threading.Event()

    def refuse(call: Call) -> Refusal | None:
        if done.is_set():
            return refusal
        if call.name == name:
            done.set()
        return None

    return refuse


def kills_after(name: str, running: "list[subprocess.Popen[str]]") -> Act:
    def kill(call: Call) -> None:
        if call.name == name and running:
            running.pop().kill()

    return kill


def meet_at(name: str) -> Act:
    """Hold the first two calls of a name until both have arrived."""
    barrier = threading.Barrier(2)

    def meet(call: Call) -> None:
        if call.name == name and not barrier.broken:
            try:
                barrier.wait(timeout=40)
            except threading.BrokenBarrierError:
                return
            barrier.abort()

    return meet


def refused(place: Place, name: str, refusal: Refusal, *command: str) -> None:
    """Run a command to which AWS refuses all calls after this one, and check its exit code and message."""
    place.on("refuse", refuses_after(name, refusal))
    result = place.ecs(*command, "--yes", "--json")
    place.on("refuse", nothing)
    assert result.code == 3, result.said
    assert WORDS[refusal] in result.json["error"]
    assert refusal.message in result.json["error"], "AWS's own words"
    assert result.json["hint"]


def killed(place: Place, name: str, *command: str) -> None:
    """Kill a command right after one of its calls."""
    running: list[subprocess.Popen[str]] = []
    place.on("after", kills_after(name, running))
    process = place.start(*command, "--yes", "--json")
    running.append(process)
    process.communicate(timeout=200)
    place.on("after", nothing)
    assert process.returncode == -9, f"{command} made no {name}"


def counted(place: Place, name: str) -> int:
    return [call.name for call in place.calls].count(name)


def revisions() -> list[str]:
    arns = boto3.client("ecs").list_task_definitions(familyPrefix=STACK, status="ACTIVE")
    return list(arns["taskDefinitionArns"])


def deployments() -> int:
    """Return the number of deployments that ECS has begun."""
    listed = boto3.client("ecs").list_service_deployments(cluster=STACK, service=STACK, maxResults=100)
    assert "nextToken" not in listed
    return len(listed["serviceDeployments"])


def settled() -> bool:
    """Return whether no deployment is in progress."""
    [service] = boto3.client("ecs").describe_services(cluster=STACK, services=[STACK])["services"]
    return len(service["deployments"]) == 1 and service["deployments"][0].get("rolloutState") == "COMPLETED"


def good(deployed: Deployed) -> bool:
    return bool(deployed.place.ecs("status", "--json").json["good_since"])


def both(place: Place, *command: str) -> list[Result]:
    """Run a command twice at the same time."""
    processes = [place.start(*command, "--yes", "--json") for _ in range(2)]
    return [ended(process) for process in processes]


def test_credentials_and_clock_that_fail_in_the_middle_lose_nothing(deployed: Deployed) -> None:
    """A release and a rollback of it, each refused or killed several times, later each time."""
    place, before, known, begun = deployed.place, served(deployed), revisions(), deployments()
    with change(deployed), deployed.under_load(clients=2, pause=0.1) as load:
        refused(place, "RegisterTaskDefinition", CLOCK, "up")
        refused(place, "UpdateService", EXPIRED, "up")
        refused(place, "PutImage", SKEWED, "up")
        last = place.ecs("up", "--yes", "--json")
        assert last.code == 0, last.said
        [new] = set(revisions()) - set(known)
        assert (served(deployed), good(deployed)) == (new, True)
        assert (deployments() - begun, counted(place, "StopServiceDeployment")) == (1, 0)

        killed(place, "TagResource", "rollback")
        refused(place, "UpdateService", EXPIRED, "rollback")
        assert until(settled, 60)
        killed(place, "PutImage", "rollback")
        last = place.ecs("rollback", "--yes", "--json")
        assert (last.code, last.json["to"]) == (0, before), last.said
        assert deployments() - begun == 2
        assert (served(deployed), good(deployed)) == (before, True)
    assert load.failed == []


def test_a_rollback_during_a_release_completes_after_a_kill_at_any_call(deployed: Deployed) -> None:
    place, before, begun = deployed.place, served(deployed), deployments()
    with change(deployed, slow=True), deployed.under_load(clients=2, pause=0.1) as load:
        up = place.start("up", "--yes", "--json")
        assert until(lambda: under_way(before), 100)
        killed(place, "TagResource", "rollback")
        killed(place, "StopServiceDeployment", "rollback")
        assert until(settled, 60)
        last = place.ecs("rollback", "--yes", "--json")
        assert (last.code, last.json["to"]) == (0, before), last.said
        assert ended(up).code == 1
        assert (served(deployed), good(deployed)) == (before, True)
        assert deployments() - begun == 1
    assert load.failed == []


def test_two_operators_at_once_do_each_thing_once(deployed: Deployed) -> None:
    place, before, known, begun = deployed.place, served(deployed), revisions(), deployments()
    with change(deployed), deployed.under_load(clients=2, pause=0.1) as load:
        place.on("rewrite", meet_at("RegisterTaskDefinition"))
        ups = both(place, "up")
        assert [up.code for up in ups] == [0, 0], [up.said for up in ups]
        new = min(set(revisions()) - set(known), key=lambda arn: int(number(arn)))
        assert (served(deployed), good(deployed)) == (new, True)
        assert deployments() - begun == 1
        again = place.ecs("up", "--yes", "--json")
        assert (again.code, again.json["changes"]) == (0, False), again.said

        place.on("rewrite", meet_at("UpdateService"))
        backs = both(place, "rollback")
        assert [back.code for back in backs] == [0, 0], [back.said for back in backs]
        assert {back.json["to"] for back in backs} == {before}
        assert (served(deployed), good(deployed)) == (before, True)
        assert deployments() - begun == 2
    assert load.failed == []


@pytest.fixture
def by_name(deployed: Deployed) -> Iterator[Place]:
    """Reach the load balancer by a name, so that the proxy is used for it but not for AWS's address."""
    place = deployed.place
    place.project.set({"connect_to": f"localhost:{place.stand_in.port}"})
    place.project.replace("ecs/release/smoke.py", "WAIT_SECONDS = 180.0", "WAIT_SECONDS = 1.0")
    with change(deployed):
        yield place


def test_the_operators_network_does_not_decide_a_release(deployed: Deployed, by_name: Place) -> None:
    place, before, begun = by_name, served(deployed), deployments()
    with deployed.under_load(clients=2, pause=0.1) as load:
        for proxy in (f"http://127.0.0.1:{free_port()}", "http://proxy.invalid:3128"):
            surrounding = {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy}
            result = ended(place.start("up", "--yes", "--json", **surrounding))
            assert result.code == 4, result.said
            assert result.json["error"].startswith("The release serves, and is not verified: ")
            assert "HTTPS_PROXY" in result.json["hint"]
            assert (served(deployed) != before, good(deployed)) == (True, False)
        bare = {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}
        result = ended(place.start("up", "--yes", "--json", **bare))
        assert (result.code, good(deployed)) == (0, True), result.said
    assert (deployments() - begun, counted(place, "StopServiceDeployment")) == (1, 0)
    assert load.failed == []
    assert place.ecs("rollback", "--yes", "--to", number(before)).code == 0
