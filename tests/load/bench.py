"""Measure what a request costs, side by side in one run: `make bench`.

Machines are noisy, so only ratios are quoted: short rounds of all the servers in turn, and the median over
the rounds of each round's ratio.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from tests.load import processes
from tests.load.wrk import HOME, Load, load, require_wrk
from tests.problems import train_problem
from tests.serving import ROOT, Server, free_port

CONNECTIONS = 32


@dataclass
class Contender:
    """One server under load, with the results of its rounds."""

    name: str
    url: str
    pid: int
    started_in: float
    post: bool = True
    body: str = HOME
    loads: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def round(self, seconds: int) -> None:
        """Load the server; append the load, and the worker's CPU seconds for each request."""
        [worker] = processes.children(self.pid)
        before = processes.cpu_seconds(worker)
        seen = load(self.url, connections=CONNECTIONS, seconds=seconds, post=self.post, body=self.body)
        if seen.failed:
            sys.exit(f"{self.name}: {seen.failed} of {seen.requests} requests failed")
        self.cpu.append((processes.cpu_seconds(worker) - before) / seen.requests)
        self.loads.append(seen)

    def ratio_to(self, other: "Contender") -> float:
        """Return a request's CPU time as a multiple of the other server's: the median over the rounds."""
        return statistics.median(ours / theirs for ours, theirs in zip(self.cpu, other.cpu, strict=True))


@contextmanager
def plain(name: str, app: str, path: str, *, post: bool = True) -> Iterator[Contender]:
    """Serve an app by Gunicorn's own gevent worker while the block runs."""
    port, begun = free_port(), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "tests/load/plain_conf.py", "-b", f"127.0.0.1:{port}", app],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Contender(name, f"http://127.0.0.1:{port}{path}", process.pid, wait_for(port, begun), post)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def our_server(model: str = "") -> Iterator[tuple[Server, float]]:
    """Run our server with one worker while the block runs; yield it, and the seconds that its start took."""
    begun = time.monotonic()
    server = Server(Path(os.devnull), None, WEB_CONCURRENCY="1", MAX_IN_FLIGHT="100", MODEL_DIR=model)
    try:
        yield server, wait_for(server.port, begun)
    finally:
        server.stop()


def wait_for(port: int, begun: float) -> float:
    """Wait until a server answers, with whatever status; return the seconds since `begun`."""
    while time.monotonic() < begun + 60:
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez")
        except httpx.TransportError:
            time.sleep(0.01)
        else:
            return time.monotonic() - begun
    sys.exit(f"nothing answered on port {port} in 60 s")


def main() -> int:
    """Run the bench; return 1 when a ratio is worse than promised, otherwise 0."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="rounds of every server (default 10)")
    parser.add_argument("--seconds", type=int, default=2, help="seconds a round (default 2)")
    arguments = parser.parse_args()
    require_wrk()
    with ExitStack() as stack:
        raw = stack.enter_context(plain("raw WSGI constant", "tests.load.apps:raw", "/"))
        constant = stack.enter_context(plain("Flask constant", "tests.load.apps:constant()", "/api/predict"))
        tutorial = stack.enter_context(
            plain("tutorial version", "tests.load.apps:tutorial()", "/api/predict")
        )
        ours, form, answer = (
            Contender(name, f"{server.url}{path}", server.process.pid, started, post=not page)
            for server, started in [stack.enter_context(our_server())]
            for name, path, page in (
                ("our /api/predict", "/api/predict", False),
                ("our form", "/", True),
                ("our answer", "/recommendation?home_size=1200&unit=sqft", True),
            )
        )
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server, started = stack.enter_context(our_server(train_problem("yard", Path(folder))))
        three = Contender("three features", f"{server.url}/api/predict", server.process.pid, started)
        three.body = '{"home_size": 1200, "has_yard": true, "hours_away": 5}'
        contenders = [raw, constant, ours, three, form, answer, tutorial]
        for contender in contenders:
            contender.round(1)  # warm
            contender.cpu.clear()
            contender.loads.clear()
        for _ in range(arguments.rounds):
            for contender in contenders:
                contender.round(arguments.seconds)
        show(contenders, constant)
    tail = statistics.median(seen.p99 / seen.p50 for seen in ours.loads)
    promises = [
        ("CPU of our /api/predict to a Flask constant", ours.ratio_to(constant), 1.5),
        ("CPU of a prediction from three features to a Flask constant", three.ratio_to(constant), 1.8),
        ("CPU of our answer's page to a Flask constant", answer.ratio_to(constant), 4.0),
        ("CPU of our /api/predict to the tutorial version", ours.ratio_to(tutorial), 0.33),
        ("p99 to p50 of our /api/predict at saturation", tail, 10.0),
    ]
    for what, value, most in promises:
        Console().print(f"{what}: {value:.2f} (at most {most:g})", style="" if value <= most else "bold red")
    return int(any(value > most for _, value, most in promises))


def show(contenders: list[Contender], reference: Contender) -> None:
    """Print a table of all servers."""
    table = Table(title=f"One worker, {CONNECTIONS} keep-alive connections, medians over the rounds")
    for column in (
        "server",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs/request",
        "CPU ratio",
        "PSS MB",
        "start s",
    ):
        table.add_column(column, justify="left" if column == "server" else "right")
    for contender in contenders:
        [worker] = processes.children(contender.pid)
        table.add_row(
            contender.name,
            f"{statistics.median(seen.requests / seen.seconds for seen in contender.loads):,.0f}",
            f"{statistics.median(seen.p50 for seen in contender.loads) * 1e3:.2f}",
            f"{statistics.median(seen.p99 for seen in contender.loads) * 1e3:.2f}",
            f"{statistics.median(contender.cpu) * 1e6:.0f}",
            f"{contender.ratio_to(reference):.2f}",
            f"{processes.memory_bytes(worker) / 1e6:.0f}",
            f"{contender.started_in:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
