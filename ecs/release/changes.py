"""What a release would change, found out without changing anything."""

from dataclasses import dataclass, fields
from typing import Any

from ecs.aws import Aws
from ecs.foundation import stack
from ecs.foundation.changeset import ResourceChange
from ecs.foundation.outputs import Foundation
from ecs.foundation.parameters import inputs
from ecs.release import image, scaling, service, task
from ecs.release.diff import Change
from ecs.release.revision import Revision
from ecs.release.warnings import find_warnings

UNKNOWN = "(from the new stack)"


@dataclass(frozen=True)
class Changes:
    """What `up` would do.

    Attributes:
        image: The tag to build and push; None where the registry has it.
        task_definition: Fields that differ from what serves now; if any does, a new revision is registered.
        release: Whether a rollout is due: new fields, or a service that is not on the wanted revision.
    """

    foundation: list[ResourceChange]
    image: str | None
    task_definition: list[Change]
    service: list[Change]
    scaling: list[Change]
    serving: str | None
    release: bool
    warnings: list[str]

    def __bool__(self) -> bool:
        return bool(self.foundation or self.image or self.release or self.scaling)


def find_changes(aws: Aws, foundation: Foundation | None, revision: Revision) -> Changes:
    """Compare what is there with what the settings and the working tree say."""
    preview = stack.preview(aws.cloudformation, aws.settings.stack, inputs(aws.settings))
    there = foundation or unknown_foundation()
    serving = service.find(aws, there) if foundation else None
    current = task.describe(aws, serving["taskDefinition"]) if serving else None
    fields_of_task = task.compare(current, task.task_definition(aws, there, revision))
    fields_of_service = service.compare(serving, service.service_settings(aws, there))
    pushed = foundation and image.is_pushed(aws, foundation, revision.tag)
    return Changes(
        foundation=preview,
        image=None if pushed else revision.tag,
        task_definition=fields_of_task,
        service=fields_of_service,
        scaling=scaling.compare(aws, foundation) if foundation else [],
        serving=serving["taskDefinition"] if serving else None,
        release=bool(fields_of_task or fields_of_service) or not serves(serving),
        warnings=find_warnings(aws, foundation),
    )


def serves(described: dict[str, Any] | None) -> bool:
    """Whether the service has a completed deployment and tasks to serve with."""
    serving = service.primary(described) if described and described["desiredCount"] else {}
    return serving.get("rolloutState") == "COMPLETED"


def unknown_foundation() -> Foundation:
    """Stand in for the outputs that a stack not made yet would have."""
    outputs: dict[str, Any] = {item.name: UNKNOWN for item in fields(Foundation)}
    return Foundation(**outputs | {"subnet_ids": (UNKNOWN,)})
