"""Start and stop the stand-in for AWS."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.load.clients import until
from tests.serving import ROOT

PYTHON = ROOT / ".venv" / "stand-in" / "bin" / "python"
# Podman uses a registry without TLS only if its configuration names HOST:PORT; Docker any on loopback.
PORT = 4566
REGION = "us-east-1"
START_SECONDS = 60
STOP_SECONDS = 60
SWITCHED_OFF = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
"""Listeners of ministack on ports of their own."""


class StandInError(Exception):
    """The stand-in can't be started; the message says why, and what to do."""


@dataclass(frozen=True)
class StandIn:
    """A running stand-in: its address, and its controls."""

    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables by which a program with botocore uses this stand-in."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "NO_PROXY": "127.0.0.1",
        }

    def set(self, **controls: Any) -> None:
        """Set fields of `control.Controls`."""
        answer = urllib3.request("PUT", f"{self.url}/_stand_in", json=controls)
        assert answer.status == 200, answer.data.decode()

    @property
    def controls(self) -> dict[str, Any]:
        """The fields of `control.Controls`, as they are now."""
        return dict(urllib3.request("GET", f"{self.url}/_stand_in").json())

    @contextmanager
    def restored(self, **controls: Any) -> Iterator[None]:
        """Set fields of `control.Controls`, and restore all of them when the block ends."""
        before = self.controls
        self.set(**controls)
        try:
            yield
        finally:
            self.set(**before)


@contextmanager
def stand_in(folder: Path) -> Iterator[StandIn]:
    """Run the stand-in while the block runs, with its state and its log in a folder.

    Raises:
        StandInError: it is not installed, Docker does not answer, or its port is taken.
    """
    if not PYTHON.exists():
        raise StandInError("The stand-in for AWS is not installed: `make test-ecs` does that.")
    running = StandIn(PORT)
    if _taken(PORT):
        raise StandInError(
            f"Somebody listens on {running.address}, the port of the stand-in for AWS: perhaps another run "
            "of these tests. Wait for its end, or stop what listens there."
        )
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PYTHON, "-m", "tests.ecs.emulator", str(PORT)],
            cwd=ROOT,
            env=_environ(folder),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: _answers(running) or process.poll() is not None, START_SECONDS)
        if not _answers(running):
            raise StandInError(f"The stand-in for AWS did not start. It says:\n{log.read_text()[-2000:]}")
        yield running
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()


def _environ(folder: Path) -> dict[str, str]:
    """Return its environment, without the user's AWS settings, and with a folder for all that it writes."""
    passed = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST"))}
    (folder / "s3").mkdir()
    return passed | SWITCHED_OFF | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(PORT),
        "MINISTACK_REGION": REGION,
        "STATE_DIR": str(folder),
        "S3_DATA_DIR": str(folder / "s3"),
        "TMPDIR": str(folder),
    }  # fmt: skip


def _taken(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return True
    return False


def _answers(running: StandIn) -> bool:
    try:
        return urllib3.request("GET", f"{running.url}/_stand_in", retries=False, timeout=1).status == 200
    except urllib3.exceptions.HTTPError:
        return False
