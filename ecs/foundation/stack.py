"""The foundation: one CloudFormation stack, previewed and changed by change sets.

Each function can be repeated after it was interrupted, and run beside another run. CloudFormation does one
operation at a time on a stack, so a run that finds one in progress waits for it and then does what is left.
"""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecs.errors import UsageError
from ecs.foundation import changeset
from ecs.foundation.changeset import ConcurrentChangeError, ResourceChange, detect_concurrency
from ecs.foundation.events import OnEvent, describe_stack, follow_stack, latest_event_id
from ecs.foundation.removal import remove
from ecs.foundation.stack_outputs import Foundation, read_outputs

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

ATTEMPTS = 5
NEVER_COMPLETED = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
"""The states of a stack whose creation failed. It can only be deleted, and nothing in it is in use."""
SUCCEEDED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def find_foundation(cloudformation: "CloudFormationClient", name: str) -> Foundation | None:
    """Read the outputs of the stack; return None if it has never been complete."""
    described = describe_stack(cloudformation, name)
    return read_outputs(described) if described and described.get("Outputs") else None


def wait_until_idle(cloudformation: "CloudFormationClient", name: str, on_event: OnEvent) -> bool:
    """Wait for the end of an operation that another run started; return whether there was one."""
    described = describe_stack(cloudformation, name)
    if not described or _is_new(described) or not described["StackStatus"].endswith("_IN_PROGRESS"):
        return False
    on_event(f"{name}: {_words(described)}, begun by an earlier run or by another; waiting for its end")
    stack_id = described["StackId"]
    follow_stack(cloudformation, stack_id, latest_event_id(cloudformation, stack_id), on_event)
    return True


def preview(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any]
) -> list[ResourceChange]:
    """Return what `apply` would change, without leaving a change set or an empty stack behind.

    Raises `UsageError` if CloudFormation rejects a parameter, or the stack is being changed or half deleted.
    """
    described = describe_stack(cloudformation, name)
    if described and (status := described["StackStatus"]) in {*NEVER_COMPLETED, "UPDATE_ROLLBACK_FAILED"}:
        again = status in NEVER_COMPLETED  # else `apply` continues the rollback first
        return [ResourceChange("Modify", name, "AWS::CloudFormation::Stack", replacement=again)]
    _refuse_half_removed(described)
    new = _is_new(described)
    try:
        change_set = changeset.create(cloudformation, name, inputs, new=new, command="plan")
        change_set.delete()
    except ConcurrentChangeError as error:
        raise UsageError(
            f"The stack {name} is being changed just now, by another run.",
            hint="Wait for it, then run this again.",
        ) from error
    finally:
        if new:
            _remove_review(cloudformation, name)
    return list(change_set.changes)


def _remove_review(cloudformation: "CloudFormationClient", name: str) -> None:
    """Delete the empty stack that the first change set has created, unless it holds another run's."""
    described = describe_stack(cloudformation, name)
    if described and described["StackStatus"] == "REVIEW_IN_PROGRESS":
        pages = cloudformation.get_paginator("list_change_sets").paginate(StackName=described["StackId"])
        if not any(page["Summaries"] for page in pages):
            cloudformation.delete_stack(StackName=described["StackId"])


def apply(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any], on_event: OnEvent
) -> Foundation:
    """Create the stack, or update it to the template and these parameters and tags; return its outputs.

    Raises:
        RolledBackError: it failed, and the stack is as before (a new one is deleted).
        NotRolledBackError: it failed, and CloudFormation could not roll it back.
        UsageError: CloudFormation rejects a parameter, or other runs keep changing the stack.
    """
    for _ in range(ATTEMPTS):
        try:
            return _apply(cloudformation, name, inputs, on_event)
        except ConcurrentChangeError:
            on_event(f"{name}: another run was faster; looking again")
    raise UsageError(f"Other runs go on changing the stack {name}.", hint="Let one end, then run this again.")


def _apply(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any], on_event: OnEvent
) -> Foundation:
    wait_until_idle(cloudformation, name, on_event)
    _repair(cloudformation, name, on_event)
    described = describe_stack(cloudformation, name)
    new = _is_new(described)
    change_set = changeset.create(cloudformation, name, inputs, new=new, command="up")
    if change_set.empty:
        change_set.delete()
    else:
        try:
            with detect_concurrency():
                since = latest_event_id(cloudformation, change_set.stack_id)
            change_set.execute()
        except BaseException:
            change_set.delete()
            raise
        follow_stack(cloudformation, change_set.stack_id, since, on_event, SUCCEEDED)
    described = describe_stack(cloudformation, name)
    if described is None:
        raise ConcurrentChangeError(name)
    return read_outputs(described)


def _repair(cloudformation: "CloudFormationClient", name: str, on_event: OnEvent) -> None:
    """Bring a stack that can't be updated into one that can: delete it, or end its rollback."""
    described = describe_stack(cloudformation, name)
    if described is None:
        return
    stack_id, status = described["StackId"], described["StackStatus"]
    if status in NEVER_COMPLETED:
        on_event(f"{name}: {_words(described)}; it holds nothing in use, so it is removed and made anew")
        remove(cloudformation, name, on_event)
    elif status == "UPDATE_ROLLBACK_FAILED":
        on_event(f"{name}: {_words(described)}; trying that once more")
        since = latest_event_id(cloudformation, stack_id)
        cloudformation.continue_update_rollback(StackName=stack_id, ClientRequestToken=uuid.uuid4().hex)
        follow_stack(cloudformation, stack_id, since, on_event, {"UPDATE_ROLLBACK_COMPLETE"})
    _refuse_half_removed(described)


def _refuse_half_removed(described: "StackTypeDef | None") -> None:
    if described and described["StackStatus"] == "DELETE_FAILED":
        raise UsageError(
            f"The stack {described['StackName']} is half removed.",
            hint="End that first: python -m ecs destroy. Then run this again.",
        )


def _is_new(described: "StackTypeDef | None") -> bool:
    """Return whether the stack does not exist yet, or only holds change sets that were not executed."""
    return described is None or described["StackStatus"] == "REVIEW_IN_PROGRESS"


def _words(described: "StackTypeDef") -> str:
    return described["StackStatus"].lower().replace("_", " ")
