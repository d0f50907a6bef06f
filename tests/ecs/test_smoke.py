"""The smoke test, with the real model on a real server, through networks that work and that do not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ecs.release import smoke as module
from ecs.release.pending_changes import placeholder_foundation
from ecs.release.smoke import Endpoint, SmokeError, UnreachableError, rows_to_ask, service_endpoints, smoke
from ecs.settings import Settings
from model.predictor import Predictor
from tests.ecs.network import CA, Balancer, balancing, proxying
from tests.serving import Server, free_port, running

OF_THE_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
OF_CAS = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CONFIG_FILE", "AWS_PROFILE")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load()


@pytest.fixture(autouse=True)
def nothing_set_and_nothing_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*OF_THE_NETWORK, *OF_CAS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "WAIT_SECONDS", 0)
    monkeypatch.setattr(module, "RETRIES", module.RETRIES.new(backoff_factor=0))


@pytest.fixture
def balancer(server: Server) -> Iterator[Balancer]:
    with balancing(server.port) as balancer:
        yield balancer


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the CA of these tests."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(CA))


def to(name: str, port: int, settings: Settings, *, own_name: str = "127.0.0.1") -> list[Endpoint]:
    """Return the endpoints of a service, by its public name and by that of its load balancer."""
    foundation = replace(
        placeholder_foundation(), url=f"https://{name}:{port}", load_balancer_dns_name=own_name
    )
    return service_endpoints(foundation, settings)


class Warned(list[str]):
    """A list of warnings that can be called to add one."""

    def __call__(self, text: str) -> None:
        self.append(text)


# --- requests, and right and wrong answers ---


def test_a_site_with_the_model_of_this_repository_passes(server: Server, predictor: Predictor) -> None:
    warned = Warned()
    assert smoke([Endpoint(server.url)], predictor, warned) == len(list(rows_to_ask(predictor)))
    assert warned == []


def test_both_sides_of_each_boundary_are_asked_about(predictor: Predictor) -> None:
    asked = [predictor.reader.from_json(row) for row in rows_to_ask(predictor)]
    boundary = predictor.boundaries[0].value
    assert [row.numbers[0] > boundary for row in asked[-2:]] == [False, True]
    assert {predictor.predict(row).key for row in asked} == predictor.problem.by_key.keys()


def test_another_model_is_named(server: Server, predictor: Predictor) -> None:
    other = Predictor.load()
    other.model_version = "0123456789ab"
    with pytest.raises(
        SmokeError, match=f"is answered by model {predictor.model_version}, not by 0123456789ab"
    ):
        smoke([Endpoint(server.url)], other, Warned())


def test_another_model_passes_where_answers_are_not_to_be_compared(server: Server) -> None:
    other = Predictor.load()
    other.model_version = "0123456789ab"
    assert smoke([Endpoint(server.url)], other, Warned(), compare=False) == 0


def test_connect_to_is_opened_in_place_of_the_name(
    server: Server, settings: Settings, predictor: Predictor
) -> None:
    there = msgspec.structs.replace(settings, connect_to=f"127.0.0.1:{server.port}")
    [site] = to("balancer.example", 443, there)
    assert smoke([site], predictor, Warned()) > 0


def test_a_service_that_refuses_its_own_name_is_ready_and_fails(
    tmp_path: Path, settings: Settings, predictor: Predictor
) -> None:
    with running(tmp_path / "log", ALLOWED_HOSTS="balancer.example") as server:
        there = msgspec.structs.replace(settings, connect_to=f"127.0.0.1:{server.port}")
        assert smoke(to("balancer.example", 80, there), predictor, Warned()) > 0
        [other] = to("puppy.example.org", 80, there)
        assert other.ask("GET", "/readyz")[0] == 200
        with pytest.raises(SmokeError, match="answers 400 without the form"):
            smoke([other], predictor, Warned())


def test_a_missing_page_counts_as_an_answer(server: Server) -> None:
    assert Endpoint(server.url).ask("GET", "/nowhere")[0] == 404


def test_a_shed_request_is_sent_again(server: Server, predictor: Predictor) -> None:
    with balancing(server.port, https=False) as balancer:
        balancer.sheds = 1
        assert smoke([Endpoint(f"http://127.0.0.1:{balancer.port}")], predictor, Warned()) > 0


def test_a_connection_that_breaks_off_is_made_again(server: Server, predictor: Predictor) -> None:
    with balancing(server.port, https=False) as balancer:
        balancer.breaks_off = 1
        assert smoke([Endpoint(f"http://127.0.0.1:{balancer.port}")], predictor, Warned()) > 0


# --- proxies, CAs and names ---


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.usefixtures("trusted")
def test_the_proxy_is_used_and_resolves_the_name(
    balancer: Balancer,
    settings: Settings,
    predictor: Predictor,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    warned = Warned()
    with proxying({"puppy.test": balancer.port}) as proxy:
        monkeypatch.setenv(variable, proxy.url.replace("//", "//me:secret@"))
        assert smoke(to("puppy.test", 443, settings), predictor, warned) > 0
        assert set(proxy.asked) == {"puppy.test:443"}
        assert set(proxy.credentials) == {"Basic bWU6c2VjcmV0"}
    assert set(balancer.hosts) == {"puppy.test:443"}
    assert warned == []


def test_a_name_in_no_proxy_is_asked_directly(
    server: Server, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert smoke([Endpoint(server.url)], predictor, Warned()) > 0


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_CONFIG_FILE"])
def test_it_trusts_the_cas_that_botocore_trusts(
    balancer: Balancer,
    settings: Settings,
    predictor: Predictor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    profile = tmp_path / "config"
    profile.write_text(f"[default]\nca_bundle = {CA}\n")
    monkeypatch.setenv(variable, str(profile if variable == "AWS_CONFIG_FILE" else CA))
    assert smoke(to("puppy.test", balancer.port, settings), predictor, Warned()) > 0


def test_it_needs_no_ca_store_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    bundle = Endpoint("https://puppy.test")._pool.connection_pool_kw["ca_certs"]
    assert "BEGIN CERTIFICATE" in Path(bundle).read_text()


@pytest.mark.usefixtures("trusted")
def test_the_load_balancer_is_asked_if_the_name_is_not_found(
    balancer: Balancer, settings: Settings, predictor: Predictor
) -> None:
    warned = Warned()
    assert smoke(to("puppy.test", balancer.port, settings), predictor, warned) > 0
    assert set(balancer.hosts) == {f"puppy.test:{balancer.port}"}
    assert set(balancer.names) == {"puppy.test"}
    [warning] = warned
    assert "Failed to resolve 'puppy.test'" in warning
    assert "make it a CNAME of 127.0.0.1" in warning


@pytest.mark.usefixtures("trusted")
def test_a_name_that_leads_elsewhere_passes_if_the_load_balancer_answers_right(
    balancer: Balancer,
    settings: Settings,
    predictor: Predictor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warned = Warned()
    with balancing(free_port()) as old, proxying({"puppy.test": old.port}) as proxy:
        old.itself = (404, {"Server": "nginx"}, b"the site of before")
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert smoke(to("puppy.test", balancer.port, settings), predictor, warned) > 0
    assert "is answered 404 by another than the service (Server: nginx)" in warned[0]


@pytest.mark.usefixtures("trusted")
def test_a_wrong_answer_of_the_load_balancer_fails_if_the_name_does_not_answer(
    balancer: Balancer, settings: Settings, predictor: Predictor
) -> None:
    balancer.itself = (503, {"Server": "awselb/2.0"}, b"no task")
    with pytest.raises(SmokeError, match="/readyz answers 503, not 200"):
        smoke(to("puppy.test", balancer.port, settings), predictor, Warned())


@pytest.mark.usefixtures("trusted")
def test_a_wrong_answer_by_the_name_fails_at_once(
    server: Server,
    balancer: Balancer,
    settings: Settings,
    predictor: Predictor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with balancing(server.port) as wrong, proxying({"puppy.test": wrong.port}) as proxy:
        wrong.itself = (200, {"X-Request-ID": "1"}, b"not the form")
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(SmokeError, match="answers 200 without the form"):
            smoke(to("puppy.test", balancer.port, settings), predictor, Warned())
    assert balancer.hosts == []


@pytest.mark.usefixtures("trusted")
def test_a_wrong_answer_by_the_name_fails_if_the_load_balancer_does_not_answer(
    balancer: Balancer,
    settings: Settings,
    predictor: Predictor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    balancer.itself = (502, {"Server": "awselb/2.0"}, b"")
    with proxying({"puppy.test": balancer.port}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(SmokeError, match="/readyz answers 502, not 200"):
            smoke(to("puppy.test", 443, settings, own_name="balancer.test"), predictor, Warned())


# --- networks that block every answer: the release is not verified, and does not count as bad ---


def unverified(sites: list[Endpoint], predictor: Predictor) -> str:
    with pytest.raises(UnreachableError) as refused:
        smoke(sites, predictor, Warned())
    assert refused.value.exit_code == 4
    assert str(refused.value).startswith("The release serves, and is not verified: GET https://")
    assert "python -m ecs up" in refused.value.hint
    assert "AWS_CA_BUNDLE" in refused.value.hint
    return str(refused.value)


def test_no_name_is_found(settings: Settings, predictor: Predictor) -> None:
    said = unverified(to("puppy.test", 443, settings, own_name="balancer.test"), predictor)
    assert "'puppy.test'" in said
    assert "'balancer.test'" in said


def test_connections_are_refused(settings: Settings, predictor: Predictor) -> None:
    assert "refused" in unverified(to("127.0.0.1", free_port(), settings), predictor)


def test_a_ca_of_the_network_is_not_known(
    balancer: Balancer, settings: Settings, predictor: Predictor
) -> None:
    said = unverified(to("puppy.test", balancer.port, settings), predictor)
    assert "CERTIFICATE_VERIFY_FAILED" in said


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name(balancer: Balancer, settings: Settings, predictor: Predictor) -> None:
    said = unverified(to("other.test", balancer.port, settings), predictor)
    assert "not valid for 'other.test'" in said


@pytest.mark.usefixtures("trusted")
def test_a_clock_that_is_wrong(server: Server, settings: Settings, predictor: Predictor) -> None:
    with balancing(server.port, "not-yet-valid.pem") as early:
        sites = to("puppy.test", early.port, settings)
        assert "certificate is not yet valid" in unverified(sites, predictor)


@pytest.mark.parametrize("status", [403, 407, 502, 503])
def test_a_proxy_refuses_both_names(
    settings: Settings, predictor: Predictor, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with proxying({}, status=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = unverified(to("puppy.test", 443, settings, own_name="balancer.test"), predictor)
    assert f"Tunnel connection failed: {status}" in said
    assert {"puppy.test:443", "balancer.test:443"} <= set(proxy.asked)


@pytest.mark.parametrize("status", [200, 302, 403, 407, 502, 503])
def test_a_proxy_answers_in_the_place_of_a_site_without_https(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with proxying({}, status=status) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(UnreachableError, match=f"is answered {status} by another than the service"):
            smoke([Endpoint("http://balancer.test")], predictor, Warned())


@pytest.mark.usefixtures("trusted")
def test_a_filter_answers_under_a_ca_that_is_trusted(
    balancer: Balancer, settings: Settings, predictor: Predictor
) -> None:
    balancer.itself = (403, {"Server": "filter"}, b"blocked by your company")
    assert "is answered 403" in unverified(to("puppy.test", balancer.port, settings), predictor)


@pytest.mark.parametrize(
    "address", ["socks5://127.0.0.1:9", "http://127.0.0.1:9", "not an address", "http://[::"]
)
def test_a_proxy_that_can_not_be_used(
    settings: Settings, predictor: Predictor, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    unverified(to("puppy.test", 443, settings), predictor)


@pytest.mark.parametrize("bundle", ["/nonexistent", "/", "/dev/null"])
def test_a_ca_bundle_that_can_not_be_used(
    balancer: Balancer,
    settings: Settings,
    predictor: Predictor,
    monkeypatch: pytest.MonkeyPatch,
    bundle: str,
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
    unverified(to("puppy.test", balancer.port, settings), predictor)


def test_the_password_of_the_proxy_is_not_printed(
    settings: Settings, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxying({}, status=407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:secret@"))
        assert "secret" not in unverified(to("puppy.test", 443, settings), predictor)
