"""Share connections evenly among the workers.

All workers wait on one listening socket, and the kernel often wakes the same worker. A keep-alive connection
stays with the worker that has accepted it, so the other workers could stay idle.
"""

import mmap
import time
from typing import Any

from gevent.server import StreamServer

SLOTS = 256
ALLOWED_LEAD = 4
"""How many more connections than another a worker may have before it leaves new ones to the others."""

GIVE_WAY_SECONDS = 0.1
NO_WORKER = -1


def shared_counts() -> "memoryview[int]":
    """Return the number of open connections by worker slot, shape (SLOTS,), in memory that forks share."""
    counts = memoryview(mmap.mmap(-1, 8 * SLOTS)).cast("q")
    for slot in range(SLOTS):
        counts[slot] = NO_WORKER
    return counts


class EvenServer(StreamServer):
    """A server that leaves new connections to workers with fewer, but not for long: they may be stuck."""

    def __init__(self, *args: Any, counts: "memoryview[int]", slot: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counts = counts
        self._slot = slot
        self._gave_way_from = self._gave_way_last = 0.0

    def do_read(self) -> Any:
        """Accept a connection, or leave it to another worker."""
        if self._gives_way():
            return None
        accepted = super().do_read()
        if accepted:
            self._counts[self._slot] += 1
        return accepted

    def _gives_way(self) -> bool:
        enough = self._counts[self._slot] - ALLOWED_LEAD
        if not any(NO_WORKER < count < enough for count in self._counts):
            return False
        now = time.monotonic()
        if now - self._gave_way_last > GIVE_WAY_SECONDS:
            self._gave_way_from = now
        self._gave_way_last = now
        return now - self._gave_way_from < GIVE_WAY_SECONDS
