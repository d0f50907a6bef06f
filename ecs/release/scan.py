"""What the registry's scan found in an image, and which of it may be released."""

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import UsageError
from ecs.foundation.outputs import Foundation
from ecs.settings import ROOT

WAIVERS_FILE = ROOT / "ecs" / "waivers.toml"
POLL_SECONDS = 3.0
SCAN_SECONDS, NEEDED_SECONDS = 60.0, 300.0
START_SECONDS = 20.0
"""How long a scan on push has to begin before one is started."""

_TOLD = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
ENDED, REASONS = _TOLD["ended"], _TOLD["ended"] | _TOLD["waited_for"]
NOT_FOUND = "ScanNotFoundException"


class Finding(NamedTuple):
    """One weakness that the scan found; of those that the registry only counts the name is empty."""

    name: str
    package: str
    severity: str


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding that may be released, why, and the last day on which it may."""

    finding: str
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: date

    def __post_init__(self) -> None:
        """Refuse one that has ended."""
        if self.until < datetime.now(UTC).date():
            raise ValueError(f"that of {self.finding} ended on {self.until}")


def read_waivers(path: Path = WAIVERS_FILE) -> dict[str, Waiver]:
    """Read the waivers, by the name of the finding.

    Raises:
        UsageError: the file can't be read, holds something else than waivers, or one that has ended.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        waivers = msgspec.convert(document, dict[Literal["waiver"], list[Waiver]])
    except (OSError, ValueError) as error:  # ValueError: it is no UTF-8, no TOML, or no waiver
        raise UsageError(
            f"The waivers in ecs/{path.name} can't be used: {error}.",
            hint="Mend what a waiver is for and remove it, or write it as the file's own example shows.",
        ) from error
    return {waiver.finding: waiver for waiver in waivers.get("waiver", [])}


def findings(aws: Aws, foundation: Foundation, tag: str, *, needed: bool) -> list[Finding]:
    """Wait for the scan of an image; with `needed` for one that has not begun too, and start it.

    Not botocore's waiter: a scan by Amazon Inspector goes on for ever as ACTIVE, which that does not know.

    Raises:
        UsageError: there are no findings; the sentence says why.
        ClientError: AWS refused a call.
    """
    image: Any = {"repositoryName": foundation.repository_name, "imageId": {"imageTag": tag}}
    begun, reason, start = time.monotonic(), NOT_FOUND, False
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
        # ACTIVE is also a scan that has not looked yet; what is told after one tells it apart.
        looked = {"imageScanCompletedAt", "findingSeverityCounts"} & found.keys()
        if status == "COMPLETE" or (status == "ACTIVE" and looked):
            return _read(found)
        elapsed = time.monotonic() - begun
        reason = reason if status == NOT_FOUND else status
        start = needed and reason == NOT_FOUND and elapsed >= START_SECONDS
        waited = elapsed > (NEEDED_SECONDS if needed else SCAN_SECONDS)
        if status in ENDED or waited or (status == NOT_FOUND and not needed):
            raise UsageError(
                f"The registry has no findings for the image {tag}: {REASONS.get(reason, reason)}.",
                hint="See the registry's settings for scanning (Amazon ECR), then run this again.",
            )
        time.sleep(POLL_SECONDS)


def _read(found: Mapping[str, Any]) -> list[Finding]:
    """Read what ECR's own scan found, and Inspector's, and what is only counted."""
    read = []
    for item in [*found.get("findings", []), *found.get("enhancedFindings", [])]:
        told = item.get("packageVulnerabilityDetails", {})
        packages = {package["name"] for package in told.get("vulnerablePackages", [])}
        attributes = {
            attribute["key"]: attribute.get("value", "") for attribute in item.get("attributes", [])
        }
        package = attributes.get("package_name") or ", ".join(sorted(packages))
        read.append(Finding(told.get("vulnerabilityId") or item.get("name", ""), package, item["severity"]))
    uncounted = Counter(found.get("findingSeverityCounts", {}))
    uncounted.subtract(finding.severity for finding in read)
    return read + [Finding("", "", severity) for severity in uncounted.elements()]


def refuse_critical(
    found: Sequence[Finding], waivers: Mapping[str, Waiver], warn: Callable[[str], None]
) -> None:
    """Stop a release whose image has a critical finding that is not waived; warn of those that are.

    Raises:
        UsageError: there is one; the sentence has its name and package.
    """
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
