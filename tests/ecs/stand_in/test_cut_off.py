"""`up` and `destroy` succeed when they are run again after a kill at any call that changes something."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable

import boto3
import pytest

from tests.ecs.stand_in.conftest import Deployed, Place
from tests.ecs.stand_in.forwarder import Call

STACK, ENV = "perfect-puppy-cut", ("--env", "cut")
CALLS = (
    ("CreateChangeSet", 1),
    ("DeleteChangeSet", 1),
    ("DeleteStack", 1),
    ("docker build", 1),
    ("CreateChangeSet", 2),
    ("ExecuteChangeSet", 1),
    ("docker push", 1),
    ("RegisterTaskDefinition", 1),
    ("CreateService", 1),
    ("PutImage", 1),
    ("TagResource", 1),
    ("RegisterScalableTarget", 1),
    ("PutScalingPolicy", 1),
    ("PutScalingPolicy", 2),
)
# A docker command that kills its caller after it has done the named command.
CUTTING_DOCKER = """#!/bin/sh
"$REAL_DOCKER" "$@"
code=$?
[ "docker $1" = "$CUT_AFTER" ] && kill -KILL $PPID
exit $code
"""


Kill = Callable[..., bool]


@pytest.fixture(scope="module")
def killed_after(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Kill:
    """Runs a command (`up`), kills it right after a call, and returns whether that call came."""
    docker = tmp_path_factory.mktemp("cutting") / "docker"
    docker.write_text(CUTTING_DOCKER)
    docker.chmod(0o755)
    real = shutil.which("docker")
    assert real

    def run(name: str, time: int, *command: str) -> bool:
        process: subprocess.Popen[str] | None = None
        counts: Counter[str] = Counter()

        def kill(call: Call) -> None:
            counts[call.name] += 1
            if process and call.name == name and counts[name] == time:
                process.kill()

        place.forget()
        place.on("after", kill)
        path = f"{docker.parent}:{os.environ['PATH']}"
        process = place.start(
            *(command or ("up", "--yes")), *ENV, PATH=path, REAL_DOCKER=real, CUT_AFTER=name
        )
        process.communicate()
        place.forget()
        return process.returncode == -9

    return run


def ends_well(place: Place) -> None:
    """Check that another run succeeds, does nothing twice, and leaves the next one nothing to do."""
    last = place.ecs("up", "--yes", "--json", *ENV)
    assert last.code == 0, last.said
    status = place.ecs("status", "--json", *ENV).json
    assert (status["rollout"], status["running"], status["healthy"]) == ("COMPLETED", 2, 2)
    revisions = boto3.client("ecs").list_task_definitions(familyPrefix=STACK, status="ACTIVE")
    assert revisions["taskDefinitionArns"] == [status["task_definition"]], "nothing was done twice"
    assert status["good_since"]
    again = place.ecs("up", "--yes", "--json", *ENV)
    assert (again.code, again.json["changes"]) == (0, False), again.said


def destroyed(place: Place) -> None:
    assert place.ecs("destroy", "--yes", STACK, *ENV).code == 0


def test_up_completes_after_a_kill_at_any_call(place: Place, killed_after: Kill, full: bool) -> None:
    """Kill `up` after each call in turn.

    With --full, each killed run begins in an empty account and is followed by one that completes. Otherwise
    each run continues what the killed one before has left, is killed one call later, and the last completes.
    """
    for name, time in CALLS:
        assert killed_after(name, time), f"up made no {name} number {time}"
        if full:
            ends_well(place)
            destroyed(place)
    ends_well(place)


def test_destroy_completes_after_a_kill_at_any_call(place: Place, killed_after: Kill) -> None:
    for name in ("DeregisterScalableTarget", "DeleteService", "DeleteRepository", "DeregisterTaskDefinition"):
        assert killed_after(name, 1, "destroy", "--yes", STACK), f"destroy made no {name}"
    destroyed(place)
    assert "Nothing is there" in place.ecs("destroy", "--yes", STACK, *ENV).out


def test_these_are_all_the_calls_that_change_something(deployed: Deployed) -> None:
    counts = Counter(call.name for call in deployed.first_calls if call.changes)
    assert counts == Counter(name for name, _ in CALLS if not name.startswith("docker"))
