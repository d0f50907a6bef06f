"""Delete the stack, even while CloudFormation works on it."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecs.foundation.events import OnEvent, describe_stack, follow_stack, latest_event_id

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

BUSY = ("cannot be deleted while in status", "cannot be called from current stack status")


def remove(cloudformation: "CloudFormationClient", name: str, on_event: OnEvent) -> None:
    """Delete the stack, if there is one, with all its resources.

    A creation in progress is abandoned and an update cancelled; any other operation is waited for first.
    Raises `NotRolledBackError` if something could not be deleted.
    """
    described = describe_stack(cloudformation, name)
    if described is None:
        return
    stack_id = described["StackId"]
    since = latest_event_id(cloudformation, stack_id)
    try:
        if described["StackStatus"] == "UPDATE_IN_PROGRESS":
            cloudformation.cancel_update_stack(StackName=stack_id)
        cloudformation.delete_stack(StackName=stack_id)
    except ClientError as error:
        if not any(words in error.response["Error"]["Message"] for words in BUSY):
            raise
        follow_stack(cloudformation, stack_id, since, on_event)
        remove(cloudformation, name, on_event)
        return
    follow_stack(cloudformation, stack_id, since, on_event, {"DELETE_COMPLETE"})
