"""Measure the most expensive requests of each route, in units of one prediction's CPU: part of `make bench`.

The unit is what one `POST /api/predict` costs the worker when warm. Each request is measured cold, as the
first of its kind in a new worker, and warm. A batch has no bound here: it is priced by the home.
"""

import http.client
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.load import processes
from tests.load.clients import until
from tests.serving import Server
from webapp import docs

BOUND = 10
WARM_REQUESTS = 60
WORKERS = 3
"""So many new workers meet each request cold; the median counts."""

HEADER = 8000
"""Bytes that Gunicorn takes in one header, and a little less than it refuses."""
QUERY = 4000
"""The same for the request line."""

JSON = {"Content-Type": "application/json"}
GZIP = {"Accept-Encoding": "gzip"}
_serial = count()


@dataclass(frozen=True)
class Ask:
    """One kind of request; each `#` in its path or headers becomes a number that no other request has."""

    route: str
    what: str
    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def send(self, client: http.client.HTTPConnection) -> None:
        """Send it and read the answer."""
        serial = str(next(_serial))
        headers = {name: value.replace("#", serial) for name, value in self.headers.items()}
        client.request(self.method, self.path.replace("#", serial), self.body or None, headers)
        response = client.getresponse()
        response.read()
        if response.status >= 500:
            sys.exit(f"{self.route}, {self.what}: {response.status}")


def predict() -> Ask:
    """Give the request that is the unit."""
    return Ask("/api/predict", "POST", "/api/predict", "POST", JSON, '{"home_size": 900}')


def requests() -> Iterator[Ask]:
    """Give for each route what may cost it most."""
    yield predict()
    unknown = json.dumps({f"member{number}": number for number in range(1000)})
    yield Ask("/api/predict", "16 KB of unknown members", "/api/predict", "POST", JSON, unknown)
    yield Ask("/api/predict", "16 KB of brackets", "/api/predict", "POST", JSON, "[" * 16_000)
    digits = f'{{"home_size": {"9" * 16_000}}}'
    yield Ask("/api/predict", "16,000 digits", "/api/predict", "POST", JSON, digits)
    yield Ask("/api/predict", "GET, many parameters", f"/api/predict?{'a&' * (QUERY // 2)}")
    yield Ask("/api/predict", "GET, escapes", f"/api/predict?home_size={'%C3' * (QUERY // 3)}")
    yield Ask("/api/predict", "405", "/api/predict", "DELETE")
    yield Ask("/livez", "GET", "/livez")
    yield Ask("/readyz", "GET", "/readyz")
    yield Ask("no such route", "404 of the API", f"/api/{'x' * QUERY}")
    yield Ask("no such route", "404 page", f"/{'x' * QUERY}", headers=GZIP)
    yield Ask("no such route", "404 page, escapes", f"/{'%C3' * (QUERY // 3)}", headers=GZIP)
    yield Ask(
        "/recommendation", "another home each time", "/recommendation?home_size=1#.5&unit=m2", headers=GZIP
    )
    yield Ask("/recommendation", "422", f"/recommendation?home_size={'%22' * (QUERY // 3)}", headers=GZIP)
    yield Ask("/preview", "another home each time", "/preview?home_size=1#.5", headers=GZIP)
    yield Ask("/", "a long query", f"/?home_size={'%22' * (QUERY // 3)}", headers=GZIP)
    answers = [
        ("/", "/"),
        ("/recommendation", "/recommendation?home_size=900"),
        ("/breeds", "/breeds"),
        ("/problems", "/problems"),
        ("/model", "/model"),
        ("/model/<version>/<name>", plot()),
        ("/api/breeds", "/api/breeds"),
        ("/api/model", "/api/model"),
        ("/api/openapi.json", "/api/openapi.json"),
        ("/api/docs", "/api/docs"),
        ("/api/docs/<version>/<name>", f"/api/docs/{docs.UI_VERSION}/swagger-ui-bundle.js"),
        ("/static/<path>", "/static/style.css"),
        ("/static/<path>", "/static/social/perfect-puppy.png"),
    ]
    for route, path in answers:
        yield Ask(route, "gzip", path, headers=GZIP)
        yield Ask(route, "plain", path)
        yield Ask(route, "HEAD", path, "HEAD", GZIP)
        yield Ask(route, "If-None-Match: *", path, headers=GZIP | {"If-None-Match": "*"})
        yield Ask(route, "another host each time", path, headers=GZIP | {"Host": "a#.example"})
        yield Ask(route, "many tags", path, headers=GZIP | {"If-None-Match": '"#",' * (HEADER // 12)})
        yield Ask(
            route, "many ranges", path, headers=GZIP | {"Range": "bytes=" + ",".join(["0-1"] * (HEADER // 4))}
        )
        yield Ask(
            route, "many encodings", path, headers={"Accept-Encoding": "gzip," + "a#," * (HEADER // 12)}
        )
        yield Ask(
            route, "many types", path, headers=GZIP | {"Accept": "*/*;q=0.1," + "a/b#," * (HEADER // 12)}
        )
        yield Ask(route, "many cookies", path, headers=GZIP | {"Cookie": "a=b;" * (HEADER // 4)})


def plot() -> str:
    """Give the path of a plot of the card."""
    folder = Path(docs.__file__).parent.parent / "model" / "artifact"
    manifest = json.loads((folder / "manifest.json").read_text())
    largest = max(folder.glob("*.svg"), key=lambda path: path.stat().st_size)
    return f"/model/{manifest['model_version']}/{largest.name}"


def new_worker(server: Server) -> int:
    """Replace the one worker; give the new one's process id."""
    for worker in (before := processes.children(server.process.pid)):
        os.kill(worker, signal.SIGKILL)
    ready = server.log.read_bytes().count(b"worker ready")
    assert until(lambda: server.log.read_bytes().count(b"worker ready") > ready)
    [worker] = set(processes.children(server.process.pid)) - set(before)
    return worker


def cpu_of(worker: int, client: http.client.HTTPConnection, ask: Ask, times: int = 1) -> float:
    """Give the seconds of CPU that the worker takes for one such request."""
    before = processes.cpu_clock(worker)
    for _ in range(times):
        ask.send(client)
    return (processes.cpu_clock(worker) - before) / times


def main() -> int:
    """Print the table; the exit code is 1 when a request is above the bound."""
    log = Path(sys.argv[1])
    server = Server(log, WEB_CONCURRENCY="1", APP_ENV="production")
    server.wait_until_ready()
    begun = time.monotonic()
    rows = []
    try:
        for ask in requests():
            cold = []
            for _ in range(WORKERS):
                worker = new_worker(server)
                client = http.client.HTTPConnection("127.0.0.1", server.port)
                Ask("", "", "/readyz").send(client)
                cold.append(cpu_of(worker, client, ask))
            cpu_of(worker, client, predict(), WARM_REQUESTS)
            unit = cpu_of(worker, client, predict(), WARM_REQUESTS)
            rows.append(
                (ask, unit, statistics.median(cold) / unit, cpu_of(worker, client, ask, WARM_REQUESTS) / unit)
            )
            print(
                ask.route,
                ask.what,
                f"{unit * 1e6:.0f} us",
                f"{rows[-1][2]:.1f} {rows[-1][3]:.1f}",
                flush=True,
            )
    finally:
        server.stop()
    print(time.monotonic() - begun)
    return 0


if __name__ == "__main__":
    sys.exit(main())
