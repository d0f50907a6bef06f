"""wrk, a load generator: https://github.com/wg/wrk."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

POST_LUA = Path(__file__).with_name("post.lua")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Load:
    """What a run of wrk saw."""

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int


def require_wrk() -> str:
    """Find wrk, or end with a sentence that says how to get it."""
    found = shutil.which("wrk")
    if found is None:
        sys.exit("This needs wrk. On Debian or Ubuntu: apt-get install wrk; on macOS: brew install wrk.")
    return found


def load(url: str, *, connections: int, seconds: int, post: bool = False) -> Load:
    """Load `url` from one thread; the latencies are in seconds.

    `failed` counts socket errors, time-outs and answers other than 2xx and 3xx.
    """
    script = ["-s", str(POST_LUA)] if post else []
    command = [require_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    said = subprocess.run([*command, *script, url], capture_output=True, text=True, check=True).stdout
    requests, elapsed = re.findall(r"(\d+) requests in ([\d.]+)s", said)[0]
    latency = {
        share: float(n) * _UNITS[unit] for share, n, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s|m)", said)
    }
    failed = sum(
        int(n) for line in re.findall(r"Socket errors: (.*)", said) for n in re.findall(r"\d+", line)
    )
    failed += sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    return Load(int(requests), float(elapsed), latency["50"], latency["99"], failed)
