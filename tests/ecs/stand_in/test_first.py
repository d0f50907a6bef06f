"""A first release that fails, a service that somebody deleted, and answers typed at the prompts."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from tests.ecs.stand_in.conftest import Place

STACK, ENV = "perfect-puppy-first", ("--env", "first")


@contextmanager
def bad_code(place: Place) -> Iterator[None]:
    place.project.append("webapp/pages/views.py", '\nraise RuntimeError("the flux capacitor is empty")\n')
    place.project.commit()
    yield
    place.project.undo()


def served(place: Place) -> tuple[str, int, int]:
    status = place.ecs("status", "--json", *ENV).json
    return status["rollout"], status["desired"], status["healthy"]


def test_a_no_changes_nothing(place: Place) -> None:
    result = place.answer("n", "up", *ENV)
    assert (result.code, "Nothing was changed." in result.err) == (2, True), result.said
    assert "Do this? [y/N]" in result.out
    assert place.ecs("status", *ENV).code == 2


def test_a_first_release_that_fails_is_scaled_to_zero(place: Place) -> None:
    with bad_code(place):
        result = place.ecs("up", "--yes", "--json", *ENV)
    assert result.code == 4, result.said
    assert "the flux capacitor is empty" in result.json["error"]
    assert "It was the first release, so the service is scaled to zero." in result.json["error"]
    assert served(place)[1:] == (0, 0)


def test_the_next_release_restores_the_number_of_tasks(place: Place) -> None:
    result = place.answer("y", "up", *ENV)
    assert result.code == 0, result.said
    assert served(place) == ("COMPLETED", 2, 2)


def test_a_deleted_service_is_made_again_and_rolled_back_to_the_good_revision(
    place: Place, real: boto3.Session
) -> None:
    """ECS has no deployment to go back to in a new service, so the tool rolls a bad one back itself."""
    good = place.ecs("status", "--json", *ENV).json["task_definition"]
    real.client("ecs").delete_service(cluster=STACK, service=STACK, force=True)
    gone = place.ecs("status", *ENV)
    assert (gone.code, "no service in it" in gone.err) == (2, True), gone.said
    with bad_code(place):
        result = place.ecs("up", "--yes", "--json", *ENV)
    assert result.code == 1, result.said
    assert result.json["error"].endswith(f"{good.rpartition('/')[2]} serves again.")
    assert served(place) == ("COMPLETED", 2, 2)
    assert place.ecs("status", "--json", *ENV).json["task_definition"] == good


def test_destroy_asks_for_the_name(place: Place) -> None:
    wrong = place.answer("perfect-puppy", "destroy", *ENV)
    assert (wrong.code, "That is not its name." in wrong.err) == (2, True), wrong.said
    assert served(place) == ("COMPLETED", 2, 2)
    assert place.answer(STACK, "destroy", *ENV).code == 0
    assert place.ecs("status", *ENV).code == 2
