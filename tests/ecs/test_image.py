"""What the registry says of an image, in the words of its API: no stand-in scans."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ecs.aws import Aws
from ecs.errors import UsageError
from ecs.release import image
from ecs.release.changes import unknown_foundation
from ecs.settings import Settings

NAME = {"repositoryName": "(from the new foundation)"}


@pytest.fixture
def aws(settings: Settings) -> Aws:
    return Aws(settings, boto3.Session("none", "none", region_name="eu-west-1"))


@pytest.fixture
def ecr(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws.ecr) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def scanned(counts: dict[str, int], status: str = "COMPLETE") -> dict[str, Any]:
    return {"imageScanStatus": {"status": status}, "imageScanFindings": {"findingSeverityCounts": counts}}


def test_an_image_that_is_there(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response("describe_images", {"imageDetails": [{}]}, NAME | {"imageIds": [{"imageTag": "one"}]})
    assert image.is_pushed(aws, unknown_foundation(), "one")


@pytest.mark.parametrize("code", ["ImageNotFoundException", "RepositoryNotFoundException"])
def test_an_image_that_is_not_there(aws: Aws, ecr: Stubber, code: str) -> None:
    ecr.add_client_error("describe_images", code)
    assert not image.is_pushed(aws, unknown_foundation(), "one")


def test_findings_are_counted_by_severity(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response("describe_image_scan_findings", scanned({"HIGH": 2}))
    counts = image.findings(aws, unknown_foundation(), "one")
    assert counts == {"HIGH": 2}
    image.refuse_critical(counts)


def test_a_scan_without_findings_is_not_a_missing_scan(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response("describe_image_scan_findings", scanned({}))
    assert image.findings(aws, unknown_foundation(), "one") == {}


def test_a_scan_that_is_needed_is_waited_for_from_before_its_beginning(
    aws: Aws, ecr: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "POLL_SECONDS", 0)
    ecr.add_client_error("describe_image_scan_findings", "ScanNotFoundException")
    for status in ("PENDING", "IN_PROGRESS", "ACTIVE"):
        ecr.add_response("describe_image_scan_findings", {"imageScanStatus": {"status": status}})
    ecr.add_response("describe_image_scan_findings", scanned({"LOW": 1}, "ACTIVE"))
    assert image.findings(aws, unknown_foundation(), "one", needed=True) == {"LOW": 1}


def test_a_finished_scan_that_counts_nothing_found_nothing(aws: Aws, ecr: Stubber) -> None:
    finished = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": []}}
    ecr.add_response("describe_image_scan_findings", finished)
    assert image.findings(aws, unknown_foundation(), "one") == {}


def test_a_scan_that_failed_has_no_findings(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response("describe_image_scan_findings", {"imageScanStatus": {"status": "FAILED"}})
    assert image.findings(aws, unknown_foundation(), "one", needed=True) is None


def test_an_image_that_was_not_scanned_has_no_findings(aws: Aws, ecr: Stubber) -> None:
    ecr.add_client_error("describe_image_scan_findings", "AccessDeniedException")
    assert image.findings(aws, unknown_foundation(), "one") is None


def test_a_critical_finding_and_a_missing_scan_stop_a_release_that_asks_for_it() -> None:
    with pytest.raises(UsageError, match=r"^The image has 2 critical findings; nothing was released\.$"):
        image.refuse_critical({"CRITICAL": 2, "LOW": 9})
    with pytest.raises(UsageError, match="has not scanned the image"):
        image.refuse_critical(None)
