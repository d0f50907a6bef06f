"""Requests of all kinds for minutes: memory, file descriptors and threads do not grow."""

import random
import time
from pathlib import Path

from tests.load import processes
from tests.load.bad_requests import KINDS, send
from tests.load.clients import ask, connect, receive, say
from tests.load.wrk import load
from tests.serving import Server, running

ROUND_SECONDS = 10
BAD_EACH_ROUND = 300


def test_a_long_run_takes_no_lasting_memory_descriptors_or_threads(tmp_path: Path, full: bool) -> None:
    requests_wanted, seconds_at_most = (1_000_000, 20 * 60) if full else (40_000, 40)
    chance = random.Random(7)
    with running(tmp_path / "log") as server:
        requests = mixed_round(server, chance)
        while requests < requests_wanted / 10:  # until caches are full and the heap has its size
            requests += mixed_round(server, chance)
        before = state(server)
        say(f"{requests:>9} requests: {before}")
        begun = time.monotonic()
        while requests < requests_wanted and time.monotonic() - begun < seconds_at_most:
            requests += mixed_round(server, chance)
            say(f"{requests:>9} requests: {state(server)}")
        after = state(server)
        server.stop()
    assert "Traceback" not in server.log.read_text()
    assert after.keys() == before.keys(), "no worker died"
    for worker, (memory, descriptors, threads) in after.items():
        was_memory, was_descriptors, was_threads = before[worker]
        assert memory < 1.05 * was_memory
        assert descriptors <= was_descriptors
        assert threads <= was_threads


def mixed_round(server: Server, chance: random.Random) -> int:
    """Load the API and a page, and send bad requests; return how many requests that was."""
    loads = [
        load(f"{server.url}{path}", connections=16, seconds=ROUND_SECONDS // 2, post=post)
        for path, post in (("/api/predict", True), ("/recommendation?home_size=900", False))
    ]
    assert all(seen.failed == 0 for seen in loads)
    for _ in range(BAD_EACH_ROUND):
        answer = send(server.port, chance.choice(KINDS)(chance))
        assert answer is None or answer.status < 500
    with connect(server.port) as connection:
        for _ in range(50):
            assert ask(connection) is not None
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert receive(connection) is not None
    return sum(seen.requests for seen in loads) + BAD_EACH_ROUND + 51


def state(server: Server) -> dict[int, tuple[int, int, int]]:
    """Return each worker's bytes of memory, file descriptors and threads."""
    return {
        worker: (processes.memory_bytes(worker), processes.descriptors(worker), processes.threads(worker))
        for worker in server.workers()
    }
