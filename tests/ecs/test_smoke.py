"""The smoke test, against a real server with the real model, and with another."""

from pathlib import Path

import msgspec
import pytest

from ecs.errors import UsageError
from ecs.release.changes import unknown_foundation
from ecs.release.smoke import Site, SmokeError, check_name, home_sizes, see_form, smoke
from ecs.settings import Settings
from model.predictor import Predictor
from tests.serving import Server, running


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load()


def test_a_site_with_the_model_of_this_repository_passes(
    server: Server, settings: Settings, predictor: Predictor
) -> None:
    assert smoke(Site(server.url, settings), predictor) == len(list(home_sizes(predictor)))


def test_it_asks_on_both_sides_of_each_boundary(predictor: Predictor) -> None:
    breeds = [predictor.predict(size).breed for size in home_sizes(predictor)]
    assert set(breeds) == {breed.key for breed in predictor.breeds}


def test_another_model_is_named(server: Server, settings: Settings, predictor: Predictor) -> None:
    other = Predictor.load()
    other.model_version = "0123456789ab"
    with pytest.raises(
        SmokeError, match=f"is answered by model {predictor.model_version}, not by 0123456789ab"
    ):
        smoke(Site(server.url, settings), other)


def test_an_address_is_opened_in_the_place_of_the_name(
    server: Server, settings: Settings, predictor: Predictor
) -> None:
    there = msgspec.structs.replace(settings, connect_to=f"127.0.0.1:{server.port}")
    assert smoke(Site("http://balancer.example", there), predictor) > 0


def test_a_site_that_does_not_know_its_name_is_ready_and_does_not_pass(
    tmp_path: Path, settings: Settings, predictor: Predictor
) -> None:
    with running(tmp_path / "log", ALLOWED_HOSTS="balancer.example") as server:
        there = msgspec.structs.replace(settings, connect_to=f"127.0.0.1:{server.port}")
        assert smoke(Site("http://balancer.example", there), predictor) > 0
        other = Site("http://puppy.example.org", there)
        other.wait_until_ready(0)
        with pytest.raises(SmokeError, match="answers 400 without the form"):
            see_form(other)


def test_no_answer_is_a_sentence_with_the_address(settings: Settings) -> None:
    with pytest.raises(SmokeError, match=r"^GET http://127\.0\.0\.1:9/readyz gets no answer: .*, for 0 s$"):
        Site("http://127.0.0.1:9", settings).wait_until_ready(0)


def test_a_page_that_is_missing_is_a_sentence(server: Server, settings: Settings) -> None:
    status, _ = Site(server.url, settings).ask("GET", "/nowhere")
    assert status == 404


def test_a_name_that_leads_nowhere_yet_is_refused_with_what_it_must_lead_to(settings: Settings) -> None:
    named = msgspec.structs.replace(settings, domain_name="puppy.invalid", certificate_arn="arn:aws:acm:x")
    with pytest.raises(UsageError, match=r"^puppy\.invalid leads nowhere yet") as refused:
        check_name(named, unknown_foundation())
    assert f"CNAME of {unknown_foundation().load_balancer_dns_name}" in refused.value.hint


def test_a_name_that_is_made_for_us_or_leads_somewhere_is_not(settings: Settings) -> None:
    for given in ({}, {"domain_name": "localhost"}, {"domain_name": "puppy.invalid", "hosted_zone_id": "Z1"}):
        check_name(msgspec.structs.replace(settings, **given), unknown_foundation())
