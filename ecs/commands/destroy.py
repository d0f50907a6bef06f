"""The `destroy` command: remove everything that the tool has made."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import click

from ecs.aws import Aws
from ecs.errors import NotRolledBackError, UsageError
from ecs.foundation.events import describe_stack
from ecs.foundation.removal import remove
from ecs.output import bullet
from ecs.release import scaling
from ecs.release.pending_changes import placeholder_foundation
from ecs.release.service import find, wait_until_gone
from ecs.run import Run, command, dry_run_option

DELETE_BATCH = 10
# The last group exists only in accounts that turn Container Insights on for every cluster.
LOG_GROUPS = ("/ecs/{}", "/aws/events/{}", "/aws/ecs/containerinsights/{}/performance")
KEPT = """AWS itself removes the rest in time, at no cost: metrics, and the names of revisions and cluster.
To see what still has the tags of {name} (what has just been removed is listed for some minutes more):
  aws resourcegroupstaggingapi get-resources --region {region} --tag-filters {filters}"""
VALIDATION_RECORD = """The record that proved that {domain} is yours stays in the zone {zone}: a CNAME to
acm-validations.aws. Other certificates of that name need it; if there are none, remove it."""


@command(
    click.option(
        "--yes", "given", metavar="NAME", help="The stack's name, in place of typing it when asked."
    ),
    dry_run_option,
)
def destroy(run: Run, *, given: str | None, dry_run: bool) -> dict[str, Any]:
    """Remove the service, its revisions and images, and the foundation; it asks for the name.

    It can be run again if it was interrupted, and finds by its name what an incomplete or deleted stack has
    left. Nothing is kept: no log and no image. It ends by naming what only AWS can remove.
    """
    aws, name, settings = run.aws, run.settings.stack, run.settings
    found = dict(find_resources(aws))
    result = {"stack": name, "region": aws.region, "found": found}
    if not any(found.values()):
        run.output.done("Nothing is there")
        return result
    run.output.say(f"This removes {name} in {aws.region}:")
    run.output.say(bullet(f"{kind}: {', '.join(items)}" for kind, items in found.items() if items))
    if others := ", ".join(service for service in found.get("services", ()) if service != name):
        raise UsageError(
            f"The cluster {name} has services that this tool did not make: {others}.",
            hint=f"Remove each: aws ecs delete-service --force --cluster {name} --service NAME.",
        )
    if dry_run:
        return result
    if given is None:
        run.output.confirm_name(name)
    elif given != name:
        raise UsageError(f"--yes names {given!r}, and this would remove {name!r}; nothing was changed.")
    with run.output.step("Removing the service"):
        remove_service(aws)
    with run.output.step("Removing the images"), suppress(aws.ecr.exceptions.RepositoryNotFoundException):
        aws.ecr.delete_repository(repositoryName=name, force=True)
    with run.output.step("Removing the revisions"):
        remove_revisions(aws, found["revisions"])
    with run.output.step("Removing the stack"):
        remove(aws.cloudformation, name, run.output.event)
    with suppress(aws.ecs.exceptions.ClusterNotFoundException):
        aws.ecs.delete_cluster(cluster=name)
    for group in found["log groups"]:
        with suppress(aws.logs.exceptions.ResourceNotFoundException):
            aws.logs.delete_log_group(logGroupName=group)
    run.output.done(f"{name} is gone")
    filters = " ".join(f"Key={key},Values={value}" for key, value in settings.tags.items())
    run.output.say(KEPT.format(name=name, region=aws.region, filters=filters))
    if settings.hosted_zone_id and not settings.certificate_arn:
        run.output.say(VALIDATION_RECORD.format(domain=settings.domain_name, zone=settings.hosted_zone_id))
    return result


def find_resources(aws: Aws) -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of resource with the names that exist, found by name because the stack may be gone."""
    name = aws.settings.stack
    yield "stack", [name] if describe_stack(aws.cloudformation, name) else []
    if any(item["status"] != "INACTIVE" for item in aws.ecs.describe_clusters(clusters=[name])["clusters"]):
        pages = aws.ecs.get_paginator("list_services").paginate(cluster=name)
        services = [arn.rpartition("/")[2] for page in pages for arn in page["serviceArns"]]
        yield "cluster", [name]
        yield "services", services
    with suppress(aws.ecr.exceptions.RepositoryNotFoundException):
        aws.ecr.describe_repositories(repositoryNames=[name])
        yield "repository", [name]
    names = [group.format(name) for group in LOG_GROUPS]
    answers = [aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] for group in names]
    existing = {item["logGroupName"] for answer in answers for item in answer}
    yield "log groups", [group for group in names if group in existing]
    yield "revisions", revision_arns(aws)


def remove_service(aws: Aws) -> None:
    """Delete the service, if there is one, and wait until all tasks of the cluster have stopped."""
    name = aws.settings.stack
    named = replace(placeholder_foundation(), cluster_name=name)
    scaling.remove(aws, named)
    if find(aws, named):
        aws.ecs.delete_service(cluster=name, service=name, force=True)
    # Tasks run on for a while after the service is deleted, and a cluster that runs tasks can't be deleted.
    tasks: list[list[str]] = []
    statuses: tuple[Literal["RUNNING", "STOPPED"], ...] = ("RUNNING", "STOPPED")
    with suppress(aws.ecs.exceptions.ClusterNotFoundException):
        for status in statuses:
            for page in aws.ecs.get_paginator("list_tasks").paginate(cluster=name, desiredStatus=status):
                tasks.append(page["taskArns"])
                for arn in page["taskArns"] if status == "RUNNING" else ():
                    aws.ecs.stop_task(cluster=name, task=arn, reason="destroy")
    wait_until_gone(aws, named)
    for arns in filter(None, tasks):
        aws.ecs.get_waiter("tasks_stopped").wait(
            cluster=name, tasks=arns, WaiterConfig={"Delay": 3, "MaxAttempts": 100}
        )


def revision_arns(aws: Aws) -> list[str]:
    """List the ARNs of this service's task definitions that are not deleted yet."""
    name, pages = aws.settings.stack, aws.ecs.get_paginator("list_task_definitions").paginate
    statuses: tuple[Literal["ACTIVE", "INACTIVE"], ...] = ("ACTIVE", "INACTIVE")
    found = [page["taskDefinitionArns"] for it in statuses for page in pages(familyPrefix=name, status=it)]
    return [arn for arns in found for arn in arns if f"/{name}:" in arn]


def remove_revisions(aws: Aws, arns: list[str]) -> None:
    """Deregister and delete task definitions; raise `NotRolledBackError` where AWS keeps one."""
    errors = aws.ecs.exceptions
    for arn in arns:
        with suppress(errors.ClientException, errors.InvalidParameterException):  # already deregistered
            aws.ecs.deregister_task_definition(taskDefinition=arn)
    for start in range(0, len(arns), DELETE_BATCH):
        answer = aws.ecs.delete_task_definitions(taskDefinitions=arns[start : start + DELETE_BATCH])
        for failure in answer["failures"]:
            raise NotRolledBackError(
                f"AWS does not delete {failure['arn']}: {failure['reason']}.", hint="Run destroy again."
            )
