"""The findings of the registry's scan of an image, and the waivers that let some of them pass."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import UsageError
from ecs.foundation.stack_outputs import Foundation
from ecs.settings import ROOT

WAIVERS_FILE = ROOT / "ecs" / "waivers.toml"
POLL_SECONDS = 3.0
SCAN_SECONDS, NEEDED_SECONDS = 60.0, 300.0
START_SECONDS = 20.0
"""How long to wait for a scan on push to begin before starting one."""

_TABLE = msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes())
ENDED, REASONS = _TABLE["ended"], _TABLE["ended"] | _TABLE["waited_for"]
NOT_FOUND = "ScanNotFoundException"


class Finding(NamedTuple):
    """A vulnerability; name and package are empty if the registry only counts it."""

    name: str
    package: str
    severity: str


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Permission to release an image that has a finding, until a day inclusive."""

    finding: str
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: date

    def __post_init__(self) -> None:
        """Raise `ValueError` if the waiver has ended."""
        if self.until < datetime.now(UTC).date():
            raise ValueError(f"that of {self.finding} ended on {self.until}")


def read_waivers(path: Path = WAIVERS_FILE) -> dict[str, Waiver]:
    """Read the waivers, by the names of their findings.

    Raises `UsageError` if the file can't be read, is not a list of waivers, or has one that has ended.
    """
    try:
        document = msgspec.toml.decode(path.read_bytes())
        waivers = msgspec.convert(document, dict[Literal["waiver"], list[Waiver]])
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, TOML or a valid waiver
        raise UsageError(
            f"The waivers in ecs/{path.name} can't be used: {error}.",
            hint="Mend what a waiver is for and remove it, or write it as the file's own example shows.",
        ) from error
    return {waiver.finding: waiver for waiver in waivers.get("waiver", [])}


def wait_for_findings(aws: Aws, foundation: Foundation, tag: str, *, required: bool) -> list[Finding]:
    """Wait for the scan of an image and return its findings.

    With `required`, wait longer, also for a scan that has not begun, and start one if necessary. Botocore's
    waiter does not know the status ACTIVE, in which scans by Amazon Inspector stay for ever. Raises
    `UsageError` with the reason if there are no findings.
    """
    image: Any = {"repositoryName": foundation.repository_name, "imageId": {"imageTag": tag}}
    started, reason, start = time.monotonic(), NOT_FOUND, False
    while True:
        try:
            if start:
                aws.ecr.start_image_scan(**image)
            pages = aws.ecr.get_paginator("describe_image_scan_findings").paginate(**image)
            answer = pages.build_full_result()
            status, found = answer["imageScanStatus"]["status"], answer["imageScanFindings"] or {}
        except ClientError as error:
            status, found = error.response["Error"]["Code"], {}
            if status not in REASONS:
                raise
        # ACTIVE can also mean that Inspector has not scanned yet: these keys appear with the first scan.
        scanned = {"imageScanCompletedAt", "findingSeverityCounts"} & found.keys()
        if status == "COMPLETE" or (status == "ACTIVE" and scanned):
            return _read(found)
        elapsed = time.monotonic() - started
        reason = reason if status == NOT_FOUND else status
        start = required and reason == NOT_FOUND and elapsed >= START_SECONDS
        waited = elapsed > (NEEDED_SECONDS if required else SCAN_SECONDS)
        if status in ENDED or waited or (status == NOT_FOUND and not required):
            raise UsageError(
                f"The registry has no findings for the image {tag}: {REASONS.get(reason, reason)}.",
                hint="See the registry's settings for scanning (Amazon ECR), then run this again.",
            )
        time.sleep(POLL_SECONDS)


def _read(found: Mapping[str, Any]) -> list[Finding]:
    """Read the findings of ECR's own scan or Inspector's, and a nameless one for each only counted."""
    read = []
    for item in [*found.get("findings", []), *found.get("enhancedFindings", [])]:
        details = item.get("packageVulnerabilityDetails", {})
        packages = {package["name"] for package in details.get("vulnerablePackages", [])}
        values = {attribute["key"]: attribute.get("value", "") for attribute in item.get("attributes", [])}
        package = values.get("package_name") or ", ".join(sorted(packages))
        name = details.get("vulnerabilityId") or item.get("name", "")
        read.append(Finding(name, package, item["severity"]))
    uncounted = Counter(found.get("findingSeverityCounts", {}))
    uncounted.subtract(finding.severity for finding in read)
    return read + [Finding("", "", severity) for severity in uncounted.elements()]


def refuse_critical(
    found: Sequence[Finding], waivers: Mapping[str, Waiver], warn: Callable[[str], None]
) -> None:
    """Raise `UsageError` if there is a critical finding without a waiver; `warn` of waived ones."""
    refused = []
    for name, package, severity in found:
        if severity == "CRITICAL" and name in waivers:
            warn(f"{name} in {package} is waived until {waivers[name].until}: {waivers[name].reason}")
        elif severity == "CRITICAL":
            refused.append(f"{name or 'one without a name'} in {package or 'an unnamed package'}")
    if refused:
        raise UsageError(
            f"The image has {len(refused)} critical finding{'s' * (len(refused) > 1)}: {'; '.join(refused)}.",
            hint="Update the base image or the lock; or waive it for a time in ecs/waivers.toml.",
        )
