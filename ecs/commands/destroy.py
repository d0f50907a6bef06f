"""`destroy`: remove everything."""

from typing import Any, Literal

import click
from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import UsageError
from ecs.foundation import stack
from ecs.foundation.outputs import Foundation
from ecs.foundation.removal import remove
from ecs.foundation.stack import find_foundation
from ecs.release import scaling
from ecs.release.service import find, wait_until_gone
from ecs.run import Run, command, dry_run_option

A_CALL = 100
DELETED_A_CALL = 10


@command(
    click.option(
        "--yes", "given", metavar="NAME", help="The stack's name, in place of typing it when asked."
    ),
    dry_run_option,
)
def destroy(run: Run, *, given: str | None, dry_run: bool) -> dict[str, Any]:
    """Remove the service, its revisions and images, and the foundation; it asks for the name.

    It can be run again if it was cut off. Nothing is kept: no log and no image.
    """
    aws, name, say = run.aws, run.settings.stack, run.output.say
    foundation = find_foundation(aws.cloudformation, name)
    arns = revision_arns(aws)
    there = stack.exists(aws.cloudformation, name)
    say(f"This removes {name} in {aws.region}: service, {len(arns)} revisions, images, logs, network.")
    result = {"stack": name, "region": aws.region, "revisions": len(arns)}
    if not there and not arns:
        run.output.done("Nothing is there")
        return result
    if dry_run:
        return result
    _ask_name(run, name, given)
    if foundation:
        with run.output.step("Removing the service"):
            remove_service(aws, foundation)
        with run.output.step("Removing the images"):
            remove_images(aws, foundation)
    with run.output.step(f"Removing {len(arns)} revisions"):
        remove_revisions(aws, arns)
    if there:
        with run.output.step("Removing the stack"):
            remove(aws.cloudformation, name, run.output.event)
    run.output.done(f"{name} is gone")
    return result


def _ask_name(run: Run, name: str, given: str | None) -> None:
    if given is None:
        run.output.confirm_name(name)
    elif given != name:
        raise UsageError(f"--yes names {given!r}, and this would remove {name!r}; nothing was changed.")


def remove_service(aws: Aws, foundation: Foundation) -> None:
    """Delete the service and wait until its tasks have stopped; one that is gone is no error."""
    scaling.remove(aws, foundation)
    cluster, name = foundation.cluster_name, aws.settings.stack
    tasks: list[str] = []
    if find(aws, foundation):
        pages = aws.ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=name)
        tasks = [arn for page in pages for arn in page["taskArns"]]
        aws.ecs.delete_service(cluster=cluster, service=name, force=True)
    wait_until_gone(aws, foundation)
    # A service is gone before its tasks are, and a cluster with tasks can't be removed.
    for start in range(0, len(tasks), A_CALL):
        aws.ecs.get_waiter("tasks_stopped").wait(
            cluster=cluster,
            tasks=tasks[start : start + A_CALL],
            WaiterConfig={"Delay": 3, "MaxAttempts": 100},
        )


def remove_images(aws: Aws, foundation: Foundation) -> None:
    """Empty the repository: a stack can't delete one that holds images."""
    repository = foundation.repository_name
    try:
        pages = aws.ecr.get_paginator("describe_images").paginate(repositoryName=repository)
        digests = [image["imageDigest"] for page in pages for image in page["imageDetails"]]
    except aws.ecr.exceptions.RepositoryNotFoundException:
        return
    for start in range(0, len(digests), A_CALL):
        chosen = [{"imageDigest": digest} for digest in digests[start : start + A_CALL]]
        aws.ecr.batch_delete_image(repositoryName=repository, imageIds=chosen)  # type: ignore[arg-type]


def revision_arns(aws: Aws) -> list[str]:
    """List the family's revisions that are not deleted yet."""
    found = []
    statuses: tuple[Literal["ACTIVE", "INACTIVE"], ...] = ("ACTIVE", "INACTIVE")
    for status in statuses:
        for page in aws.ecs.get_paginator("list_task_definitions").paginate(
            familyPrefix=aws.settings.stack,
            status=status,
        ):
            found += [arn for arn in page["taskDefinitionArns"] if f"/{aws.settings.stack}:" in arn]
    return found


def remove_revisions(aws: Aws, arns: list[str]) -> None:
    """Deregister and delete task definitions."""
    for arn in arns:
        try:
            aws.ecs.deregister_task_definition(taskDefinition=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"ClientException", "InvalidParameterException"}:
                raise
    for start in range(0, len(arns), DELETED_A_CALL):
        aws.ecs.delete_task_definitions(taskDefinitions=arns[start : start + DELETED_A_CALL])
