"""Tags that mark a revision as good (it passed its smoke test) or bad (it failed or was rolled back)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from ecs.aws import Aws
from ecs.errors import AWS_ERRORS, translate
from ecs.foundation.stack_outputs import Foundation
from ecs.release import image
from ecs.release.task import describe, image_tag, short

GOOD, BAD = "GoodSince", "LeftSince"  # the keys of the tags; each value is a time


def revisions(aws: Aws) -> list[dict[str, Any]]:
    """Describe the newest 50 active task definitions of the service, newest first."""
    family = aws.settings.stack
    pages = aws.ecs.get_paginator("list_task_definitions").paginate(
        familyPrefix=family, status="ACTIVE", sort="DESC", PaginationConfig={"MaxItems": 50}
    )
    described = (describe(aws, arn) for page in pages for arn in page["taskDefinitionArns"])
    return [revision for revision in described if revision and revision["family"] == family]


def last_good(aws: Aws, *, besides: str) -> str | None:
    """Return the ARN of the revision that became good last, except `besides`; None without one."""
    good = [(tag_of(item, GOOD), item["taskDefinitionArn"]) for item in revisions(aws) if is_good(item)]
    return max(((since, arn) for since, arn in good if arn != besides), default=("", None))[1]


def rollback_target(aws: Aws, source: str | None, *, besides: str) -> str | None:
    """Choose the ARN to roll back to: `source`, unless it is bad and another revision is good."""
    served = describe(aws, source) if source else None
    return source if served and not is_bad(served) else last_good(aws, besides=besides) or source


def mark_good(aws: Aws, foundation: Foundation, arn: str, warn: Callable[[str], None]) -> None:
    """Mark a revision as good from now on, and keep its image from expiring."""
    if revision := describe(aws, arn):
        image.tag_as_good(aws, foundation, image_tag(revision), warn)
    _mark(aws, arn, GOOD)


def mark_bad(aws: Aws, arn: str, warn: Callable[[str], None]) -> None:
    """Mark a revision as bad from now on; if AWS refuses, only `warn`, because a rollback must go on."""
    try:
        _mark(aws, arn, BAD)
    except AWS_ERRORS as error:
        warn(f"A later rollback may lead to {short(arn)} again: {translate(error)}")


def is_good(revision: dict[str, Any]) -> bool:
    """Return whether a revision passed the smoke test, and did not turn bad since."""
    return tag_of(revision, GOOD) > tag_of(revision, BAD)


def is_bad(revision: dict[str, Any]) -> bool:
    """Return whether a revision failed or was rolled back, and did not pass the smoke test since."""
    return bool(tag_of(revision, BAD)) and not is_good(revision)


def is_unverified(revision: dict[str, Any], among: Iterable[dict[str, Any]]) -> bool:
    """Return whether another revision turned bad after this good one was last tested."""
    return is_good(revision) and tag_of(revision, GOOD) < max(tag_of(item, BAD) for item in among)


def tag_of(revision: dict[str, Any], key: str) -> str:
    """Return the value of a revision's tag, or "" without such a tag."""
    return next((item["value"] for item in revision.get("tags", []) if item["key"] == key), "")


def model_of(revision: dict[str, Any]) -> str | None:
    """Return the version of the model in a revision's image; None for one that `up` did not register."""
    return tag_of(revision, "ModelVersion") or None


def _mark(aws: Aws, arn: str, key: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    aws.ecs.tag_resource(resourceArn=arn, tags=[{"key": key, "value": now}])
