"""Connections, shared evenly among the workers.

The workers wait on one listening socket, and the kernel wakes whom it likes, often the same one. A keep-alive
connection stays where it was accepted, so the others might never get their part.
"""

import mmap
import time
from typing import Any

from gevent.server import StreamServer

SLOTS = 256
SLACK = 4
GIVE_WAY_SECONDS = 0.1
NO_WORKER = -1


def shared_counts() -> "memoryview[int]":
    """Make the counts of open connections, one a worker's slot, in memory that forked workers share."""
    counts = memoryview(mmap.mmap(-1, 8 * SLOTS)).cast("q")
    for slot in range(SLOTS):
        counts[slot] = NO_WORKER
    return counts


class EvenServer(StreamServer):
    """A server that gives way to workers with fewer connections, but not for long: they may be stuck."""

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
        enough = self._counts[self._slot] - SLACK
        if not any(NO_WORKER < others < enough for others in self._counts):
            return False
        now = time.monotonic()
        if now - self._gave_way_last > GIVE_WAY_SECONDS:
            self._gave_way_from = now
        self._gave_way_last = now
        return now - self._gave_way_from < GIVE_WAY_SECONDS
