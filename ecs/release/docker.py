"""Calls of the Docker command line."""

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from ecs.errors import NotAllowedError, UsageError, denied_action
from ecs.settings import ROOT, Settings

SHOWN_LINES = 15
# Build a plain image; the registry's scan does not read an index of an image and an attestation.
ENVIRONMENT = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
PLATFORM = "{{.Os}}/{{.Architecture}}"
# What the versions of Docker's command line print if no daemon answers. A daemon's message about a registry
# that does not answer contains "daemon" and "connect" too, so those words alone are not enough.
NO_DAEMON = re.compile("(?i)connect to the docker (daemon|api)|docker daemon running|error during connect")


class _DockerError(UsageError):
    """Docker exited with an error; this changes nothing that serves, so it is a `UsageError`."""


def version() -> str:
    """Return the server's version and platform; raise `UsageError` if Docker is missing or does not run."""
    return call("version", "--format", "{{.Server.Version}}, {{.Server.Os}}/{{.Server.Arch}}").strip()


def inspect(image: str, template: str) -> str:
    """Read a Go template from the description of a local image; return "" if there is no such image."""
    try:
        return call("image", "inspect", "--format", template, image).strip()
    except _DockerError:
        return ""


def build(image: str, settings: Settings, labels: dict[str, str], base: str = "") -> None:
    """Build the image of the settings' model from the Dockerfile, on its own base image or on `base`.

    Raises as `call` does, and `UsageError` if the image is for another platform than the settings say.
    """
    options = ["--platform", settings.docker_platform]
    options += ["--build-arg", f"BASE={base}"] if base else []
    options += ["--build-arg", f"ARTIFACT={settings.artifact}"]
    options += [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    call("build", *options, "--tag", image, str(ROOT))
    if (built := inspect(image, PLATFORM)) != settings.docker_platform:
        raise UsageError(
            f"Docker built the image for {built}, not for {settings.docker_platform}.",
            hint="Set up emulation in Docker, or architecture in ecs/settings.toml to this machine's.",
        )


def run(image: str, settings: Settings, program: str) -> str:
    """Run a shell script in an image, without a network, and return its output."""
    options = ("--rm", "--platform", settings.docker_platform, "--network", "none", "--entrypoint", "sh")
    return call("run", *options, image, "-ec", program)


def push(image: str, target: str, *, user: str, password: str) -> None:
    """Push a local image to `target`, its name in a registry; raises as `call` does."""
    call("tag", image, target)
    with _signed_in(target.partition("/")[0], user, password) as config:
        call("push", target, config=config)


@contextmanager
def _signed_in(registry: str, user: str, password: str) -> Iterator[str]:
    """Yield a temporary Docker configuration with a registry's login and the user's own context."""
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        configuration = msgspec.json.decode((own / "config.json").read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        configuration = {}
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    signed_in = {key: value for key, value in configuration.items() if key == "currentContext"}
    signed_in |= {"auths": {registry: {"auth": auth}}}
    with TemporaryDirectory(prefix="perfect-puppy-docker-") as folder:
        for name in ("contexts", "cli-plugins"):
            if (own / name).is_dir():
                (Path(folder) / name).symlink_to(own / name)
        (Path(folder) / "config.json").write_bytes(msgspec.json.encode(signed_in))
        yield folder


def call(*arguments: str, config: str | None = None) -> str:
    """Run a Docker command and return its output; `config` is a folder with Docker's configuration.

    Raises `UsageError` if it fails or Docker does not run, `NotAllowedError` if the registry denies it.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            ["docker", *arguments],  # noqa: S607 - wherever Docker is installed
            stdin=subprocess.DEVNULL,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | ENVIRONMENT | ({"DOCKER_CONFIG": config} if config else {}),
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError(
            "Docker is not installed.", hint="Install it: https://docs.docker.com/get-docker."
        ) from error
    if done.returncode == 0:
        return done.stdout
    last = "\n".join(done.stdout.strip().splitlines()[-SHOWN_LINES:])
    if NO_DAEMON.search(last):
        raise UsageError(f"Docker does not run: {last}", hint="Start Docker, then run this again.")
    failed = f"docker {arguments[0]} failed:\n{last}"
    if action := denied_action(last):
        raise NotAllowedError(failed, hint=f"Ask for a policy that allows {action}, then run this again.")
    raise _DockerError(failed, hint="Mend it, then run this again: it goes on.")
