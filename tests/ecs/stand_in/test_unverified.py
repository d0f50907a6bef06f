"""A first release that the operator's network can't reach, and the registry's scan before it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from tests.ecs.network import balancing
from tests.ecs.stand_in.conftest import Place
from tests.serving import free_port

STACK, ENV = "perfect-puppy-network", ("--env", "network")
CRITICAL = {
    "name": "CVE-2026-12345",
    "severity": "CRITICAL",
    "attributes": [{"key": "package_name", "value": "openssl"}],
}


@pytest.fixture(scope="module")
def port(place: Place) -> Iterator[int]:
    """Return a port on which the tool expects the load balancer, and nothing listens."""
    port = free_port()
    place.project.append("ecs/settings.toml", f'\n[env.network]\nconnect_to = "127.0.0.1:{port}"\n')
    place.project.replace("ecs/release/smoke.py", "WAIT_SECONDS = 180.0", "WAIT_SECONDS = 1.0")
    place.project.commit()
    yield port
    place.ecs("destroy", "--yes", STACK, *ENV)
    place.project.undo()


def images(real: boto3.Session) -> list[str]:
    described = real.client("ecr").describe_images(repositoryName=STACK)["imageDetails"]
    return [tag for image in described for tag in image["imageTags"]]


@pytest.mark.usefixtures("port")
def test_a_critical_finding_stops_a_release_that_asks_for_it(place: Place) -> None:
    place.stand_in.set(findings=[CRITICAL])
    result = place.ecs("up", "--yes", "--json", "--fail-on-findings", *ENV)
    place.stand_in.set(findings=[])
    assert result.code == 2, result.said
    assert result.json["error"] == "The image has 1 critical finding: CVE-2026-12345 in openssl."
    assert "no service in it" in place.ecs("status", *ENV).err


def test_a_first_release_that_can_not_be_reached_stays_and_is_not_verified(
    place: Place, real: boto3.Session, port: int
) -> None:
    place.forget()
    result = place.ecs("up", "--yes", "--json", *ENV)
    assert result.code == 4, result.said
    assert result.json["error"].startswith("The release serves, and is not verified: GET http://127.0.0.1:")
    assert "python -m ecs up" in result.json["hint"]
    status = place.ecs("status", "--json", *ENV).json
    assert (status["rollout"], status["healthy"], status["good_since"]) == ("COMPLETED", 2, None)
    assert "not verified" in place.ecs("status", *ENV).out
    assert "RegisterScalableTarget" in [call.name for call in place.calls], "it serves, so it scales"
    assert not [tag for tag in images(real) if tag.startswith("good-")]
    assert port


def test_up_tests_it_where_it_can_be_reached_and_changes_nothing_else(
    place: Place, real: boto3.Session, port: int
) -> None:
    place.forget()
    with balancing(place.stand_in.port, https=False, port=port):
        result = place.ecs("up", "--yes", "--json", *ENV)
    assert result.code == 0, result.said
    assert {call.name for call in place.calls if call.changes} <= {
        "CreateChangeSet", "DeleteChangeSet", "PutImage", "TagResource",
    }  # fmt: skip
    status = place.ecs("status", "--json", *ENV).json
    assert datetime.fromisoformat(status["good_since"]) <= datetime.now(UTC)
    assert f"good-{status['image_tag']}" in images(real)


def test_a_failed_release_is_rolled_back_without_reaching_the_service(place: Place, port: int) -> None:
    before: dict[str, Any] = place.ecs("status", "--json", *ENV).json
    place.project.append("webapp/pages/views.py", '\nraise RuntimeError("the flux capacitor is empty")\n')
    place.project.commit()
    result = place.ecs("up", "--yes", "--json", *ENV)
    place.project.undo()
    assert result.code == 1, result.said
    assert result.json["error"].endswith("serves again.")
    assert place.ecs("status", "--json", *ENV).json["task_definition"] == before["task_definition"]
    assert port
