"""What happens to a stack: its state, and its events as they come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecs.errors import NotRolledBackError, RolledBackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

POLL_SECONDS = 3.0
QUIET_SECONDS = 75 * 60.0
"""So long a stack may be at work without an event: certificates have taken more than an hour, and one whose
zone is not delegated to waits for three days."""
CANCELLED = "cancelled"
"""What CloudFormation says of a resource that it gave up only because another had failed."""
VALIDATION = "Content of DNS Record"
"""What it says of a certificate that waits for this record to be seen in public."""

OnEvent = Callable[[str], None]


@dataclass(frozen=True)
class Ending:
    """How an operation on a stack ended: the stack's last status, and what failed, the first cause first."""

    status: str
    reasons: tuple[str, ...]


def state_of(cloudformation: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    """Describe a stack by name or id; None where there is none."""
    try:
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return None if described["StackStatus"] == "DELETE_COMPLETE" else described


def latest_event(cloudformation: "CloudFormationClient", stack_id: str) -> str | None:
    """Give the id of a stack's last event: from there on, `follow` tells."""
    return next((event["EventId"] for event in _newest_first(cloudformation, stack_id)), None)


def follow(
    cloudformation: "CloudFormationClient", stack_id: str, since: str | None, on_event: OnEvent
) -> Ending:
    """Wait until CloudFormation has done its work on a stack, telling each event after `since`.

    The stack is named by its id, under which it is found even after it has been deleted. What is under way is
    told as a line that ends with "in progress".

    Raises:
        NotRolledBackError: for `QUIET_SECONDS` nothing has come about, and it still is at work.
    """
    reasons: list[str] = []
    latest: dict[str, StackEventTypeDef] = {}
    seen, told, quiet_since = None, "", time.monotonic()
    while True:
        # The status first: what has ended can have no event that the next call does not give.
        described = state_of(cloudformation, stack_id)
        new = _after(seen, _newest_first(cloudformation, stack_id))
        latest |= {event.get("LogicalResourceId", ""): event for event in reversed(new)}
        for event in reversed(_after(since, iter(new))):
            on_event(told := _in_words(event))
            quiet_since = time.monotonic()
            reason = event.get("ResourceStatusReason", "")
            if event.get("ResourceStatus", "").endswith("_FAILED") and CANCELLED not in reason:
                reasons.append(f"{event.get('LogicalResourceId')}: {reason or 'no reason given'}")
        seen = new[0]["EventId"] if new else seen
        # Still under review: it has been told to begin, and does not show it yet.
        if described is None or not described["StackStatus"].endswith("_IN_PROGRESS"):
            return Ending(described["StackStatus"] if described else "DELETE_COMPLETE", tuple(reasons))
        under_way = [
            event
            for resource, event in latest.items()
            if event.get("ResourceStatus", "").endswith("_IN_PROGRESS") and resource != described["StackName"]
        ]
        if time.monotonic() - quiet_since >= QUIET_SECONDS:
            raise _stuck(described, "; ".join(map(_in_words, under_way)) or "something it does not name")
        names = ", ".join(event.get("LogicalResourceId", "") for event in under_way)
        if names and not told.startswith(f"{names}: "):
            on_event(told := f"{names}: in progress")
        time.sleep(POLL_SECONDS)


def _stuck(described: "StackTypeDef", waits: str) -> NotRolledBackError:
    name, status = described["StackName"], described["StackStatus"]
    cancel = f"with: aws cloudformation cancel-update-stack --stack-name {name}"
    ways = {"CREATE_IN_PROGRESS": "with: python -m ecs destroy", "UPDATE_IN_PROGRESS": cancel}
    return NotRolledBackError(
        f"{name} is in {status}, without news for {QUIET_SECONDS / 60:.0f} minutes. It waits for: {waits}.",
        hint="See what keeps it (python -m ecs verify looks at the zone of a certificate). Run this again to "
        f"go on waiting, or give it up {ways.get(status, 'in the console of CloudFormation')}.",
    )


def _newest_first(cloudformation: "CloudFormationClient", stack_id: str) -> "Iterator[StackEventTypeDef]":
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        yield from page["StackEvents"]


def _after(since: str | None, events: "Iterator[StackEventTypeDef]") -> "list[StackEventTypeDef]":
    return list(takewhile(lambda event: event["EventId"] != since, events))


def _in_words(event: "StackEventTypeDef") -> str:
    status = event.get("ResourceStatus", "").lower().replace("_", " ")
    told = f"{event.get('LogicalResourceId')}: {status}"
    reason = event.get("ResourceStatusReason")
    return f"{told}: {reason}" if reason and (status.endswith("failed") or VALIDATION in reason) else told


def failure(name: str, ending: Ending) -> RolledBackError | NotRolledBackError:
    """Say how an operation on a stack failed, why, and what to type."""
    cause = ending.reasons[0].rstrip(".") if ending.reasons else "CloudFormation gives no reason"
    again = "Mend what it names, then run this again."
    match ending.status:
        case "UPDATE_ROLLBACK_COMPLETE":
            told = f"The foundation {name} could not be changed and is as it was. {cause}."
            return RolledBackError(told, hint=again)
        case "DELETE_COMPLETE" | "ROLLBACK_COMPLETE":
            told = f"The foundation {name} could not be made, and what was begun is removed. {cause}."
            return RolledBackError(told, hint=again)
        case "DELETE_FAILED":
            return NotRolledBackError(
                f"The stack {name} could not be removed. {cause}.",
                hint="Remove by hand what it names, or its users, then run `python -m ecs destroy` again.",
            )
    return NotRolledBackError(
        f"The stack {name} is in {ending.status}: CloudFormation could not roll the change back. {cause}.",
        hint="Mend what it names, then run `python -m ecs up` again: it goes on from there.",
    )
