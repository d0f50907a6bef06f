"""A real Gunicorn with gevent workers, in processes of its own, on a free port of loopback."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

ROOT = Path(__file__).resolve().parent.parent
START_CEILING = 60.0


def free_port() -> int:
    """Find a port on which nobody listens, below those that systems give to clients by themselves.

    So it is still free a moment later, unless somebody chooses the same one by chance.
    """
    while True:
        port = random.randrange(15_000, 32_000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


class Server:
    """One Gunicorn: its process, address and log."""

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
        """Start it.

        Args:
            log: where its output goes, and is looked for.
            shared: a listening socket, as systemd would hand it over.
            output: a descriptor for its standard output, in place of the log.
            before: what a shell does first, such as `ulimit -n 256`.
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
        deadline = time.monotonic() + START_CEILING
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"gunicorn ended with {self.process.returncode}:\n{self.log.read_text()}")
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                self._pause()
        raise RuntimeError(f"gunicorn was not ready in {START_CEILING} s:\n{self.log.read_text()}")

    @staticmethod
    def _pause() -> None:
        time.sleep(0.02)

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Stop the server and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            return self.process.wait(START_CEILING)
        finally:
            self.process.kill()

    def wait_for_event(self, words: str, times: int = 1) -> dict[str, Any]:
        """Wait until so many log lines have these words in their event; give the last."""
        deadline = time.monotonic() + START_CEILING
        while time.monotonic() < deadline:
            whole_lines = self.log.read_bytes().rpartition(b"\n")[0].splitlines()
            found = [line for line in whole_lines if words.encode() in line]
            if len(found) >= times:
                return msgspec.json.decode(found[-1], type=dict[str, Any])
            self._pause()
        raise RuntimeError(f"no {words!r} in {START_CEILING} s:\n{self.log.read_text()}")

    def log_lines(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in self.log.read_bytes().splitlines()]


@contextmanager
def running(log: Path, *, output: int | None = None, before: str = "", **environ: str) -> Iterator[Server]:
    """A server for as long as the block lasts; all its workers are ready, where its log can say so."""
    server = Server(log, output=output, before=before, **environ)
    try:
        server.wait_until_ready()
        if output is None and environ.get("LOG_LEVEL", "info") == "info":
            server.wait_for_event("worker ready", times=int(environ.get("WEB_CONCURRENCY", 2)))
        yield server
    finally:
        server.stop()
