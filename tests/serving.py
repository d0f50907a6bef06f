"""A real Gunicorn with gevent workers, in its own processes, on a free port of the loopback interface."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.load import processes
from tests.load.clients import until

ROOT = Path(__file__).resolve().parent.parent
START_CEILING = 60.0


def copy_project(folder: Path) -> None:
    """Copy all files of the project that git does not ignore to a folder."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def free_port() -> int:
    """Find a free port below the range from which operating systems choose ports for clients.

    No system takes it between this call and its use; only another test that draws the same number can.
    """
    while True:
        port = random.randrange(15_000, 32_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def damage(artifact: Path) -> Path:
    """Flip one bit of the model file in an artifact's folder; return the file."""
    [model] = artifact.glob("model-*.ubj")
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    return model


def is_ready(url: str) -> bool:
    """Say whether the server at this address answers its readiness check with 200."""
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


class Server:
    """One Gunicorn: its process, its addresses and its log."""

    def __init__(
        self,
        log: Path,
        shared: socket.socket | None = None,
        /,
        *,
        output: int | None = None,
        before: str = "",
        **environ: str,
    ) -> None:
        """Start Gunicorn; return at once.

        Args:
            log: the file for its standard error, and for its standard output without `output`.
            shared: a listening socket, handed over as systemd does.
            output: a file descriptor for its standard output.
            before: a shell command to run first, such as `ulimit -n 256`.
            environ: more environment variables.
        """
        free, metrics_port = free_port(), free_port()
        tcp = shared is not None and shared.family == socket.AF_INET
        self.port: int = shared.getsockname()[1] if shared and tcp else free
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_url = f"http://127.0.0.1:{metrics_port}/"
        self.log = log
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        ours = {
            "PORT": str(self.port),
            "METRICS_BIND": f"127.0.0.1:{metrics_port}",
            "LOG_FORMAT": "json",
        }
        command = [sys.executable, "-m", "gunicorn"]
        inherited_fds: tuple[int, ...] = ()
        if shared:
            # systemd's protocol: descriptor 3, for the process that LISTEN_PID names.
            script = f'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@" 3<&{shared.fileno()}'
            command = ["bash", "-c", script, *command]
            inherited_fds = (shared.fileno(),)
        if before:
            command = ["bash", "-c", f'{before}; exec "$0" "$@"', *command]
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=inherited | ours | environ,
                stdout=file if output is None else output,
                stderr=file,
                pass_fds=inherited_fds,
            )

    def wait_until_ready(self) -> None:
        """Wait until the server is ready; raise RuntimeError with its log when it ends or takes too long."""

        def ready() -> bool:
            if self.process.poll() is not None:
                raise RuntimeError(f"gunicorn ended with {self.process.returncode}:\n{self.log.read_text()}")
            return is_ready(self.url)

        if not until(ready, START_CEILING):
            raise RuntimeError(f"gunicorn was not ready in {START_CEILING} s:\n{self.log.read_text()}")

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Stop the server, unless it has ended; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            return self.process.wait(START_CEILING)
        finally:
            self.process.kill()

    def workers(self) -> list[int]:
        """Return the process ids of the workers, in ascending order."""
        return processes.children(self.process.pid)

    def reload(self) -> None:
        """Send SIGHUP; wait until every worker from before has ended."""
        before = set(self.workers())
        self.process.send_signal(signal.SIGHUP)
        assert until(lambda: before.isdisjoint(self.workers()), 30), "the old workers still run"

    def metric(self, series: str) -> float:
        """Return the sum of the metrics' series of this name and labels, 0 where nothing is counted yet.

        Args:
            series: such as `worker_exits_total`; a regular expression, except for its braces.
        """
        pattern = series.replace("{", r"\{").replace("}", r"\}")
        values = re.findall(rf"^{pattern} (\S+)$", httpx.get(self.metrics_url).text, re.MULTILINE)
        return sum(map(float, values))

    def wait_for_event(self, words: str, times: int = 1) -> dict[str, Any]:
        """Wait until that many log lines hold these words; return the last of them."""
        found: list[bytes] = []

        def logged() -> bool:
            whole_lines = self.log.read_bytes().rpartition(b"\n")[0].splitlines()
            found[:] = [line for line in whole_lines if words.encode() in line]
            return len(found) >= times

        if not until(logged, START_CEILING):
            raise RuntimeError(f"no {words!r} in {START_CEILING} s:\n{self.log.read_text()}")
        return msgspec.json.decode(found[-1], type=dict[str, Any])

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the log's lines; raise msgspec.DecodeError for one that is not JSON."""
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in self.log.read_bytes().splitlines()]

    def log_errors(self) -> list[dict[str, Any]]:
        """Return the log's lines of level error or critical."""
        return [line for line in self.log_lines() if line["level"] in {"error", "critical"}]


@contextmanager
def running(log: Path, *, output: int | None = None, before: str = "", **environ: str) -> Iterator[Server]:
    """Serve while the block runs; at first one worker is ready, or all if `log` has their `info` lines."""
    server = Server(log, output=output, before=before, **environ)
    try:
        server.wait_until_ready()
        if output is None and environ.get("LOG_LEVEL", "info") == "info":
            server.wait_for_event("worker ready", times=int(environ.get("WEB_CONCURRENCY", 2)))
        yield server
    finally:
        server.stop()


def refusal(log: Path, **environ: str) -> tuple[int, str]:
    """Start a server that should refuse to start; return its exit code and what it printed."""
    server = Server(log, None, output=None, before="", **environ)
    try:
        return server.process.wait(START_CEILING), log.read_text()
    finally:
        server.process.kill()
