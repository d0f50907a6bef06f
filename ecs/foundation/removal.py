"""Removing the stack, also while CloudFormation is at work on it."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecs.foundation.events import OnEvent, failure, follow, latest_event, state_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

NOT_NOW = ("cannot be deleted while in status", "cannot be called from current stack status")


def remove(cloudformation: "CloudFormationClient", name: str, on_event: OnEvent) -> None:
    """Remove the stack and all it made; no stack is no error.

    What is being made is given up, an update is cancelled first, and what can't be broken off is waited for.

    Raises:
        NotRolledBackError: something could not be removed.
    """
    described = state_of(cloudformation, name)
    if described is None:
        return
    stack_id = described["StackId"]
    since = latest_event(cloudformation, stack_id)
    try:
        if described["StackStatus"] == "UPDATE_IN_PROGRESS":
            cloudformation.cancel_update_stack(StackName=stack_id)
        cloudformation.delete_stack(StackName=stack_id)
    except ClientError as error:
        if not any(words in error.response["Error"]["Message"] for words in NOT_NOW):
            raise
        follow(cloudformation, stack_id, since, on_event)
        remove(cloudformation, name, on_event)
        return
    ending = follow(cloudformation, stack_id, since, on_event)
    if ending.status != "DELETE_COMPLETE":
        raise failure(name, ending)
