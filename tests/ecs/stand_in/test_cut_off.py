"""`up` killed after each of its calls that change something, then run again: it ends well each time."""

import subprocess
from collections import Counter

import pytest

from tests.ecs.stand_in.conftest import Place
from tests.ecs.stand_in.forwarder import Call

ENV = ("--env", "cut")
CALLS = (
    ("CreateChangeSet", 1),
    ("DeleteChangeSet", 1),
    ("CreateChangeSet", 2),
    ("ExecuteChangeSet", 1),
    ("RegisterTaskDefinition", 1),
    ("CreateService", 1),
    ("TagResource", 1),
    ("RegisterScalableTarget", 1),
    ("PutScalingPolicy", 1),
    ("PutScalingPolicy", 2),
)


def killed_after(place: Place, name: str, time: int) -> bool:
    """Run `up`, and kill it in the moment that AWS has done this call; say whether it came to that."""
    place.forget()
    process: subprocess.Popen[str] | None = None
    counts: Counter[str] = Counter()

    def kill(call: Call) -> None:
        counts[call.name] += 1
        if process and call.name == name and counts[name] == time:
            process.kill()

    place.on("after", kill)
    process = place.start("up", "--yes", "--json", *ENV)
    process.communicate()
    place.forget()
    return process.returncode == -9


@pytest.mark.parametrize(("name", "time"), CALLS, ids=[f"{name}-{time}" for name, time in CALLS])
def test_up_goes_on_where_it_was_cut_off(place: Place, name: str, time: int) -> None:
    assert killed_after(place, name, time), f"up made no {name} number {time}"
    again = place.ecs("up", "--yes", "--json", *ENV)
    assert again.code == 0, again.said
    status = place.ecs("status", "--json", *ENV).json
    assert (status["rollout"], status["running"], status["healthy"]) == ("COMPLETED", 2, 2)
    once_more = place.ecs("up", "--yes", "--json", *ENV)
    assert (once_more.code, once_more.json["changes"]) == (0, False), once_more.said
    gone = place.ecs("destroy", "--yes", "perfect-puppy-cut", *ENV)
    assert gone.code == 0, gone.said


def test_these_are_all_the_calls_that_change_something(place: Place) -> None:
    place.forget()
    assert place.ecs("up", "--yes", "--json", *ENV).code == 0
    counts = Counter(call.name for call in place.calls if call.changes)
    assert counts == Counter(name for name, _ in CALLS)
    place.forget()
    assert place.ecs("destroy", "--yes", "perfect-puppy-cut", *ENV).code == 0
