"""Find what `up` would change, without changing anything."""

from dataclasses import dataclass, fields
from typing import Any

from ecs.aws import Aws
from ecs.foundation import stack
from ecs.foundation.changeset import ResourceChange
from ecs.foundation.parameters import template_inputs
from ecs.foundation.stack_outputs import Foundation
from ecs.output import FieldChange
from ecs.release import history, image, scaling, service, task
from ecs.release.candidate import Candidate
from ecs.release.warnings import find_warnings

UNKNOWN = "(from the new stack)"


@dataclass(frozen=True)
class PendingChanges:
    """What `up` would do.

    Attributes:
        image: The tag to build and push; None if the registry has it.
        task_definition: Fields that differ from the task definition that serves now.
        serving: The ARN of that task definition; None without a service.
        model: The version of the model that serves now; None if it is not known.
        release: Whether a rollout is due: fields differ, or the service has no completed deployment.
    """

    foundation: list[ResourceChange]
    image: str | None
    task_definition: list[FieldChange]
    service: list[FieldChange]
    scaling: list[FieldChange]
    serving: str | None
    model: str | None
    release: bool
    warnings: list[str]

    def __bool__(self) -> bool:
        return bool(self.foundation or self.image or self.release or self.scaling)


def find_pending_changes(aws: Aws, foundation: Foundation | None, candidate: Candidate) -> PendingChanges:
    """Compare what is on AWS with the settings and the candidate."""
    preview = stack.preview(aws.cloudformation, aws.settings.stack, template_inputs(aws.settings))
    outputs = foundation or placeholder_foundation()
    serving = service.find(aws, outputs) if foundation else None
    current = task.describe(aws, serving["taskDefinition"]) if serving else None
    task_changes = task.compare(current, task.task_definition(aws, outputs, candidate))
    service_changes = service.compare(serving, service.service_settings(aws, outputs, serving))
    pushed = foundation and image.is_pushed(aws, foundation, candidate.tag)
    return PendingChanges(
        foundation=preview,
        image=None if pushed else candidate.tag,
        task_definition=task_changes,
        service=service_changes,
        scaling=scaling.compare(aws, foundation) if foundation else [],
        serving=serving["taskDefinition"] if serving else None,
        model=history.model_of(current or {}),
        release=bool(task_changes or service_changes) or not serves(serving),
        warnings=find_warnings(aws, foundation),
    )


def serves(described: dict[str, Any] | None) -> bool:
    """Return whether the service has a completed deployment, and is not scaled to zero."""
    serving = service.primary_deployment(described) if described and described["desiredCount"] else {}
    return serving.get("rolloutState") == "COMPLETED"


def placeholder_foundation() -> Foundation:
    """Return outputs that stand for those of a stack that does not exist yet."""
    outputs: dict[str, Any] = {item.name: UNKNOWN for item in fields(Foundation)}
    return Foundation(**outputs | {"subnet_ids": (UNKNOWN,)})
