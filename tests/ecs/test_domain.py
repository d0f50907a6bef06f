"""The check of the domain: its hosted zone, the delegation in public DNS, and the certificate."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import Stubber

from ecs import checks
from ecs.aws import Aws
from ecs.checks import Check, CheckContext, run_checks
from ecs.foundation import domain
from ecs.settings import Settings

ZONE = "Z0123456789"
SERVERS = ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"]
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/0123"
Answer = Callable[[Stubber], None]


@contextmanager
def public_dns(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """Run a DNS resolver over HTTP that gives this answer; yield its URL and the paths of its requests."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/resolve", asked
        server.shutdown()


def resolved(*names: str, status: int = 0) -> bytes:
    soa = {"name": "example.org.", "type": 6, "data": "ns-1.awsdns-01.com. x. 1 7200 900 1209600 86400"}
    records = [{"name": "example.org.", "type": 2, "TTL": 60, "data": name} for name in names]
    return json.dumps({"Status": status, "Answer": [soa, *records]}).encode()


@cache
def client(service: str) -> Any:
    return boto3.client(service, "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def look(settings: Settings, *, monkeypatch: pytest.MonkeyPatch, **answers: Answer) -> Check:
    """Run the check of `verify` with these answers of AWS."""
    session = boto3.Session("none", "none", region_name="eu-west-1")
    monkeypatch.setattr(Aws, "client", lambda _self, service: client(service))
    rows = [row for row in checks.CHECKS if row[0] == "domain"]
    monkeypatch.setattr(checks, "CHECKS", rows)
    with Stubber(client("route53")) as route53, Stubber(client("acm")) as acm:
        for answer in answers.values():
            answer(route53 if settings.hosted_zone_id else acm)
        [checked] = run_checks(CheckContext(Aws(settings, session), allow_dirty=False))
    return checked


def zone(name: str = "example.org.", *, private: bool = False) -> Answer:
    answer: dict[str, Any] = {
        "HostedZone": {
            "Id": f"/hostedzone/{ZONE}",
            "Name": name,
            "CallerReference": "x",
            "Config": {"PrivateZone": private},
        }
    }
    if not private:
        answer["DelegationSet"] = {"NameServers": SERVERS}
    return lambda stubber: stubber.add_response("get_hosted_zone", answer, {"Id": ZONE})


def refused(call: str, code: str, message: str) -> Answer:
    return lambda stubber: stubber.add_client_error(call, code, message)


def test_without_a_certificate_nothing_is_checked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = look(settings, monkeypatch=monkeypatch)
    assert (checked.state, checked.detail) == ("OK", "no certificate: plain HTTP")


class TestZone:
    @pytest.fixture
    def in_zone(self, settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, hosted_zone_id=ZONE, domain_name="puppy.example.org")

    @pytest.fixture
    def check(self, in_zone: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Check]:
        def check(answer: Answer, dns: bytes = b"", status: int = 200) -> Check:
            with public_dns(status, dns) as (url, asked):
                monkeypatch.setattr(domain, "RESOLVER", url)
                checked = look(in_zone, monkeypatch=monkeypatch, zone=answer)
                assert asked in ([], ["/resolve?name=example.org.&type=NS"])
            return checked

        return check

    def test_a_public_zone_that_is_delegated_to_passes(self, check: Callable[..., Check]) -> None:
        checked = check(zone(), resolved("NS-1.awsdns-01.com.", "ns-2.awsdns-02.net."))
        assert (checked.state, checked.hint) == ("OK", "")
        assert checked.detail == f"example.org is public and delegated to {ZONE}, and holds puppy.example.org"

    def test_a_private_zone_is_refused(self, check: Callable[..., Check]) -> None:
        checked = check(zone(private=True))
        assert checked.state == "FAIL"
        assert f"The hosted zone {ZONE} (example.org) is private" in checked.detail
        assert "public zone" in checked.hint
        assert checked.error
        assert checked.error.exit_code == 2

    @pytest.mark.parametrize("name", ["example.com.", "le.org.", "www.puppy.example.org."])
    def test_a_zone_that_does_not_hold_the_name_is_refused(
        self, check: Callable[..., Check], name: str
    ) -> None:
        checked = check(zone(name))
        assert checked.state == "FAIL"
        assert "puppy.example.org is not in the hosted zone" in checked.detail

    def test_the_name_of_the_zone_itself_is_in_it(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bare = msgspec.structs.replace(settings, hosted_zone_id=ZONE, domain_name="example.org")
        with public_dns(200, resolved(*SERVERS)) as (url, _):
            monkeypatch.setattr(domain, "RESOLVER", url)
            assert look(bare, monkeypatch=monkeypatch, zone=zone()).state == "OK"

    @pytest.mark.parametrize(
        ("dns", "seen"),
        [
            (resolved(status=3), "no name server that answers"),  # NXDOMAIN: no such name
            (
                resolved(status=2),
                "no name server that answers",
            ),  # SERVFAIL: the name servers refuse, as those of a deleted zone do
            (resolved(), "no name server that answers"),
            (resolved("ns1.registrar.example."), "ns1.registrar.example"),
        ],
    )
    def test_a_zone_that_is_not_delegated_to_is_refused(
        self, check: Callable[..., Check], dns: bytes, seen: str
    ) -> None:
        checked = check(zone(), dns)
        assert checked.state == "FAIL"
        assert f"example.org is not delegated to the hosted zone {ZONE}" in checked.detail
        assert f"public DNS names {seen}." in checked.detail
        assert f"enter {', '.join(SERVERS)}." in checked.hint

    @pytest.mark.parametrize(
        ("dns", "status"),
        [(b"<html>blocked</html>", 403), (b"[]", 200), (resolved(status=5), 200), (b"{}", 200)],
    )
    def test_a_network_that_blocks_public_dns_skips_the_check(
        self, check: Callable[..., Check], dns: bytes, status: int
    ) -> None:
        checked = check(zone(), dns, status)
        assert checked.state == "SKIP"
        assert "example.org is public; whether it is delegated to" in checked.detail

    def test_no_network_skips_the_check(self, in_zone: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        with public_dns(200, b"") as (url, _):
            monkeypatch.setattr(domain, "RESOLVER", url)
        checked = look(in_zone, monkeypatch=monkeypatch, zone=zone())
        assert checked.state == "SKIP"
        assert "can't be seen" in checked.detail

    def test_the_proxy_of_the_environment_is_asked(
        self, in_zone: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with public_dns(200, resolved(*SERVERS)) as (url, asked):
            monkeypatch.setenv("HTTP_PROXY", url.removesuffix("/resolve"))
            monkeypatch.setattr(domain, "RESOLVER", "http://dns.invalid/resolve")
            assert look(in_zone, monkeypatch=monkeypatch, zone=zone()).state == "OK"
        assert asked == ["http://dns.invalid/resolve?name=example.org.&type=NS"]

    def test_a_missing_permission_skips_the_check(self, check: Callable[..., Check]) -> None:
        denied = "User: me is not authorized to perform: route53:GetHostedZone on resource: x"
        checked = check(refused("get_hosted_zone", "AccessDenied", denied))
        assert checked.state == "SKIP"
        assert "may not do route53:GetHostedZone" in checked.detail

    def test_a_zone_that_is_not_there_is_refused(self, check: Callable[..., Check]) -> None:
        checked = check(
            refused("get_hosted_zone", "NoSuchHostedZone", f"No hosted zone found with ID: {ZONE}")
        )
        assert checked.state == "FAIL"
        assert f"No hosted zone found with ID: {ZONE}" in checked.detail


def certificate(status: str = "ISSUED", *names: str) -> Answer:
    all_names = list(names or ["puppy.example.org"])
    described = {
        "CertificateArn": ARN,
        "DomainName": all_names[0],
        "SubjectAlternativeNames": all_names,
        "Status": status,
        "CreatedAt": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return lambda stubber: stubber.add_response(
        "describe_certificate", {"Certificate": described}, {"CertificateArn": ARN}
    )


class TestCertificate:
    @pytest.fixture
    def check(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Check]:
        def check(*answers: Answer, arn: str = ARN) -> Check:
            changed = msgspec.structs.replace(settings, certificate_arn=arn, domain_name="puppy.example.org")
            return look(changed, monkeypatch=monkeypatch, **dict(zip("ab", answers, strict=False)))

        return check

    @pytest.mark.parametrize("names", [(), ("example.org", "puppy.example.org"), ("*.example.org",)])
    def test_a_certificate_issued_for_the_name_passes(
        self, check: Callable[..., Check], names: tuple[str, ...]
    ) -> None:
        assert check(certificate("ISSUED", *names)).state == "OK"

    @pytest.mark.parametrize("names", [("example.org",), ("*.puppy.example.org",), ("*.org",)])
    def test_a_certificate_for_another_name_is_refused(
        self, check: Callable[..., Check], names: tuple[str, ...]
    ) -> None:
        checked = check(certificate("ISSUED", *names))
        assert checked.state == "FAIL"
        assert f"is for {names[0]}, not for puppy.example.org" in checked.detail
        assert "for puppy.example.org that is issued, in eu-west-1" in checked.hint

    @pytest.mark.parametrize("status", ["PENDING_VALIDATION", "EXPIRED", "REVOKED", "FAILED", "INACTIVE"])
    def test_a_certificate_that_is_not_issued_is_refused(
        self, check: Callable[..., Check], status: str
    ) -> None:
        checked = check(certificate(status))
        assert checked.state == "FAIL"
        assert f"is not issued, but {status}." in checked.detail

    def test_a_certificate_of_another_region_is_refused_without_a_call(
        self, check: Callable[..., Check]
    ) -> None:
        checked = check(arn=ARN.replace("eu-west-1", "us-east-1"))
        assert checked.state == "FAIL"
        assert checked.detail == "The certificate is in us-east-1, and the balancer in eu-west-1."

    def test_a_missing_permission_skips_the_check(self, check: Callable[..., Check]) -> None:
        denied = "User: me is not authorized to perform: acm:DescribeCertificate on resource: x"
        checked = check(refused("describe_certificate", "AccessDeniedException", denied))
        assert (checked.state, "acm:DescribeCertificate" in checked.detail) == ("SKIP", True)
