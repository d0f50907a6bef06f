"""The image on a quarter of a CPU and 512 MB, beside demanding clients and with full disks."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.container.docker import LOCKED_DOWN, SMALLEST_TASK, Container, docker, serving
from tests.load.bodies import BATCH, ENDLESS, pour
from tests.load.clients import ask, at_best, connect, percentile, say

ON_ITS_TERMS = [*LOCKED_DOWN, *SMALLEST_TASK]


class NormalClient:
    """A client that asks for a prediction twenty times a second, and records how long each takes."""

    def __init__(self, container: Container, seconds: float) -> None:
        self.waits: list[float] = []
        end = time.monotonic() + seconds
        with httpx.Client(base_url=container.url, timeout=20) as http:
            while time.monotonic() < end:
                begun = time.monotonic()
                assert http.get("/api/predict?home_size=900").status_code == 200
                self.waits.append(time.monotonic() - begun)
                time.sleep(max(0.0, begun + 0.05 - time.monotonic()))
                assert http.get("/livez").status_code == 200

    @property
    def p99(self) -> float:
        """Return the 99th percentile of the waits, in seconds."""
        return percentile(self.waits, 0.99)


@contextmanager
def at_work(*threads: threading.Thread) -> Iterator[None]:
    """Run threads beside the block, which has to end them; wait for them afterwards."""
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(30)


@contextmanager
def conditional_requests(container: Container) -> Iterator[None]:
    """Ask a hundred times a second for the docs' script, with its ETag."""
    page = httpx.get(f"{container.url}/api/docs").text
    path = page.partition('<script src="')[2].partition('"')[0]
    tag = httpx.get(f"{container.url}{path}").headers["ETag"]
    over = threading.Event()
    statuses: set[int] = set()

    def ask_again() -> None:
        with httpx.Client(base_url=container.url, timeout=20) as http:
            while not over.wait(0.01):
                statuses.add(http.get(path, headers={"If-None-Match": tag}).status_code)

    with at_work(threading.Thread(target=ask_again)):
        try:
            yield
        finally:
            over.set()
    assert statuses == {304}


@contextmanager
def endless_bodies(container: Container) -> Iterator[None]:
    """Send endless bodies of four kinds."""
    over = threading.Event()
    kinds = list(ENDLESS.values())[:4]
    threads = [threading.Thread(target=pour, args=(container.port, *kind, over)) for kind in kinds]
    with at_work(*threads):
        try:
            yield
        finally:
            over.set()


@contextmanager
def half_sent_batches(container: Container) -> Iterator[None]:
    """Begin 80 batches that declare 2 MB, send 1,000 bytes of each, and wait."""
    with ExitStack() as connections:
        for _ in range(80):
            connection = connections.enter_context(connect(container.port))
            connection.sendall(BATCH + b"Content-Length: 2000000\r\n\r\n" + b"9" * 1000)
        yield


@contextmanager
def idle_connections(container: Container) -> Iterator[None]:
    """Open 300 connections, and leave each idle after a request."""
    with ExitStack() as connections:
        for _ in range(300):
            assert ask(connections.enter_context(connect(container.port))) is not None
        yield


@pytest.mark.parametrize(
    ("strain", "command"),
    [
        (conditional_requests, []),
        (endless_bodies, []),
        (half_sent_batches, []),
        (idle_connections, ["sh", "-c", "ulimit -Sn 256; exec gunicorn"]),
        (idle_connections, ["sh", "-c", "ulimit -n 256; exec gunicorn"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_normal_client_is_served_beside_the_strain(
    image: str, strain: Callable[[Container], Iterator[None]], command: list[str]
) -> None:
    def attempt() -> str:
        with serving(image, *ON_ITS_TERMS, command=command, REQUEST_SECONDS="5") as container:
            NormalClient(container, 1)  # warm
            alone = NormalClient(container, 3).p99
            with strain(container):  # type: ignore[attr-defined]  # a context manager, by its decorator
                beside = NormalClient(container, 6).p99
            said = f"p99 of a normal client: {alone * 1e3:.0f} ms alone, {beside * 1e3:.0f} ms beside it"
            say(said)
            lines = docker("logs", container.id)
            assert "WORKER TIMEOUT" not in lines
            assert "was sent" not in lines, "no worker is lost"
        return "" if beside < 1 else said

    at_best(attempt)


def test_requests_are_answered_with_a_small_or_full_shared_memory(image: str) -> None:
    with serving(image, *ON_ITS_TERMS, "--shm-size", "64k") as container:
        for fill in (False, True):
            if fill:
                docker("exec", container.id, "sh", "-c", "cat /dev/zero > /dev/shm/full || true")
            statuses = {
                httpx.get(f"{container.url}{path}").status_code
                for path in ("/api/predict?home_size=900", "/", "/readyz", "/livez", "/nowhere")
                for _ in range(20)
            }
            assert statuses == {200, 404}
        assert "was sent" not in docker("logs", container.id), "no worker is lost"


@pytest.mark.parametrize("output", [">/dev/full 2>&1", ">&- 2>&-", "| true"], ids=["full", "closed", "gone"])
def test_requests_are_answered_when_the_log_can_not_be_written(image: str, output: str) -> None:
    command = ["sh", "-c", f"gunicorn {output}; sleep 600"]
    with serving(image, *ON_ITS_TERMS, command=command) as container:
        for path in ("/api/predict?home_size=900", "/", "/readyz", "/livez"):
            for _ in range(20):
                assert httpx.get(f"{container.url}{path}").status_code == 200


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0])
def test_the_container_stops_at_any_moment_of_its_start(image: str, seconds: float) -> None:
    container = docker("run", "--detach", *ON_ITS_TERMS, "--network", "none", image)
    try:
        time.sleep(seconds)  # the moment itself is tested; there is no condition to wait for
        begun = time.monotonic()
        docker("stop", "--time", "20", container)
        assert time.monotonic() - begun < 10
    finally:
        docker("rm", "--force", container)
