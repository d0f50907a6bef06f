"""`up` and `destroy`, killed after each call that changes something, and run again: they end well."""

import subprocess
from collections import Counter

from tests.ecs.stand_in.conftest import Place
from tests.ecs.stand_in.forwarder import Call

STACK, ENV = "perfect-puppy-cut", ("--env", "cut")
CALLS = (
    ("CreateChangeSet", 1),
    ("DeleteChangeSet", 1),
    ("DeleteStack", 1),
    ("CreateChangeSet", 2),
    ("ExecuteChangeSet", 1),
    ("RegisterTaskDefinition", 1),
    ("CreateService", 1),
    ("TagResource", 1),
    ("RegisterScalableTarget", 1),
    ("PutScalingPolicy", 1),
    ("PutScalingPolicy", 2),
)


def killed_after(place: Place, name: str, time: int, *verb: str) -> bool:
    """Run a verb (`up`) and kill it when AWS has just done this call; say whether it came to that."""
    place.forget()
    process: subprocess.Popen[str] | None = None
    counts: Counter[str] = Counter()

    def kill(call: Call) -> None:
        counts[call.name] += 1
        if process and call.name == name and counts[name] == time:
            process.kill()

    place.on("after", kill)
    process = place.start(*(verb or ("up", "--yes")), *ENV)
    process.communicate()
    place.forget()
    return process.returncode == -9


def test_up_goes_on_wherever_it_was_cut_off(place: Place) -> None:
    """From nothing, and each run killed one call later than the one before, on what that one left behind."""
    for name, time in CALLS:
        assert killed_after(place, name, time), f"up made no {name} number {time}"
    last = place.ecs("up", "--yes", "--json", *ENV)
    assert last.code == 0, last.said
    status = place.ecs("status", "--json", *ENV).json
    assert (status["rollout"], status["running"], status["healthy"]) == ("COMPLETED", 2, 2)
    assert status["task_definition"].endswith("perfect-puppy-cut:1"), "nothing was done twice"
    assert status["good_since"]
    again = place.ecs("up", "--yes", "--json", *ENV)
    assert (again.code, again.json["changes"]) == (0, False), again.said


def test_destroy_goes_on_wherever_it_was_cut_off(place: Place) -> None:
    for name in ("DeregisterScalableTarget", "DeleteService", "BatchDeleteImage", "DeregisterTaskDefinition"):
        assert killed_after(place, name, 1, "destroy", "--yes", STACK), f"destroy made no {name}"
    assert place.ecs("destroy", "--yes", STACK, *ENV).code == 0
    assert "Nothing is there" in place.ecs("destroy", "--yes", STACK, *ENV).out


def test_these_are_all_the_calls_that_change_something(place: Place) -> None:
    assert place.ecs("destroy", "--yes", STACK, *ENV).code == 0
    place.forget()
    assert place.ecs("up", "--yes", "--json", *ENV).code == 0
    counts = Counter(call.name for call in place.calls if call.changes)
    assert counts == Counter(name for name, _ in CALLS)
    place.forget()
    assert place.ecs("destroy", "--yes", STACK, *ENV).code == 0
