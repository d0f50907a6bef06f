"""The image in the registry: whether it is there, its push, and what the registry's scan found."""

import base64
import time
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import DeployError, UsageError
from ecs.foundation.outputs import Foundation
from ecs.release import docker, record
from ecs.release.revision import Revision

POLL_SECONDS = 3.0
SCAN_SECONDS, NEEDED_SECONDS = 60.0, 300.0


def is_pushed(aws: Aws, foundation: Foundation, tag: str) -> bool:
    """Whether the repository has an image of this tag."""
    try:
        answer = aws.ecr.describe_images(
            repositoryName=foundation.repository_name, imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in {"ImageNotFoundException", "RepositoryNotFoundException"}:
            return False
        raise
    return bool(answer["imageDetails"])


def local_name(aws: Aws, revision: Revision) -> str:
    """Name the image on this machine."""
    return f"{aws.settings.stack}:{revision.tag}"


def build(aws: Aws, revision: Revision, *, pull: bool) -> Path:
    """Build the image for a revision; give the folder with its SBOM and provenance.

    `pull` fetches the newest base image before.
    """
    labels = {
        "org.opencontainers.image.revision": revision.git,
        "org.opencontainers.image.version": revision.tag,
        "perfect-puppy.model-version": revision.model,
    }
    base = record.base_image(aws.settings, pull=pull)
    given = base if pull or aws.settings.base_image else ""
    docker.build(local_name(aws, revision), aws.settings, labels, given)
    return record.write(local_name(aws, revision), aws.settings, revision, base)


def push(aws: Aws, foundation: Foundation, revision: Revision) -> None:
    """Push the image; one that is there already, perhaps by another run, is left alone."""
    [authorization] = aws.ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    registry = aws.settings.registry
    target = f"{registry}/{foundation.repository_name}" if registry else foundation.repository_uri
    try:
        docker.push(local_name(aws, revision), f"{target}:{revision.tag}", user=user, password=password)
    except DeployError:
        if not is_pushed(aws, foundation, revision.tag):
            raise


def findings(aws: Aws, foundation: Foundation, tag: str, *, needed: bool = False) -> Mapping[str, int] | None:
    """Count the scan's findings by severity; None where there is no finished scan.

    Not botocore's waiter: a scan that goes on for ever (Inspector's) is ACTIVE, which that one does not know.
    With `needed`, also wait for one that has not begun.
    """
    deadline = time.monotonic() + (NEEDED_SECONDS if needed else SCAN_SECONDS)
    while time.monotonic() < deadline:
        try:
            answer = aws.ecr.describe_image_scan_findings(
                repositoryName=foundation.repository_name, imageId={"imageTag": tag}
            )
        except ClientError as error:
            if not needed or error.response["Error"]["Code"] != "ScanNotFoundException":
                return None
        else:
            status = answer["imageScanStatus"].get("status")
            counts = answer.get("imageScanFindings", {}).get("findingSeverityCounts")
            if status == "COMPLETE" or (status == "ACTIVE" and counts is not None):
                return {str(key): count for key, count in (counts or {}).items()}
            if status not in {"ACTIVE", "IN_PROGRESS", "PENDING"}:
                return None
        time.sleep(POLL_SECONDS)
    return None


def refuse_critical(counts: Mapping[str, int] | None) -> None:
    """Stop a release whose image has a critical finding, or was not scanned.

    Raises:
        UsageError: it is so.
    """
    if counts is None:
        raise UsageError("The registry has not scanned the image, and --fail-on-findings wants its findings.")
    if critical := counts.get("CRITICAL", 0):
        raise UsageError(
            f"The image has {critical} critical finding{'s' * (critical > 1)}; nothing was released.",
            hint="See them with: aws ecr describe-image-scan-findings. Update the base image or the lock.",
        )
