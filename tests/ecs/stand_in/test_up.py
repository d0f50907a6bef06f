"""`up` in an empty account makes a service that answers right; a second `up` has nothing to do."""

import boto3
import httpx
import pytest

from ecs.foundation.stack import find_foundation
from model.predictor import TOLERANCE, Predictor
from tests.ecs.stand_in.conftest import Deployed, Place
from tests.ecs.stand_in.forwarder import Call


def test_the_address_answers_with_the_right_puppy(deployed: Deployed) -> None:
    project = deployed.place.project
    predictor = Predictor.load(project.folder / "model" / "artifact")
    expected = predictor.predict(predictor.reader.from_json({"home_size": 900}))
    with deployed.client() as client:
        answer = client.post("/api/predict", json={"home_size": 900})
        assert answer.json()["breed"] == expected.key == "dachshund"
        assert abs(answer.json()["probability"] - expected.probability) <= TOLERANCE
        assert "<form" in client.get("/").text


def test_a_second_up_changes_nothing_and_says_so(deployed: Deployed) -> None:
    assert deployed.up().code == 0  # other tests may have left another revision
    again = deployed.up()
    assert again.code == 0, again.said
    assert again.json["changes"] is False, again.said
    assert "Nothing to change" in again.err
    changed = [call.name for call in deployed.place.calls if call.changes]
    assert set(changed) <= {"CreateChangeSet", "DeleteChangeSet"}, "a change set is how to look"


@pytest.fixture(scope="module")
def sent(deployed: Deployed) -> dict[str, Call]:
    """Return the calls of the first `up`, by name."""
    return {call.name: call for call in deployed.first_calls}


def test_the_service_was_made_with_its_tasks_and_is_left_to_the_scaling(sent: dict[str, Call]) -> None:
    created = sent["CreateService"].arguments
    assert created["desiredCount"] == 2
    assert created["launchType"] == "FARGATE"
    assert created["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True
    assert created["deploymentConfiguration"]["alarms"]["rollback"] is True
    assert len(created["deploymentConfiguration"]["alarms"]["alarmNames"]) == 3
    assert sent["RegisterScalableTarget"].arguments["MinCapacity"] == 2
    assert sent["RegisterScalableTarget"].arguments["MaxCapacity"] == 10
    assert sent["RegisterScalableTarget"].arguments["ResourceId"] == (
        "service/perfect-puppy-prod/perfect-puppy-prod"
    )


def test_everything_has_tags(sent: dict[str, Call]) -> None:
    keys = {"Project", "Environment", "ManagedBy"}
    for name in ("CreateService", "RegisterTaskDefinition"):
        assert keys <= {tag["key"] for tag in sent[name].arguments["tags"]}, name
    assert keys <= sent["RegisterScalableTarget"].arguments["Tags"].keys()
    stack = sent["CreateChangeSet"].arguments
    assert keys <= {
        value for name, value in stack.items() if name.startswith("Tags.") and name.endswith("Key")
    }


def test_the_task_is_given_no_secret(sent: dict[str, Call]) -> None:
    [container] = sent["RegisterTaskDefinition"].arguments["containerDefinitions"]
    assert container["secrets"] == []


@pytest.mark.usefixtures("deployed")
def test_a_task_answers_to_the_balancers_name_only_but_for_its_health(real: boto3.Session) -> None:
    """The balancer's health checks use the task's IP address as Host."""
    foundation = find_foundation(real.client("cloudformation"), "perfect-puppy-prod")
    assert foundation
    health = real.client("elbv2").describe_target_health(TargetGroupArn=foundation.target_group_arn)
    target = health["TargetHealthDescriptions"][0]["Target"]
    with httpx.Client(base_url=f"http://{target['Id']}:{target['Port']}") as client:
        assert client.get("/").status_code == 400
        assert client.get("/", headers={"Host": foundation.load_balancer_dns_name.upper()}).status_code == 200
        assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("deployed")
def test_the_tasks_run_as_they_were_described(place: Place) -> None:
    status = place.ecs("status", "--json").json
    assert (status["running"], status["healthy"], status["rollout"]) == (2, 2, "COMPLETED")
    assert status["good_since"]
    assert status["image_tag"] == place.ecs("plan", "--json").json["image_tag"]
