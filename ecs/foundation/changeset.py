"""CloudFormation change sets: create, read, execute and delete one."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from ecs.errors import AWS_ERRORS, UsageError, translate
from ecs.output import FieldChange

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import OperationEventTypeDef, ResourceChangeTypeDef

TEMPLATE = Path(__file__).with_name("template.yaml")
SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
EARLY_VALIDATION = ("hook", "validation", "Validation")
LONGEST = 200
"""The most characters of a line about a property, such as a policy."""
UNKNOWN, KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}", "(known once it is made)"
CONCURRENT_CHANGE = {"ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus",
             "InvalidChangeSetStatusException", "OperationInProgressException"}  # fmt: skip


class ConcurrentChangeError(Exception):
    """Another run is changing the stack, or has changed or deleted it meanwhile."""


@contextmanager
def detect_concurrency() -> Iterator[None]:
    """Raise `ConcurrentChangeError` in place of an error that another run's change of the stack explains."""
    try:
        yield
    except (ClientError, WaiterError) as error:
        answer = error.last_response if isinstance(error, WaiterError) else error.response
        code, text = (str(answer.get("Error", {}).get(key)) for key in ("Code", "Message"))
        if code in CONCURRENT_CHANGE or "_IN_PROGRESS state" in text or "does not exist" in text:
            raise ConcurrentChangeError(text) from error
        raise


@dataclass(frozen=True)
class ResourceChange:
    """What a change set does to one resource; `replacement` makes a new one, then deletes the old.

    With `may_replace`, CloudFormation decides whether to replace it only while it executes the change set.
    `properties` are those that differ, by their paths; the value of a secret parameter is asterisks.
    """

    action: str
    logical_id: str
    resource_type: str
    replacement: bool = False
    may_replace: bool = False
    properties: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        sign = "±" if self.replacement else SIGNS.get(self.action, "~")
        note = ", replaced" if self.replacement else ", may be replaced" if self.may_replace else ""
        lines = [f"{sign} {self.logical_id} ({self.resource_type}{note})", *map(str, self.properties)]
        return "\n      ".join(line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…" for line in lines)


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation has created; `empty` if there is nothing to change."""

    cloudformation: "CloudFormationClient"
    name: str
    stack: str
    stack_id: str
    changes: tuple[ResourceChange, ...] = ()
    empty: bool = False

    def execute(self) -> None:
        """Start executing it; raise `ConcurrentChangeError` if another run has changed the stack."""
        with detect_concurrency():
            self.cloudformation.execute_change_set(
                ChangeSetName=self.name, StackName=self.stack, ClientRequestToken=uuid.uuid4().hex
            )

    def delete(self) -> None:
        """Delete it if it still exists; the stack does not change."""
        with suppress(ConcurrentChangeError), detect_concurrency():
            self.cloudformation.delete_change_set(ChangeSetName=self.name, StackName=self.stack)


@detect_concurrency()
def create(
    cloudformation: "CloudFormationClient", name: str, inputs: Mapping[str, Any], *, new: bool, command: str
) -> ChangeSet:
    """Create a change set of the template with these parameters and tags, and wait until it can be read.

    `new` is for a stack that does not exist yet. The name of the change set begins with `command`, because
    the IAM policies of the CI roles allow change sets by their names; so no call may use its ARN instead.
    Raises `UsageError` if CloudFormation rejects the template or a parameter.
    """
    token = uuid.uuid4().hex  # botocore's retries send it again, so that AWS makes one change set only
    identifier = f"{command}--{name}--{token}"
    made = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=identifier,
        ClientToken=token,
        ChangeSetType="CREATE" if new else "UPDATE",
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_IAM"],
        # A stack that could not be created is deleted, so that nothing of it is left.
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
        if answer.get("Status") != "FAILED":
            raise
        reason = answer.get("StatusReason", "").strip().rstrip(".") or "it gives no reason"
        if any(words in reason for words in NO_CHANGES):
            return replace(change_set, empty=True)
        validated = any(word in reason for word in EARLY_VALIDATION)
        causes = _causes(cloudformation, identifier, name) if validated else ""
        change_set.delete()
        raise UsageError(
            f"CloudFormation can't make {name} like that: {reason}.{causes}",
            hint="Remove what exists already, or choose another name in ecs/settings.toml; mend all else.",
        ) from error
    return replace(change_set, changes=tuple(_read(cloudformation, identifier, name)))


def _causes(cloudformation: "CloudFormationClient", name: str, stack: str) -> str:
    """Name the resources that a validation or hook rejected, which only the change set's events tell."""
    try:
        pages = cloudformation.get_paginator("describe_events").paginate(
            StackName=stack, ChangeSetName=name, Filters={"FailedEvents": True}
        )
        causes = [_cause(event) for page in pages for event in page.get("OperationEvents", [])]
    except AWS_ERRORS as error:
        return f" Which resource it is could not be read: {translate(error)}"
    return "".join(f" {cause}." for cause in dict.fromkeys(causes) if cause)


def _cause(event: "OperationEventTypeDef") -> str:
    reason = event.get("ValidationStatusReason") or event.get("HookStatusReason")
    reason = (reason or event.get("ResourceStatusReason", "")).strip().rstrip(".")
    by = filter(None, (event.get("ValidationName"), event.get("HookType"), event.get("ValidationPath")))
    resource = f"{event.get('LogicalResourceId')} ({event.get('ResourceType')})"
    return f"{resource}: {reason} ({', '.join(by) or 'no path given'})" if reason else ""


def _read(cloudformation: "CloudFormationClient", name: str, stack: str) -> Iterator[ResourceChange]:
    pages = cloudformation.get_paginator("describe_change_set").paginate(
        ChangeSetName=name, StackName=stack, IncludePropertyValues=True
    )
    for resource in (change["ResourceChange"] for page in pages for change in page["Changes"]):
        yield ResourceChange(
            resource.get("Action", "Modify"),
            resource.get("LogicalResourceId", ""),
            resource.get("ResourceType", ""),
            replacement=resource.get("Replacement") == "True",
            may_replace=resource.get("Replacement") == "Conditional",
            properties=tuple(dict.fromkeys(_properties(resource))),
        )


def _properties(resource: "ResourceChangeTypeDef") -> Iterator[FieldChange]:
    """Yield the properties that a change names with a value; CloudFormation names one for each cause."""
    for target in (detail.get("Target", {}) for detail in resource.get("Details", [])):
        old, new = (target.get(key) for key in ("BeforeValue", "AfterValue"))
        if old != new:
            path = target.get("Path", "").removeprefix("/Properties/") or target.get("Name", "")
            yield FieldChange(path, old, KNOWN_LATER if new == UNKNOWN else new)
