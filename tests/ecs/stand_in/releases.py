"""Steps of releases on the stand-in: commit another version, and see what serves."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from tests.ecs.project import Result
from tests.ecs.stand_in.conftest import Deployed

STACK = "perfect-puppy-prod"


def served(deployed: Deployed) -> str:
    return str(deployed.place.ecs("status", "--json").json["task_definition"])


def number(arn: str) -> str:
    return arn.rpartition(":")[2]


@contextmanager
def change(deployed: Deployed, *, slow: bool = False) -> Iterator[None]:
    """Commit another version that answers right, and remove the commit after the block."""
    project = deployed.place.project
    project.append(
        "gunicorn.conf.py", "\nimport time\n\ntime.sleep(20)\n" if slow else "\n# another version\n"
    )
    if slow:
        project.set({"grace_seconds": 60})
    project.commit()
    deployed.place.forget()
    try:
        yield
    finally:
        deployed.place.forget()
        project.undo()


def under_way(before: str) -> bool:
    [service] = boto3.client("ecs").describe_services(cluster=STACK, services=[STACK])["services"]
    state = service["deployments"][0].get("rolloutState")
    return bool(service["taskDefinition"] != before and state == "IN_PROGRESS")


def ended(process: "subprocess.Popen[str]") -> Result:
    out, err = process.communicate(timeout=200)
    return Result(process.returncode, out, err)
