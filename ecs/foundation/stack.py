"""The foundation: one CloudFormation stack, looked at and changed through change sets.

Each function can be run again after it was cut off, and beside another run: CloudFormation does one thing at
a time to a stack, so a run that finds it at work follows that work to its end, then looks what is left to do.
"""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecs.errors import UsageError
from ecs.foundation import changeset
from ecs.foundation.changeset import OvertakenError, ResourceChange, overtaken
from ecs.foundation.events import OnEvent, failure, follow, latest_event, state_of
from ecs.foundation.outputs import Foundation, read_outputs
from ecs.foundation.removal import remove

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

ATTEMPTS = 5
NEVER_STOOD = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
"""A stack whose first making failed: it can only be removed, and holds nothing that anybody uses."""
STANDS = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def find_foundation(cloudformation: "CloudFormationClient", name: str) -> Foundation | None:
    """Read what the stack has made; None as long as it has never been complete."""
    described = state_of(cloudformation, name)
    return read_outputs(described) if described and described.get("Outputs") else None


def settle(cloudformation: "CloudFormationClient", name: str, on_event: OnEvent) -> bool:
    """Follow what CloudFormation is doing to the stack, for an earlier run or another one, to its end.

    Give whether there was anything to wait for.
    """
    described = state_of(cloudformation, name)
    if not described or _is_new(described) or not described["StackStatus"].endswith("_IN_PROGRESS"):
        return False
    on_event(f"{name}: {_words(described)}, begun by an earlier run or by another; waiting for its end")
    stack_id = described["StackId"]
    follow(cloudformation, stack_id, latest_event(cloudformation, stack_id), on_event)
    return True


def preview(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any]
) -> list[ResourceChange]:
    """Say what `apply` would change; leave nothing, no change set and no stack under review.

    Raises:
        UsageError: CloudFormation is changing the stack just now, or refuses a parameter; or the stack is
            half removed.
    """
    described = state_of(cloudformation, name)
    if described and (status := described["StackStatus"]) in {*NEVER_STOOD, "UPDATE_ROLLBACK_FAILED"}:
        again = status in NEVER_STOOD  # else `apply` goes on with the rollback first
        return [ResourceChange("Modify", name, "AWS::CloudFormation::Stack", replacement=again)]
    _refuse_half_removed(described)
    new = _is_new(described)
    try:
        change_set = changeset.make(cloudformation, name, inputs, new=new, command="plan")
        change_set.delete()
    except OvertakenError as error:
        raise UsageError(
            f"The stack {name} is being changed just now, by another run.",
            hint="Wait for it, then run this again.",
        ) from error
    finally:
        if new:
            _remove_review(cloudformation, name)
    return list(change_set.changes)


def _remove_review(cloudformation: "CloudFormationClient", name: str) -> None:
    """Remove the empty stack that a change set for a new one leaves, unless another run has one in it."""
    described = state_of(cloudformation, name)
    if described and described["StackStatus"] == "REVIEW_IN_PROGRESS":
        pages = cloudformation.get_paginator("list_change_sets").paginate(StackName=described["StackId"])
        if not any(page["Summaries"] for page in pages):
            cloudformation.delete_stack(StackName=described["StackId"])


def apply(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any], on_event: OnEvent
) -> Foundation:
    """Make the stack, or bring it to the template and these inputs; quiet where nothing is to change.

    Raises:
        RolledBackError: it failed, and the stack is as it was (or gone, at its first making).
        NotRolledBackError: it failed, and CloudFormation could not roll it back.
        UsageError: CloudFormation refuses a parameter, or other runs go on changing the stack.
    """
    for _ in range(ATTEMPTS):
        try:
            return _apply(cloudformation, name, inputs, on_event)
        except OvertakenError:
            on_event(f"{name}: another run was faster; looking again")
    raise UsageError(f"Other runs go on changing the stack {name}.", hint="Let one end, then run this again.")


def _apply(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any], on_event: OnEvent
) -> Foundation:
    settle(cloudformation, name, on_event)
    _mend(cloudformation, name, on_event)
    described = state_of(cloudformation, name)
    new = _is_new(described)
    change_set = changeset.make(cloudformation, name, inputs, new=new, command="up")
    if change_set.empty:
        change_set.delete()
    else:
        try:
            with overtaken():
                since = latest_event(cloudformation, change_set.stack_id)
            change_set.execute()
        except BaseException:
            change_set.delete()
            raise
        ending = follow(cloudformation, change_set.stack_id, since, on_event)
        if ending.status not in STANDS:
            raise failure(name, ending)
    described = state_of(cloudformation, name)
    if described is None:
        raise OvertakenError(name)
    return read_outputs(described)


def _mend(cloudformation: "CloudFormationClient", name: str, on_event: OnEvent) -> None:
    """Bring a stack that nothing can be done to into a state where something can."""
    described = state_of(cloudformation, name)
    if described is None:
        return
    stack_id, status = described["StackId"], described["StackStatus"]
    if status in NEVER_STOOD:
        on_event(f"{name}: {_words(described)}; it holds nothing in use, so it is removed and made anew")
        remove(cloudformation, name, on_event)
    elif status == "UPDATE_ROLLBACK_FAILED":
        on_event(f"{name}: {_words(described)}; trying that once more")
        since = latest_event(cloudformation, stack_id)
        cloudformation.continue_update_rollback(StackName=stack_id, ClientRequestToken=uuid.uuid4().hex)
        ending = follow(cloudformation, stack_id, since, on_event)
        if ending.status != "UPDATE_ROLLBACK_COMPLETE":
            raise failure(name, ending)
    _refuse_half_removed(described)


def _refuse_half_removed(described: "StackTypeDef | None") -> None:
    if described and described["StackStatus"] == "DELETE_FAILED":
        raise UsageError(
            f"The stack {described['StackName']} is half removed.",
            hint="End that first: python -m ecs destroy. Then run this again.",
        )


def _is_new(described: "StackTypeDef | None") -> bool:
    """Whether there is no stack, or one that only holds change sets not executed yet."""
    return described is None or described["StackStatus"] == "REVIEW_IN_PROGRESS"


def _words(described: "StackTypeDef") -> str:
    return described["StackStatus"].lower().replace("_", " ")
