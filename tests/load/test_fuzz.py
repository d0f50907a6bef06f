"""Bad requests by the thousand: none of them is a fault of the server."""

import random
import time
from collections import Counter
from pathlib import Path

from tests.load.bad_requests import KINDS, send
from tests.load.clients import say
from tests.serving import running


def test_no_bad_request_is_a_fault_of_ours(tmp_path: Path, full: bool) -> None:
    count, seed = (100_000 if full else 4_000), 20261122
    chance = random.Random(seed)
    statuses: Counter[int | None] = Counter()
    with running(tmp_path / "log") as server:
        workers = processes.children(server.process.pid)
        begun = time.monotonic()
        for _ in range(count):
            request = chance.choice(KINDS)(chance)
            answer = send(server.port, request)
            status = answer.status if answer else None
            statuses[status] += 1
            assert status is None or status < 500, (request, answer)
        say(f"{count} bad requests in {time.monotonic() - begun:.0f} s: {statuses}")
        with connect(server.port) as connection:
            answer = ask(connection)
            assert answer is not None
            assert answer.status == 200, "and a good one is answered as ever"
        assert processes.children(server.process.pid) == workers, "no worker died"
        server.stop()
        lines = [msgspec.json.decode(line) for line in server.log.read_bytes().splitlines()]
    assert "Traceback" not in server.log.read_text()
    assert [line for line in lines if line["level"] in {"error", "critical"}] == []
    assert len(statuses) > 5, "the requests were of many kinds"
