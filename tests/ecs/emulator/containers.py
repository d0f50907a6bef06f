"""Run tasks as containers, each as its task definition says and with its own loopback address.

A task on Fargate has a network interface of its own. Here it shares the machine's network, and the image's
BIND_HOST makes it listen on its own address in 127.0.0.0/8 alone.
"""

import os
import sys
import threading
import uuid
from contextlib import suppress
from typing import Any, TextIO

import docker
from docker.errors import DockerException
from ministack import app
from ministack.core.concurrency import spawn_background
from ministack.services import ecs

PORT = int(os.environ.get("GATEWAY_PORT", "4566"))
RUN_LABEL = "perfect-puppy.stand-in"
RUN = uuid.uuid4().hex
ADDRESS_LABEL = "perfect-puppy.address"
CPU_PERIOD = 100_000
CPU_UNITS = 1024
TASKS_A_NETWORK = 250

_addresses: dict[str, str] = {}
_lock = threading.Lock()
_original_arguments = ecs._build_run_kwargs
_original_run = ecs._run_docker_container
_original_clean_up = ecs._cleanup_task_resources


def install() -> None:
    ecs._build_run_kwargs = run_arguments
    ecs._container_ip = lambda container, _network: container.labels[ADDRESS_LABEL]
    ecs._run_docker_container = run_pulled
    ecs._cleanup_task_resources = clean_up_meanwhile
    # ministack's own clean-up would also remove the containers of other runs that are in use.
    app._stop_docker_containers = lambda *_: None


def check_docker() -> None:
    """Exit with a sentence if Docker does not answer."""
    try:
        docker.from_env().ping()
    except DockerException as error:
        sys.exit(f"The stand-in for AWS starts tasks as containers, and no Docker answers: {error}")


def remove_at_end(stdin: TextIO) -> None:
    """Wait until the parent process has ended, even by a kill, then remove this run's containers and exit."""
    stdin.read()
    ours, client = {"label": f"{RUN_LABEL}={RUN}"}, docker.from_env()
    while found := client.containers.list(all=True, filters=ours, ignore_removed=True):
        for container in found:
            with suppress(DockerException):  # it is being stopped meanwhile
                container.remove(v=True, force=True)
    os._exit(0)


def address_of(task_arn: str) -> str:
    """Return the address of a task; runs on different ports never share one."""
    with _lock:
        number = len(_addresses)
        network = f"127.{64 + PORT % 128}.{number // TASKS_A_NETWORK}"
        return _addresses.setdefault(task_arn, f"{network}.{number % TASKS_A_NETWORK + 1}")


def run_arguments(
    container: dict[str, Any],
    definition: dict[str, Any],
    environment: dict[str, Any],
    _ports: Any,
    _network: Any,
    _host_mode: bool,
    task_id: str,
    task_arn: str,
    stack_address: Any,
    cluster_arn: str,
) -> dict[str, Any]:
    """Return the arguments to run a container with, from all fields of the definition that the tool sets."""
    address = address_of(task_arn)
    environment = {name: str(value) for name, value in environment.items()} | {"BIND_HOST": address}
    arguments: dict[str, Any] = _original_arguments(
        container, definition, environment, None, None, True, task_id, task_arn, stack_address, cluster_arn
    )
    arguments["labels"] |= {ADDRESS_LABEL: address, RUN_LABEL: RUN}
    parameters = container.get("linuxParameters") or {}
    memory = container.get("memory") or definition.get("memory")
    units = int(container.get("cpu") or definition.get("cpu") or 0)
    scratch = {volume["name"] for volume in definition.get("volumes", []) if not volume.get("host")}
    return arguments | {
        "read_only": bool(container.get("readonlyRootFilesystem")),
        "user": container.get("user"),
        "entrypoint": container.get("entryPoint"),
        "working_dir": container.get("workingDirectory"),
        "cap_drop": (parameters.get("capabilities") or {}).get("drop"),
        "mem_limit": f"{memory}m" if memory else None,
        "cpu_period": CPU_PERIOD if units else None,
        "cpu_quota": units * CPU_PERIOD // CPU_UNITS if units else None,
        "tmpfs": {
            mount["containerPath"]: "rw,size=64m"
            for mount in container.get("mountPoints", [])
            if mount["sourceVolume"] in scratch
        },
    }


def run_pulled(client: Any, container: dict[str, Any], arguments: dict[str, Any], **_more: Any) -> Any:
    """Pull the image before each start, as Fargate does, but from the registry on this port, not from ECR."""
    _, ecr, name = container["image"].partition(".amazonaws.com/")
    local = container | {"image": f"127.0.0.1:{PORT}/{name}"} if ecr else container
    try:
        # Podman reports a missing image only in the lines of its answer, and the client would use an old one.
        lines = list(client.api.pull(local["image"], stream=True, decode=True))
    except DockerException as error:
        raise ecs._ImagePullError(str(error)) from error
    if errors := [line["error"] for line in lines if "error" in line]:
        raise ecs._ImagePullError(errors[0])
    return _original_run(client, local, arguments)


def clean_up_meanwhile(*given: Any) -> None:
    """Stop a task's containers in the background, so that the call is answered at once, as on AWS."""
    spawn_background(_original_clean_up, *given, thread_name="stand-in-stop")
