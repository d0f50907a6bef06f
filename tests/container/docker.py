"""Images and containers, by the `docker` command or one that stands in for it."""

import hashlib
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import msgspec

from tests.load.clients import until
from tests.serving import ROOT, START_CEILING, free_port, is_ready

LOCKED_DOWN = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp"]
SMALLEST_TASK = ["--memory", "512m", "--cpus", "0.25"]


def docker(*arguments: str) -> str:
    """Run a docker command that must succeed; return what it printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def own_tag(name: str) -> str:
    """Return an image name of this checkout alone: tests of another may build theirs at the same time."""
    return f"perfect-puppy:{name}-{hashlib.sha256(bytes(ROOT)).hexdigest()[:12]}"


def inspect(kind: str, name: str) -> dict[str, Any]:
    """Return docker's description of an image or a container."""
    return msgspec.json.decode(docker(kind, "inspect", name), type=list[dict[str, Any]])[0]


@dataclass(frozen=True)
class File:
    """A file, folder or link of an image, with its content's checksum and first eight bytes."""

    mode: int
    uid: int
    gid: int
    size: int
    link: str
    sha256: str
    head: bytes


def added_files(image: str) -> dict[PurePosixPath, File]:
    """Return the files that an image adds to its base image, by their paths in a container."""
    container = docker("create", image)
    try:
        with (
            subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=cast(IO[bytes], process.stdout), mode="r|") as archive,
        ):
            return {
                PurePosixPath("/") / member.name: _file(archive, member)
                for member in archive
                if member.name.split("/")[0] in {"app", "venv"}
            }
    finally:
        docker("rm", container)


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo) -> File:
    reader = archive.extractfile(member) if member.isfile() else None
    content = reader.read() if reader else b""
    return File(
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        size=member.size,
        link=member.linkname,
        sha256=hashlib.sha256(content).hexdigest(),
        head=content[:8],
    )


def ended(image: str, *options: str, command: str = "gunicorn") -> tuple[int, str]:
    """Run a container that ends by itself; return its exit code and its output."""
    container = docker(
        *("run", "--detach", *LOCKED_DOWN, "--network", "host", "--env", f"PORT={free_port()}"),
        *(*options, image, *command.split()),
    )
    try:
        code = int(subprocess.check_output(["docker", "wait", container], timeout=START_CEILING))
        logs = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
        return code, logs.stdout + logs.stderr
    finally:
        docker("rm", "--force", container)


class Container:
    """A container of the image, serving on a free port of the loopback interface."""

    def __init__(self, image: str, *options: str, command: Sequence[str] = (), **environ: str) -> None:
        self.port = port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        ours = {
            "BIND_HOST": "127.0.0.1",
            "PORT": str(port),
            "METRICS_BIND": "off",
        }
        given = [part for name, value in (ours | environ).items() for part in ("--env", f"{name}={value}")]
        begun = time.monotonic()
        self.id = docker("run", "--detach", "--network", "host", *options, *given, image, *command)
        try:
            self._wait_until_ready()
        except BaseException:
            self.remove()
            raise
        self.start_seconds = time.monotonic() - begun

    def _wait_until_ready(self) -> None:
        if not until(lambda: is_ready(self.url), START_CEILING):
            raise RuntimeError(
                f"the container was not ready in {START_CEILING} s:\n{docker('logs', self.id)}"
            )

    def peak_memory(self) -> int:
        """Return the most memory that the container has used, in bytes, as the kernel's limit counts it."""
        folder = Path("/sys/fs/cgroup")
        try:
            return int(docker("exec", self.id, "cat", str(folder / "memory.peak")))
        except AssertionError:  # cgroups of version 1
            return int(docker("exec", self.id, "cat", str(folder / "memory/memory.max_usage_in_bytes")))

    def stop(self) -> tuple[int, float]:
        """Stop the container as ECS does; return its exit code and the seconds that it took."""
        begun = time.monotonic()
        docker("stop", "--time", "20", self.id)
        seconds = time.monotonic() - begun
        return int(inspect("container", self.id)["State"]["ExitCode"]), seconds

    def remove(self) -> None:
        docker("rm", "--force", self.id)


@contextmanager
def serving(image: str, *options: str, command: Sequence[str] = (), **environ: str) -> Iterator[Container]:
    """Run a container while the block runs; it is ready at the block's start."""
    container = Container(image, *options, command=command, **environ)
    try:
        yield container
    finally:
        container.remove()
