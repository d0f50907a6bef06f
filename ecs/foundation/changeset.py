"""A CloudFormation change set: made, read, executed, deleted."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, WaiterError

from ecs.errors import UsageError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ChangeTypeDef

TEMPLATE = Path(__file__).with_name("template.yaml")
SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}
NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
OVERTAKEN = {"ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus",
             "InvalidChangeSetStatusException", "OperationInProgressException"}  # fmt: skip


class OvertakenError(Exception):
    """Another run is changing the stack, or has changed or removed it since this one looked."""


@dataclass(frozen=True)
class ResourceChange:
    """What would happen to one resource of the stack; `replacement` removes the old one after.

    Whether `may_replace` comes to that hangs on values that CloudFormation knows only while it works.
    """

    action: str
    logical_id: str
    resource_type: str
    replacement: bool = False
    may_replace: bool = False

    def __str__(self) -> str:
        sign = "±" if self.replacement else SIGNS.get(self.action, "~")
        note = ", replaced" if self.replacement else ", may be replaced" if self.may_replace else ""
        return f"{sign} {self.logical_id} ({self.resource_type}{note})"


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation has worked out."""

    cloudformation: "CloudFormationClient"
    arn: str
    stack_id: str
    changes: tuple[ResourceChange, ...]
    empty: bool

    def execute(self) -> None:
        """Begin to carry it out.

        Raises:
            OvertakenError: another run was faster.
        """
        with overtaken():
            self.cloudformation.execute_change_set(
                ChangeSetName=self.arn, ClientRequestToken=uuid.uuid4().hex
            )

    def delete(self) -> None:
        """Remove it, if it is still there; the stack is as it was."""
        try:
            self.cloudformation.delete_change_set(ChangeSetName=self.arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in OVERTAKEN:
                raise


def make(
    cloudformation: "CloudFormationClient",
    name: str,
    parameters: Mapping[str, str],
    tags: Sequence[dict[str, str]],
    *,
    new: bool,
) -> ChangeSet:
    """Let CloudFormation work out what the template and these parameters would change.

    `new` says that there is no stack yet.

    Raises:
        OvertakenError: another run is changing the stack.
        UsageError: CloudFormation refuses the template or a parameter.
    """
    token = uuid.uuid4().hex  # botocore asks again where an answer was lost; this tells that it is the same
    with overtaken():
        made = cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=f"ecs-{token}",
            ClientToken=token,
            ChangeSetType="CREATE" if new else "UPDATE",
            TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=tags,  # type: ignore[arg-type]
            Capabilities=["CAPABILITY_IAM"],
            # A first making that fails leaves nothing behind.
            OnStackFailure="DELETE" if new else "ROLLBACK",
        )
    arn, stack_id = made["Id"], made["StackId"]
    failed = ""
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=arn, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
        )
    except WaiterError as error:
        answer = error.last_response
        if answer.get("Error", {}).get("Code") in OVERTAKEN:
            raise OvertakenError(str(error)) from error
        if answer.get("Status") != "FAILED":
            raise
        failed = answer.get("StatusReason", "") or "it gives no reason"
    if not failed:
        with overtaken():
            changes = tuple(_read(cloudformation, arn))
        return ChangeSet(cloudformation, arn, stack_id, changes, empty=False)
    change_set = ChangeSet(cloudformation, arn, stack_id, (), empty=True)
    if not any(words in failed for words in NOTHING_TO_DO):
        change_set.delete()
        raise UsageError(f"CloudFormation can't make {name} like that: {failed.strip().rstrip('.')}.")
    return change_set


def _read(cloudformation: "CloudFormationClient", arn: str) -> Iterator[ResourceChange]:
    for page in cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=arn):
        yield from map(_resource_change, page["Changes"])


def _resource_change(change: "ChangeTypeDef") -> ResourceChange:
    resource = change["ResourceChange"]
    return ResourceChange(
        resource.get("Action", "Modify"),
        resource.get("LogicalResourceId", ""),
        resource.get("ResourceType", ""),
        replacement=resource.get("Replacement") == "True",
        may_replace=resource.get("Replacement") == "Conditional",
    )


@contextmanager
def overtaken() -> Iterator[None]:
    """Tell the errors of a stack that another run is at work on from all others."""
    try:
        yield
    except ClientError as error:
        details = error.response["Error"]
        said = details["Message"]
        if details["Code"] in OVERTAKEN or "_IN_PROGRESS state" in said or "does not exist" in said:
            raise OvertakenError(details["Message"]) from error
        raise
