"""Which revisions are good: tags say when each passed the smoke test, and when it was left as a bad one."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from ecs.aws import Aws
from ecs.errors import AWS_ERRORS, in_words
from ecs.foundation.outputs import Foundation
from ecs.release import image
from ecs.release.task import describe, image_tag, short

GOOD, LEFT = "GoodSince", "LeftSince"


def revisions(aws: Aws) -> list[dict[str, Any]]:
    """Describe the revisions that can still be run, newest first."""
    family = aws.settings.stack
    pages = aws.ecs.get_paginator("list_task_definitions").paginate(
        familyPrefix=family, status="ACTIVE", sort="DESC", PaginationConfig={"MaxItems": 50}
    )
    described = (describe(aws, arn) for page in pages for arn in page["taskDefinitionArns"])
    return [revision for revision in described if revision and revision["family"] == family]


def last_good(aws: Aws, *, but: str) -> str | None:
    """Find the revision, other than `but`, that was good last, among those that were not left since."""
    good = [(tag(item, GOOD), item["taskDefinitionArn"]) for item in revisions(aws) if is_good(item)]
    return max(((since, arn) for since, arn in good if arn != but), default=("", None))[1]


def way_back(aws: Aws, source: str | None, *, but: str) -> str | None:
    """Choose what to go back to: what served, unless that was left and there is another good one."""
    served = describe(aws, source) if source else None
    return source if served and not was_left(served) else last_good(aws, but=but) or source


def mark_good(aws: Aws, foundation: Foundation, arn: str, warn: Callable[[str], None]) -> None:
    """Remember that a revision serves and passed the smoke test, from now on; keep its image."""
    if revision := describe(aws, arn):
        image.keep(aws, foundation, image_tag(revision), warn)
    _mark(aws, arn, GOOD)


def mark_left(aws: Aws, arn: str, warn: Callable[[str], None]) -> None:
    """Keep rollbacks from a revision until it is good again; `warn` where that fails: no way back waits."""
    try:
        _mark(aws, arn, LEFT)
    except AWS_ERRORS as error:
        warn(f"A later rollback may lead to {short(arn)} again: {in_words(error)}")


def is_good(revision: dict[str, Any]) -> bool:
    """Whether a revision passed the smoke test, and was not left since."""
    return tag(revision, GOOD) > tag(revision, LEFT)


def was_left(revision: dict[str, Any]) -> bool:
    """Whether a revision was left, and did not pass the smoke test since."""
    return bool(tag(revision, LEFT)) and not is_good(revision)


def untested(revision: dict[str, Any], among: Iterable[dict[str, Any]]) -> bool:
    """Whether a good revision serves in the place of one that was left, and was not tested since."""
    return is_good(revision) and tag(revision, GOOD) < max(tag(item, LEFT) for item in among)


def tag(revision: dict[str, Any], key: str) -> str:
    """Read a tag of a revision; empty where it has none of this name."""
    return next((item["value"] for item in revision.get("tags", []) if item["key"] == key), "")


def _mark(aws: Aws, arn: str, key: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    aws.ecs.tag_resource(resourceArn=arn, tags=[{"key": key, "value": now}])
