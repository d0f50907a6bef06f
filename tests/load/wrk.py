"""wrk, a load generator: https://github.com/wg/wrk."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

POST_LUA = Path(__file__).with_name("post.lua")
BATCH_LUA = Path(__file__).with_name("batch.lua")
HOME = '{"home_size": 1200, "unit": "sqft"}'
LOCK_WAIT = ("--option", "DPkg::Lock::Timeout=120")  # a new machine may be installing its updates
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Load:
    """The result of a run of wrk.

    Latencies are in seconds; socket errors, time-outs and answers other than 2xx and 3xx count as failed.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int


def require_wrk() -> str:
    """Return the path of wrk; exit with a sentence that says how to install it where it is missing."""
    found = shutil.which("wrk")
    if found is None:
        sys.exit("This needs wrk. On Debian or Ubuntu: apt-get install wrk; on macOS: brew install wrk.")
    return found


class Running:
    """A running wrk, of which each connection always has one request under way."""

    def __init__(
        self,
        url: str,
        *,
        connections: int,
        seconds: int,
        post: bool = False,
        body: str = HOME,
        batch: tuple[str, str] = ("", ""),
    ) -> None:
        """Start wrk; `body` is the JSON to post, `batch` a file to post instead, and its media type."""
        script = ["-s", str(POST_LUA)] if post else ["-s", str(BATCH_LUA)] if batch[0] else []
        shape = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
        arguments = (body,) if post else batch
        self._process = subprocess.Popen(
            [require_wrk(), *shape, *script, url, "--", *arguments], stdout=subprocess.PIPE, text=True
        )

    def stop(self) -> Load:
        """End the load before its time; return its result."""
        assert self._process.poll() is None, "the load has ended before what it was to last for"
        self._process.send_signal(signal.SIGINT)
        return self.result()

    def result(self) -> Load:
        """Wait for the end of the load; return its result."""
        said, _ = self._process.communicate()
        requests, elapsed, unit = re.findall(r"(\d+) requests in ([\d.]+)(s|m)", said)[0]
        latency = {
            share: float(number) * _UNITS[scale]
            for share, number, scale in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s|m)", said)
        }
        failed = sum(
            int(number)
            for line in re.findall(r"(?:Socket errors|Non-2xx or 3xx responses): (.*)", said)
            for number in re.findall(r"\d+", line)
        )
        return Load(int(requests), float(elapsed) * _UNITS[unit], latency["50"], latency["99"], failed)


def load(url: str, *, connections: int, seconds: int, post: bool = False, body: str = HOME) -> Load:
    """Load an address for some seconds, from one thread; return the result."""
    return Running(url, connections=connections, seconds=seconds, post=post, body=body).result()


def main() -> int:
    """Install wrk if it is missing: `python -m tests.load.wrk`."""
    if shutil.which("wrk") is None and shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
        subprocess.run([*prefix, "apt-get", "update"], check=False, capture_output=True)
        subprocess.run(
            [*prefix, "apt-get", "install", *LOCK_WAIT, "--yes", "wrk"], check=False, capture_output=True
        )
    require_wrk()
    return 0


if __name__ == "__main__":
    sys.exit(main())
