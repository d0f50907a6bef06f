"""A CloudFormation change set: made, read, executed, deleted."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from ecs.errors import AWS_ERRORS, UsageError, in_words

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import OperationEventTypeDef

TEMPLATE = Path(__file__).with_name("template.yaml")
SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}
NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
VALIDATED = ("hook", "validation", "Validation")
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
    name: str
    stack: str
    stack_id: str
    changes: tuple[ResourceChange, ...] = ()
    empty: bool = False

    def execute(self) -> None:
        """Begin to carry it out; raises `OvertakenError` where another run was faster."""
        with overtaken():
            self.cloudformation.execute_change_set(
                ChangeSetName=self.name, StackName=self.stack, ClientRequestToken=uuid.uuid4().hex
            )

    def delete(self) -> None:
        """Remove it, if it is still there; the stack is as it was."""
        with suppress(OvertakenError), overtaken():
            self.cloudformation.delete_change_set(ChangeSetName=self.name, StackName=self.stack)


def make(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any], *, new: bool, command: str
) -> ChangeSet:
    """Let CloudFormation work out what the template with these parameters and tags would change.

    `new` says that there is no stack yet. The change set's name begins with `command`: the roles for CI are
    limited by that name, so each call gives it, with the stack, and never the change set's ARN.

    Raises:
        OvertakenError: another run is changing the stack.
        UsageError: CloudFormation refuses the template or a parameter.
    """
    token = uuid.uuid4().hex  # botocore asks again where an answer was lost; this tells that it is the same
    identifier = f"{command}--{name}--{token}"
    with overtaken():
        made = cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=identifier,
            ClientToken=token,
            ChangeSetType="CREATE" if new else "UPDATE",
            TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_IAM"],
            # A first making that fails leaves nothing behind.
            OnStackFailure="DELETE" if new else "ROLLBACK",
            **inputs,
        )
    change_set = ChangeSet(cloudformation, identifier, name, made["StackId"])
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=identifier, StackName=name, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
        )
    except WaiterError as error:
        answer = error.last_response
        if _tells_of_another_run(answer.get("Error", {})):
            raise OvertakenError(str(error)) from error
        if answer.get("Status") != "FAILED":
            raise
        reason = answer.get("StatusReason", "").strip().rstrip(".") or "it gives no reason"
        if any(words in reason for words in NOTHING_TO_DO):
            return replace(change_set, empty=True)
        validated = any(word in reason for word in VALIDATED)
        causes = _causes(cloudformation, identifier, name) if validated else ""
        change_set.delete()
        raise UsageError(
            f"CloudFormation can't make {name} like that: {reason}.{causes}",
            hint="Remove what exists already, or choose another name in ecs/settings.toml; mend all else.",
        ) from error
    with overtaken():
        return replace(change_set, changes=tuple(_read(cloudformation, identifier, name)))


def _causes(cloudformation: "CloudFormationClient", name: str, stack: str) -> str:
    """Say which resources a validation or a hook refused: the change set's own reason names none."""
    try:
        pages = cloudformation.get_paginator("describe_events").paginate(
            StackName=stack, ChangeSetName=name, Filters={"FailedEvents": True}
        )
        causes = [_cause(event) for page in pages for event in page.get("OperationEvents", [])]
    except AWS_ERRORS as error:
        return f" Which resource it is could not be read: {in_words(error)}"
    return "".join(f" {cause}." for cause in dict.fromkeys(causes) if cause)


def _cause(event: "OperationEventTypeDef") -> str:
    said = event.get("ValidationStatusReason") or event.get("HookStatusReason")
    said = (said or event.get("ResourceStatusReason", "")).strip().rstrip(".")
    by = filter(None, (event.get("ValidationName"), event.get("HookType"), event.get("ValidationPath")))
    resource = f"{event.get('LogicalResourceId')} ({event.get('ResourceType')})"
    return f"{resource}: {said} ({', '.join(by) or 'no path given'})" if said else ""


def _read(cloudformation: "CloudFormationClient", name: str, stack: str) -> Iterator[ResourceChange]:
    pages = cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=name, StackName=stack)
    for resource in (change["ResourceChange"] for page in pages for change in page["Changes"]):
        yield ResourceChange(
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
        if _tells_of_another_run(error.response["Error"]):
            raise OvertakenError(error.response["Error"]["Message"]) from error
        raise


def _tells_of_another_run(error: Mapping[str, object]) -> bool:
    said = str(error.get("Message"))
    return error.get("Code") in OVERTAKEN or "_IN_PROGRESS state" in said or "does not exist" in said
