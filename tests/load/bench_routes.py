"""Measure the most expensive request of each route, in units of one prediction's CPU: `make bench-routes`.

The unit is what one `POST /api/predict` costs a worker that is warm. Each request of `tests/load/costly.py`
is measured cold, as the first of its kind in a new worker, and warm. Batches are left out: they are priced by
the home. Of repeated measurements the least counts: what else the machine does can only add to them.
"""

import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.load import costly, processes
from tests.load.clients import until
from tests.load.costly import Costly
from tests.serving import Server

BOUND = 10
WORKERS = 5
WARM_REQUESTS = 10


@dataclass(frozen=True)
class Cost:
    """The CPU time of a request, as a multiple of a prediction's."""

    request: Costly
    cold: float
    warm: float


def new_worker(server: Server) -> int:
    """Kill the only worker; wait until the next is ready, and return its process id."""
    ready = server.log.read_bytes().count(b"worker ready")
    killed = processes.children(server.process.pid)
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    assert until(lambda: server.log.read_bytes().count(b"worker ready") > ready)
    [worker] = set(processes.children(server.process.pid)) - set(killed)
    return worker


def cpu(worker: int, connection: HTTPConnection, request: Costly, times: int) -> float:
    """Send a request `times` times; return the worker's CPU seconds for each."""
    before = processes.cpu_clock(worker)
    for _ in range(times):
        request.send(connection)
    return (processes.cpu_clock(worker) - before) / times


def measure(server: Server, request: Costly) -> Cost:
    """Measure a request on several new workers: the first of its kind, then further ones."""
    cold, warm, unit = [], [], []
    for _ in range(WORKERS):
        worker = new_worker(server)
        connection = HTTPConnection("127.0.0.1", server.port)
        costly.READY.send(connection)
        cold.append(cpu(worker, connection, request, 1))
        for once in (request, costly.PREDICT):
            cpu(worker, connection, once, WARM_REQUESTS)
        warm.append(cpu(worker, connection, request, WARM_REQUESTS))
        unit.append(cpu(worker, connection, costly.PREDICT, WARM_REQUESTS))
        connection.close()
    return Cost(request, min(cold) / min(unit), min(warm) / min(unit))


def main() -> int:
    """Print the table; return 1 when a request costs more than the bound, otherwise 0."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "log", WEB_CONCURRENCY="1")
        try:
            server.wait_until_ready()
            costs = [measure(server, request) for request in track(list(costly.requests()), transient=True)]
        finally:
            server.stop()
    table = Table(title="The most expensive request of each route, in predictions")
    for column in ("route", "cold", "which", "warm", "which"):
        table.add_column(column, justify="left" if column in {"route", "which"} else "right")
    for route, of_route in groupby(costs, lambda cost: cost.request.route):
        known = list(of_route)
        cold, warm = max(known, key=lambda cost: cost.cold), max(known, key=lambda cost: cost.warm)
        table.add_row(route, f"{cold.cold:.1f}", cold.request.what, f"{warm.warm:.1f}", warm.request.what)
    Console().print(table)
    above = [cost for cost in costs if max(cost.cold, cost.warm) > BOUND]
    for cost in above:
        Console().print(
            f"{cost.request.route}, {cost.request.what}: cold {cost.cold:.1f}, warm {cost.warm:.1f} "
            f"(at most {BOUND})",
            style="bold red",
        )
    return int(bool(above))


if __name__ == "__main__":
    sys.exit(main())
