"""The registry's scan: its findings are waited for, critical ones refused, and waived ones let pass."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import StringShape
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from ecs.aws import Aws
from ecs.errors import NotAllowedError, UsageError, translate
from ecs.release import scan
from ecs.release.pending_changes import placeholder_foundation
from ecs.release.scan import Finding

READ, START = "describe_image_scan_findings", "start_image_scan"
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "POLL_SECONDS", 0)
    monkeypatch.setattr(scan, "START_SECONDS", 0)


def findings(aws: Aws, *, required: bool = True) -> list[Finding]:
    return scan.wait_for_findings(aws, placeholder_foundation(), "one", required=required)


def answer(status: str, **found: Any) -> dict[str, Any]:
    return {"imageScanStatus": {"status": status}} | ({"imageScanFindings": found} if found else {})


def basic(name: str, severity: str, package: str = "openssl") -> dict[str, Any]:
    attributes = [{"key": "package_version", "value": "1"}, {"key": "package_name", "value": package}]
    return {"name": name, "severity": severity, "attributes": attributes}


def enhanced(name: str, severity: str, *packages: str) -> dict[str, Any]:
    told = {"vulnerabilityId": name, "vulnerablePackages": [{"name": package} for package in packages]}
    return {"title": f"{name} - {packages}", "severity": severity, "packageVulnerabilityDetails": told}


# --- reading ---


def test_findings_have_a_name_a_package_and_a_severity(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response(READ, answer("COMPLETE", findings=[basic("CVE-2026-1", "HIGH")]))
    assert findings(aws) == [Finding("CVE-2026-1", "openssl", "HIGH")]


def test_findings_of_inspector_have_them_too(aws: Aws, ecr: Stubber) -> None:
    found = [enhanced("CVE-2026-1", "CRITICAL", "urllib3", "pip", "pip")]
    counts = {"CRITICAL": 1}
    ecr.add_response(READ, answer("ACTIVE", enhancedFindings=found, findingSeverityCounts=counts))
    assert findings(aws) == [Finding("CVE-2026-1", "pip, urllib3", "CRITICAL")]


def test_all_pages_count(aws: Aws, ecr: Stubber) -> None:
    counts = {"findingSeverityCounts": {"LOW": 1, "CRITICAL": 1}}
    first = answer("COMPLETE", findings=[basic("CVE-2026-1", "LOW")], **counts)
    ecr.add_response(READ, first | {"nextToken": "more"})
    ecr.add_response(READ, answer("COMPLETE", findings=[basic("CVE-2026-2", "CRITICAL")], **counts))
    assert [finding.name for finding in findings(aws)] == ["CVE-2026-1", "CVE-2026-2"]


def test_findings_that_are_only_counted_are_kept(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response(READ, answer("COMPLETE", findingSeverityCounts={"CRITICAL": 2}))
    assert findings(aws) == [Finding("", "", "CRITICAL")] * 2


@pytest.mark.parametrize(
    "found",
    [{"findingSeverityCounts": {}}, {"findings": []}, {"imageScanCompletedAt": datetime.now(UTC)}],
)
def test_a_scan_without_findings_counts(aws: Aws, ecr: Stubber, found: dict[str, Any]) -> None:
    ecr.add_response(READ, answer("COMPLETE", **found))
    assert findings(aws) == []


# --- waiting ---


def test_late_findings_are_waited_for(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response(READ, answer("PENDING"))
    ecr.add_response(READ, answer("IN_PROGRESS"))
    ecr.add_response(READ, answer("ACTIVE"))
    ecr.add_response(READ, answer("ACTIVE", findings=[]))
    ecr.add_response(READ, answer("ACTIVE", imageScanCompletedAt=datetime.now(UTC)))
    assert findings(aws) == []


def test_a_scan_on_push_that_begins_late_is_not_started_a_second_time(
    aws: Aws, ecr: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "START_SECONDS", 60)
    ecr.add_client_error(READ, "ScanNotFoundException")
    ecr.add_response(READ, answer("COMPLETE", findings=[]))
    assert findings(aws) == []


def test_a_scan_that_does_not_begin_by_itself_is_started(aws: Aws, ecr: Stubber) -> None:
    ecr.add_client_error(READ, "ScanNotFoundException")
    ecr.add_response(START, answer("IN_PROGRESS"))
    ecr.add_response(READ, answer("IN_PROGRESS"))
    ecr.add_response(READ, answer("COMPLETE", findings=[]))
    assert findings(aws) == []


@pytest.mark.parametrize("code", ["LimitExceededException", "ValidationException"])
def test_a_scan_that_can_not_be_started_is_still_waited_for(aws: Aws, ecr: Stubber, code: str) -> None:
    ecr.add_client_error(READ, "ScanNotFoundException")
    ecr.add_client_error(START, code)
    ecr.add_client_error(READ, "ScanNotFoundException")
    ecr.add_response(READ, answer("COMPLETE", findings=[]))
    assert findings(aws) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("LimitExceededException", "ECR starts one scan a day of an image"),
        ("ValidationException", "add the repository to the registry's filters"),
    ],
)
def test_the_error_after_a_timeout_has_the_reason(
    aws: Aws, ecr: Stubber, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    monkeypatch.setattr(scan, "NEEDED_SECONDS", 0)
    ecr.add_client_error(READ, code)  # as it would come from the start
    with pytest.raises(UsageError, match=words):
        findings(aws)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("FAILED", "the scan failed"),
        ("UNSUPPORTED_IMAGE", "operating system or kind can't be scanned"),
        ("SCAN_ELIGIBILITY_EXPIRED", "older than Amazon Inspector is set to scan"),
        ("FINDINGS_UNAVAILABLE", "can't give them now"),
        ("LIMIT_EXCEEDED", "a quota of scans"),
        ("IMAGE_ARCHIVED", "it is archived"),
        ("IMAGE_SIZE_EXCEEDED", "too large"),
    ],
)
def test_a_scan_that_has_failed_is_not_waited_for(aws: Aws, ecr: Stubber, status: str, words: str) -> None:
    ecr.add_response(READ, answer(status))
    with pytest.raises(UsageError, match=f"no findings for the image one: .*{words}"):
        findings(aws)


@pytest.mark.parametrize(
    ("code", "words"),
    [("UnsupportedImageTypeException", "images of its kind"), ("ImageArchivedException", "archived")],
)
def test_an_image_that_can_not_be_scanned_is_not_waited_for(
    aws: Aws, ecr: Stubber, code: str, words: str
) -> None:
    ecr.add_client_error(READ, "ScanNotFoundException")
    ecr.add_client_error(START, code)
    with pytest.raises(UsageError, match=words):
        findings(aws)


def test_every_status_that_ecr_knows_has_its_sentence(aws: Aws) -> None:
    known = aws.ecr.meta.service_model.shape_for("ScanStatus")
    assert isinstance(known, StringShape)
    assert set(known.enum) - {"COMPLETE"} <= set(scan.REASONS)


def test_a_scan_that_is_not_required_is_neither_started_nor_awaited(aws: Aws, ecr: Stubber) -> None:
    ecr.add_client_error(READ, "ScanNotFoundException")
    with pytest.raises(UsageError, match="no scan of it has begun"):
        findings(aws, required=False)


@pytest.mark.parametrize("denied", ["ecr:DescribeImageScanFindings", "inspector2:ListFindings"])
def test_a_denied_read_raises_its_own_error(aws: Aws, ecr: Stubber, denied: str) -> None:
    message = f"User: arn:me is not authorized to perform: {denied} on resource: x"
    ecr.add_client_error(READ, "AccessDeniedException", message)
    with pytest.raises(ClientError) as refused:
        findings(aws)
    told = translate(refused.value)
    assert isinstance(told, NotAllowedError)
    assert denied in str(told)


def test_a_denied_start_raises_its_own_error(aws: Aws, ecr: Stubber) -> None:
    ecr.add_client_error(READ, "ScanNotFoundException")
    ecr.add_client_error(START, "AccessDeniedException", "not authorized to perform: ecr:StartImageScan")
    with pytest.raises(ClientError, match="ecr:StartImageScan"):
        findings(aws)


# --- critical findings and waivers ---


def waiver(name: str, days: int = 0, reason: str = "not reached") -> str:
    until = TODAY + timedelta(days=days)
    return f'[[waiver]]\nfinding = "{name}"\nreason = "{reason}"\nuntil = {until}\n'


def read(tmp_path: Path, text: str) -> dict[str, scan.Waiver]:
    path = tmp_path / "waivers.toml"
    path.write_text(text)
    return scan.read_waivers(path)


def gate(found: list[Finding], waivers: dict[str, scan.Waiver]) -> list[str]:
    warned: list[str] = []
    scan.refuse_critical(found, waivers, warned.append)
    return warned


CRITICAL = Finding("CVE-2026-1", "openssl", "CRITICAL")


def test_what_is_not_critical_passes() -> None:
    assert gate([Finding("CVE-2026-1", "openssl", "HIGH")], {}) == []


def test_a_critical_finding_stops_a_release_with_its_name_its_package_and_what_to_do() -> None:
    with pytest.raises(UsageError) as refused:
        gate([CRITICAL, Finding("", "", "CRITICAL")], {})
    assert str(refused.value) == (
        "The image has 2 critical findings: CVE-2026-1 in openssl; one without a name in an unnamed package."
    )
    assert "ecs/waivers.toml" in refused.value.hint


def test_a_waived_finding_passes_with_a_warning(tmp_path: Path) -> None:
    [told] = gate([CRITICAL], read(tmp_path, waiver("CVE-2026-1")))
    assert told == f"CVE-2026-1 in openssl is waived until {TODAY}: not reached"


def test_a_waiver_is_for_its_own_finding(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has 1 critical finding: CVE-2026-1 in"):
        gate([CRITICAL, Finding("CVE-2026-2", "pip", "CRITICAL")], read(tmp_path, waiver("CVE-2026-2")))


def test_a_waiver_that_has_ended_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"that of CVE-2026-1 ended on {TODAY - timedelta(days=1)}"):
        read(tmp_path, waiver("CVE-2026-2") + waiver("CVE-2026-1", days=-1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (waiver("CVE-2026-1") + 'who = "me"', "unknown field `who`"),
        (waiver("CVE-2026-1", reason=""), "length >= 1"),
        ('[[waiver]]\nfinding = "CVE-2026-1"\nreason = "x"', "missing required field `until`"),
        ('[[waiver]]\nfinding = "CVE-2026-1"\nreason = "x"\nuntil = "never"', "Invalid RFC3339"),
        ('[[waivers]]\nfinding = "CVE-2026-1"', "'waivers'"),
        ("waiver = 1", "Expected `array`"),
        ("[[waiver]", "line 1"),
    ],
)
def test_an_invalid_waiver_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        read(tmp_path, text)
    assert "example" in refused.value.hint


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        scan.read_waivers(tmp_path / "waivers.toml")


@given(st.binary())
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("waivers") / "waivers.toml"
    path.write_bytes(content)
    with suppress(UsageError):
        scan.read_waivers(path)


def test_the_file_of_this_repository_waives_nothing_and_its_example_is_one(tmp_path: Path) -> None:
    assert scan.read_waivers() == {}
    text = scan.WAIVERS_FILE.read_text()
    example = "\n".join(line.removeprefix("# ") for line in text.partition("#\n")[2].splitlines())
    [name] = read(tmp_path, example.replace("2026-12-31", str(TODAY)))
    assert name == "CVE-2026-12345"
