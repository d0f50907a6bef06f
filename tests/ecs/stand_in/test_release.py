"""A new release under load, and bad releases, which are rolled back with their cause."""

import json
import re
import time
from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.ecs.stand_in.conftest import Deployed
from tests.ecs.stand_in.forwarder import Call
from tests.load.clients import say

STACK = "perfect-puppy-prod"
ENOUGH = 1_000
MB = 1_000_000


def test_a_new_model_and_a_code_change_push_little_and_lose_no_request(deployed: Deployed) -> None:
    project, stand_in = deployed.place.project, deployed.place.stand_in
    before = deployed.place.ecs("status", "--json").json["model_version"]
    project.train(5_000)
    project.append("webapp/http/health.py", "\n# a change\n")
    project.commit()
    pushed_before = stand_in.controls["pushed_bytes"]
    with deployed.under_load() as load:
        result = deployed.up()
        assert result.code == 0, result.said
        deadline = time.monotonic() + 60
        while load.good < ENOUGH and time.monotonic() < deadline:
            time.sleep(0.1)
    assert load.failed == []
    assert load.good >= ENOUGH
    after = deployed.place.ecs("status", "--json").json["model_version"]
    assert load.versions == {before, after}
    assert before != after
    assert (result.json["from_model"], result.json["to_model"]) == (before, after)
    pushed = stand_in.controls["pushed_bytes"] - pushed_before
    say(f"{pushed / MB:.2f} MB pushed, after {pushed_before / MB:.0f} MB for the first release")
    assert 0 < pushed < MB < pushed_before


def crash(deployed: Deployed) -> None:
    deployed.place.project.append(
        "webapp/pages/views.py", '\nraise RuntimeError("the flux capacitor is empty")\n'
    )


def never_healthy(deployed: Deployed) -> None:
    deployed.place.project.set({"grace_seconds": 0})  # the stand-in waits some seconds for it
    deployed.place.project.replace("webapp/http/health.py", "state.predictor.check()", "False")


def too_slow(deployed: Deployed) -> None:
    """ECS waits for a task that starts for ever, so the tool itself rolls back."""
    deployed.place.project.set({"grace_seconds": 120, "deploy_minutes": 0.4})
    deployed.place.project.append("gunicorn.conf.py", "\nimport time\n\ntime.sleep(600)\n")


def too_large(deployed: Deployed) -> None:
    # Filling the memory takes a while, and the stand-in would stop the task as unhealthy first.
    deployed.place.project.set({"grace_seconds": 60})
    deployed.place.project.replace(
        "gunicorn.conf.py", "from gevent", "_ballast = b'x' * (4 << 30)\nfrom gevent", 1
    )


def missing_image(deployed: Deployed) -> None:
    ecr = boto3.client("ecr")

    def delete(call: Call) -> None:
        if call.name == "UpdateService":
            tag = deployed.place.registered_tag
            assert ecr.batch_delete_image(repositoryName=STACK, imageIds=[{"imageTag": tag}])["imageIds"]

    deployed.place.project.append("webapp/http/health.py", "\n# another change\n")
    deployed.place.on("before", delete)


def wrong_setting(deployed: Deployed) -> None:
    def spoil(call: Call) -> None:
        if call.name == "RegisterTaskDefinition":
            [container] = call.arguments["containerDefinitions"]
            container["environment"].append({"name": "MAX_IN_FLIGHT", "value": "many"})

    deployed.place.project.append("webapp/http/health.py", "\n# yet another change\n")
    deployed.place.on("rewrite", spoil)


BAD = [
    (
        crash,
        r"The app ends at its start with exit code [1-9]\d*; the log says: .*the flux capacitor is empty",
    ),
    (never_healthy, r"never pass the balancer's check: no 200 from GET /readyz"),
    (too_slow, r"took longer than deploy_minutes allows"),
    (missing_image, r"The image can't be pulled: .*CannotPull"),
    (wrong_setting, r"The app refuses a setting \(exit code 78\); the log says: .*MAX_IN_FLIGHT must be"),
    (too_large, r"The task was killed \(exit code 137\), most likely for memory"),
]


@pytest.fixture
def committed(deployed: Deployed) -> Iterator[Deployed]:
    yield deployed
    deployed.place.forget()
    deployed.place.project.undo()


@pytest.mark.parametrize(("spoil", "cause"), BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_a_bad_release_is_rolled_back_and_its_cause_is_named(
    committed: Deployed, spoil: Callable[[Deployed], None], cause: str
) -> None:
    place = committed.place
    served = place.ecs("status", "--json").json["task_definition"]
    place.forget()
    spoil(committed)
    place.project.commit()
    with committed.under_load(clients=2, pause=0.1) as load:
        result = place.ecs("up", "--yes", "--json")
    assert result.code == 1, result.said
    assert re.search(cause, result.json["error"]), result.json["error"]
    assert result.json["error"].endswith(f"{served.rpartition('/')[2]} serves again.")
    assert result.json["hint"]
    assert (place.project.folder / result.json["evidence"]).is_file()
    assert "Traceback" not in result.err
    assert load.failed == []
    assert load.good > 0
    now = place.ecs("status", "--json").json
    assert (now["task_definition"], now["rollout"], now["healthy"]) == (served, "COMPLETED", 2)


def test_a_failed_deployment_is_told_to_the_topic(committed: Deployed) -> None:
    place, sns, sqs = committed.place, boto3.client("sns"), boto3.client("sqs")
    queue = sqs.create_queue(QueueName="who-hears-of-it")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    [topic] = [item["TopicArn"] for item in sns.list_topics()["Topics"] if STACK in item["TopicArn"]]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    crash(committed)
    place.project.commit()
    assert place.ecs("up", "--yes").code == 1
    heard = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=queue)
    [said] = [json.loads(message["Body"])["Message"] for message in heard]
    assert re.fullmatch(
        rf'"A deployment of {STACK} failed at \S+: ECS deployment circuit breaker: tasks failed to start\. '
        r"See what serves: python -m ecs status --env prod; what to do about it is in ecs/README.md, under: "
        r'A release failed\."',
        said,
    ), said


def test_a_release_that_answers_wrong_is_rolled_back_by_the_smoke_test(committed: Deployed) -> None:
    place = committed.place
    served = place.ecs("status", "--json").json["task_definition"]
    place.project.replace("webapp/api/views.py", "round(answer.probability,", "round(1 / 3,")
    place.project.commit()
    result = place.ecs("up", "--yes", "--json")
    assert result.code == 1, result.said
    assert "The smoke test failed: POST http://" in result.json["error"]
    assert place.ecs("status", "--json").json["task_definition"] == served


def test_the_first_rollback_after_a_rolled_back_release_only_tests(deployed: Deployed) -> None:
    """So an interrupted rollback can be repeated; the release before this test was rolled back."""
    served = deployed.place.ecs("status", "--json").json["task_definition"]
    again = deployed.place.ecs("rollback", "--yes")
    assert (again.code, "serves again; this only tests it" in again.said) == (0, True), again.said
    assert "Rollout of" not in again.said, "no deployment was started"
    assert deployed.place.ecs("status", "--json").json["task_definition"] == served


def test_rollback_goes_to_the_last_good_revision_and_back(deployed: Deployed) -> None:
    place = deployed.place
    if place.ecs("rollback", "--dry-run").code:  # only one revision exists if this test runs alone
        place.project.append("webapp/http/health.py", "\n# one more change\n")
        place.project.commit()
        assert deployed.up().code == 0
    now = place.ecs("status", "--json").json["task_definition"]
    dry = place.ecs("rollback", "--dry-run", "--json")
    assert place.ecs("status", "--json").json["task_definition"] == now
    back = place.ecs("rollback", "--yes", "--json")
    assert back.code == 0, back.said
    assert back.json["to"] == dry.json["to"] == place.ecs("status", "--json").json["task_definition"] != now
    number = now.rpartition(":")[2]
    forth = place.ecs("rollback", "--to", number, "--yes")
    assert forth.code == 0, forth.said
    assert place.ecs("status", "--json").json["task_definition"] == now
    nowhere = place.ecs("rollback", "--to", "999", "--yes")
    assert nowhere.code == 2
    assert "There is no revision 999." in nowhere.err
