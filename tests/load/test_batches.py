"""Large batches: what they cost, and that they leave room for everything else."""

import json
import random
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.load import processes
from tests.load.clients import at_best, connect, percentile, receive, say, until
from tests.load.wrk import Running
from tests.serving import Server, running
from webapp.admission import ARRIVING_BYTES
from webapp.batch import BODY_LIMIT, PATH
from webapp.schemas import MAX_HOMES

CPU_SECONDS = 0.2
LIVEZ_SECONDS = 0.1
CLIENTS = 10


def sizes() -> list[float]:
    chance = random.Random(7)
    return [round(chance.uniform(300, 9000), 1) for _ in range(MAX_HOMES)]


BODIES = {
    "application/json": json.dumps({"homes": [{"home_size": size, "unit": "sqft"} for size in sizes()]}),
    "text/csv": "\r\n".join(["home_size,unit", *(f'"{size:,}",sqft' for size in sizes())]),
}


def send(http: httpx.Client, sent: str, wanted: str) -> httpx.Response:
    return http.post(PATH, content=BODIES[sent], headers={"Content-Type": sent, "Accept": wanted})


@pytest.mark.parametrize("wanted", BODIES)
@pytest.mark.parametrize("sent", BODIES)
def test_20_000_homes_take_little_of_a_workers_cpu(tmp_path: Path, sent: str, wanted: str) -> None:
    with (
        running(tmp_path / "log", WEB_CONCURRENCY="1") as server,
        httpx.Client(base_url=server.url, timeout=30) as http,
    ):
        [worker] = processes.children(server.process.pid)
        assert send(http, sent, wanted).status_code == 200  # warm

        def attempt() -> str:
            before = processes.cpu_seconds(worker)
            for _ in range(5):
                assert send(http, sent, wanted).status_code == 200
            cpu = (processes.cpu_seconds(worker) - before) / 5
            say(f"20,000 homes, {sent} to {wanted}: {cpu * 1000:.0f} ms of CPU")
            return "" if cpu <= CPU_SECONDS else f"{cpu} s"

        at_best(attempt)


def test_ten_clients_with_full_batches_leave_room_for_the_others(tmp_path: Path, full: bool) -> None:
    seconds = 30 if full else 6
    bodies = {media_type: tmp_path / media_type.replace("/", ".") for media_type in BODIES}
    for media_type, file in bodies.items():
        file.write_text(BODIES[media_type])
    with running(tmp_path / "log") as server:

        def attempt() -> str:
            url, connections = f"{server.url}{PATH}", CLIENTS // len(bodies)
            under_way = [
                Running(url, connections=connections, seconds=seconds, batch=(str(file), media_type))
                for media_type, file in bodies.items()
            ]
            livez, single = waits(server, seconds)
            loads = [each.result() for each in under_way]
            refused = sum(seen.failed for seen in loads)
            answered = sum(seen.requests for seen in loads) - refused
            p99 = percentile(livez, 0.99)
            say(
                f"{answered} batches answered, {refused} refused in {seconds} s; p99 of {len(livez)} /livez: "
                f"{p99 * 1000:.0f} ms, of {len(single)} predictions: {percentile(single, 0.99) * 1000:.0f} ms"
            )
            assert answered > CLIENTS
            return "" if p99 < LIVEZ_SECONDS else f"/livez p99 {p99} s"

        at_best(attempt)
        assert {line["status"] for line in server.log_lines() if line.get("route") == PATH} <= {200, 503}


def test_batches_that_dribble_in_fill_no_memory_and_hold_up_nobody_else(tmp_path: Path) -> None:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: {BODY_LIMIT}\r\n\r\n"
    )
    with running(tmp_path / "log", WEB_CONCURRENCY="1", REQUEST_SECONDS="3") as server, ExitStack() as stack:
        slow = [stack.enter_context(connect(server.port)) for _ in range(ARRIVING_BYTES // BODY_LIMIT)]
        for connection in slow:
            connection.sendall(head.encode() + b"home_size\n")
        with httpx.Client(base_url=server.url, timeout=30) as http:
            small: dict[str, Any] = {"content": "home_size\n900\n", "headers": {"Content-Type": "text/csv"}}

            def refused() -> bool:
                response = http.post(PATH, **small)
                return response.status_code == 503 and response.headers["Retry-After"] == "1"

            assert until(refused)
            assert http.post("/api/predict", json={"home_size": 900}).status_code == 200
            answers = [receive(connection) for connection in slow]
            assert {answer.status for answer in answers if answer} == {408}
            assert http.post(PATH, **small).status_code == 200, "there is room again"


def waits(server: Server, seconds: float) -> tuple[list[float], list[float]]:
    """Ask for /livez and for a prediction, for a while; give how long each took."""
    end = time.monotonic() + seconds
    taken: tuple[list[float], list[float]] = [], []
    with httpx.Client(base_url=server.url, timeout=30) as http:
        while time.monotonic() < end:
            for path, times in zip(("/livez", "/api/predict?home_size=900"), taken, strict=True):
                begun = time.perf_counter()
                assert http.get(path).status_code == 200
                times.append(time.perf_counter() - begun)
            time.sleep(0.01)
    return taken
