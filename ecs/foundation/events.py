"""The state of a stack, and its events while CloudFormation works on it."""

import time
from collections.abc import Callable, Collection, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecs.errors import NotRolledBackError, explain

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

POLL_SECONDS = 3.0
QUIET_SECONDS = 75 * 60.0
"""How long a stack may be in progress without an event. Certificates have taken more than an hour; one in a
zone that is not delegated to waits for three days."""
CANCELLED = "cancelled"
"""The word in the reason of a resource that CloudFormation cancelled only because another had failed."""
VALIDATION = "Content of DNS Record"
"""The words in the reason of a certificate that waits until its validation record is in public DNS."""

OnEvent = Callable[[str], None]


def describe_stack(cloudformation: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    """Describe a stack by its name or id; return None if it does not exist or is deleted."""
    try:
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return None if described["StackStatus"] == "DELETE_COMPLETE" else described


def latest_event_id(cloudformation: "CloudFormationClient", stack_id: str) -> str | None:
    """Return the id of a stack's newest event, the `since` of `follow_stack`; None if it has no event."""
    return next((event["EventId"] for event in _newest_first(cloudformation, stack_id)), None)


def follow_stack(
    cloudformation: "CloudFormationClient",
    stack_id: str,
    since: str | None,
    on_event: OnEvent,
    expected: Collection[str] = (),
) -> None:
    """Wait until the operation on a stack ends, calling `on_event` with a line for each event after `since`.

    Resources in progress share one line that ends with "in progress". Takes the id of the stack, because a
    name does not find a deleted stack.

    Raises:
        RolledBackError: it has ended in another status than `expected`, and nothing of it is left.
        NotRolledBackError: it has ended in another status, and something of it is left; or there was no event
            for `QUIET_SECONDS`, and it has not ended.
    """
    reasons: list[str] = []
    latest: dict[str, StackEventTypeDef] = {}
    seen, last_line, quiet_since = None, "", time.monotonic()
    while True:
        # Read the status before the events, so that these include the last event of an ended operation.
        described = describe_stack(cloudformation, stack_id)
        new = _after(seen, _newest_first(cloudformation, stack_id))
        latest |= {event.get("LogicalResourceId", ""): event for event in reversed(new)}
        for event in reversed(_after(since, iter(new))):
            on_event(last_line := _describe_event(event))
            quiet_since = time.monotonic()
            reason = event.get("ResourceStatusReason", "")
            if event.get("ResourceStatus", "").endswith("_FAILED") and CANCELLED not in reason:
                reasons.append(f"{event.get('LogicalResourceId')}: {reason or 'no reason given'}")
        seen = new[0]["EventId"] if new else seen
        # REVIEW_IN_PROGRESS is no end: the change set was just executed, and the status changes shortly.
        if described is None or not described["StackStatus"].endswith("_IN_PROGRESS"):
            status = described["StackStatus"] if described else "DELETE_COMPLETE"
            if expected and status not in expected:
                cause = reasons[0].rstrip(".") if reasons else "CloudFormation gives no reason"
                raise explain({status, "StackError"}, name=stack_id.split("/")[1], status=status, cause=cause)
            return
        resources = [event for name, event in latest.items() if name != described["StackName"]]
        under_way = [item for item in resources if item.get("ResourceStatus", "").endswith("_IN_PROGRESS")]
        if time.monotonic() - quiet_since >= QUIET_SECONDS:
            waits = "; ".join(map(_describe_event, under_way)) or "something it does not name"
            raise _stuck(described, waits)
        names = ", ".join(event.get("LogicalResourceId", "") for event in under_way)
        if names and not last_line.startswith(f"{names}: "):
            on_event(last_line := f"{names}: in progress")
        time.sleep(POLL_SECONDS)


def _stuck(described: "StackTypeDef", waits: str) -> NotRolledBackError:
    name, status = described["StackName"], described["StackStatus"]
    cancel = f"with: aws cloudformation cancel-update-stack --stack-name {name}"
    remedies = {"CREATE_IN_PROGRESS": "with: python -m ecs destroy", "UPDATE_IN_PROGRESS": cancel}
    return NotRolledBackError(
        f"{name} is in {status}, without news for {QUIET_SECONDS / 60:.0f} minutes. It waits for: {waits}.",
        hint="See what keeps it (python -m ecs verify looks at the zone of a certificate). Run this again to "
        f"go on waiting, or give it up {remedies.get(status, 'in the console of CloudFormation')}.",
    )


def _newest_first(cloudformation: "CloudFormationClient", stack_id: str) -> "Iterator[StackEventTypeDef]":
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        yield from page["StackEvents"]


def _after(since: str | None, events: "Iterator[StackEventTypeDef]") -> "list[StackEventTypeDef]":
    return list(takewhile(lambda event: event["EventId"] != since, events))


def _describe_event(event: "StackEventTypeDef") -> str:
    status = event.get("ResourceStatus", "").lower().replace("_", " ")
    line = f"{event.get('LogicalResourceId')}: {status}"
    reason = event.get("ResourceStatusReason")
    return f"{line}: {reason}" if reason and (status.endswith("failed") or VALIDATION in reason) else line
