"""Bad requests by the thousand: none of them is a fault of the server."""

import random
import time
from collections import Counter
from pathlib import Path

from tests.load.bad_requests import KINDS, send
from tests.load.clients import REQUEST, exchange, say
from tests.serving import running


def test_no_bad_request_is_a_server_error_or_ends_a_worker(tmp_path: Path, full: bool) -> None:
    count, seed = (100_000 if full else 4_000), 20261122
    chance = random.Random(seed)
    statuses: Counter[int | None] = Counter()
    with running(tmp_path / "log") as server:
        workers = server.workers()
        begun = time.monotonic()
        for _ in range(count):
            request = chance.choice(KINDS)(chance)
            answer = send(server.port, request)
            status = answer.status if answer else None
            statuses[status] += 1
            assert status is None or status < 500, (request, answer)
        say(f"{count} bad requests in {time.monotonic() - begun:.0f} s: {statuses}")
        assert exchange(server.port, REQUEST).status == 200, "a valid request is still answered"
        assert server.workers() == workers, "no worker died"
        server.stop()
    assert "Traceback" not in server.log.read_text()
    assert server.log_errors() == []
    assert len(statuses) > 5, "the requests were of many kinds"
