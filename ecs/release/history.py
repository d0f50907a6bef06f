"""Which revisions were good: each carries the time it passed the smoke test, as a tag."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ecs.aws import Aws
from ecs.foundation.outputs import Foundation
from ecs.release import image
from ecs.release.task import describe, image_tag

GOOD = "GoodSince"


def revisions(aws: Aws) -> list[dict[str, Any]]:
    """Describe the revisions that can still be run, newest first."""
    family = aws.settings.stack
    pages = aws.ecs.get_paginator("list_task_definitions").paginate(
        familyPrefix=family, status="ACTIVE", sort="DESC", PaginationConfig={"MaxItems": 50}
    )
    described = (describe(aws.ecs, arn) for page in pages for arn in page["taskDefinitionArns"])
    return [revision for revision in described if revision and revision["family"] == family]


def last_good(aws: Aws, *, but: str) -> str | None:
    """Find the revision, other than `but`, that was good last."""
    good = [(tag(item, GOOD), item["taskDefinitionArn"]) for item in revisions(aws)]
    return max(((since, arn) for since, arn in good if since and arn != but), default=("", None))[1]


def mark_good(aws: Aws, foundation: Foundation, arn: str, warn: Callable[[str], None]) -> None:
    """Remember that a revision serves and passed the smoke test, from now on; keep its image."""
    if revision := describe(aws.ecs, arn):
        image.keep(aws, foundation, image_tag(revision), warn)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    aws.ecs.tag_resource(resourceArn=arn, tags=[{"key": GOOD, "value": now}])


def tag(revision: dict[str, Any], key: str) -> str:
    """Read a tag of a revision; empty where it has none of this name."""
    return next((item["value"] for item in revision.get("tags", []) if item["key"] == key), "")
