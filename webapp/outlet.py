"""The way of log lines out of a process: a bounded buffer, written out between requests.

Whoever writes a line never waits for its reader. A reader that is gone, a full disk or a reader that has
stopped reading only fills the buffer; what no longer fits is dropped and counted.

There is no thread: one costs a request a tenth of its time at saturation, as it and the event loop wake each
other at every system call to take turns with Python's global lock.
"""

import atexit
import os
import select
import time
from collections import deque
from collections.abc import Callable

import gevent
from gevent.monkey import get_original

# The system's own, also where gevent has patched it: at the end of a process no loop runs.
_sleep = get_original("time", "sleep")
_select = get_original("select", "select")

ROOM_BYTES = 1024 * 1024
"""The most that may wait in one process: some 3,000 lines of requests."""

GATHER_SECONDS = 0.02
"""How long lines are gathered, so that one write takes many."""

RETRY_SECONDS = 0.2
LAST_SECONDS = 1.0
"""How long the end of a process waits for its last lines."""


class Outlet:
    """A text stream to a file descriptor that neither fails nor blocks.

    A forked process starts with an empty buffer: its parent writes what was in it.
    """

    def __init__(self, descriptor: int, *, on_drop: Callable[[], None], notice: Callable[[int], str]) -> None:
        """Write to `descriptor`.

        Args:
            descriptor: an open file descriptor; it may be shared with other processes.
            on_drop: called for each line that is dropped.
            notice: makes the line that says how many lines were dropped, once writing works again.
        """
        try:
            # Opened once more, not to block: that flag of the one that is shared would be everybody's.
            flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
            self._descriptor = os.open(f"/proc/self/fd/{descriptor}", flags)
            self._blocks = False
        except OSError:  # a socket, another user's pipe, or another system than Linux
            self._descriptor = descriptor
            self._blocks = True
        self._on_drop = on_drop
        self._notice = notice
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.drain)

    def _begin(self) -> None:
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = self._dropped = 0
        self._scheduled = False

    def write(self, line: str) -> None:
        """Take one line, with its line end, to be written soon; drop it when there is no room."""
        encoded = line.encode(errors="backslashreplace")
        if self._waiting_bytes + len(encoded) > ROOM_BYTES:
            self._dropped += 1
            self._on_drop()
            return
        self._waiting_bytes += len(encoded)
        self._lines.append(encoded)
        self._schedule(GATHER_SECONDS)

    def flush(self) -> None:
        """Do nothing: this is for libraries that flush every stream that they write to."""

    def drain(self) -> None:
        """Write what waits, and try for `LAST_SECONDS` at the most."""
        end = time.monotonic() + LAST_SECONDS
        while not self._write_out() and time.monotonic() < end:
            _sleep(0.005)

    def _schedule(self, seconds: float) -> None:
        if not self._scheduled:
            self._scheduled = True
            gevent.spawn_later(seconds, self._run)

    def _run(self) -> None:
        self._scheduled = False
        if not self._write_out():
            self._schedule(RETRY_SECONDS)

    def _write_out(self) -> bool:
        """Write as much as can be written now; say whether nothing is left."""
        while self._lines:
            gathered = self._gather()
            try:
                if self._blocks and not _select([], [self._descriptor], [], 0)[1]:
                    raise BlockingIOError
                written = os.write(self._descriptor, gathered)
            except OSError:
                written = 0
            self._waiting_bytes -= written
            if written < len(gathered):
                self._lines.appendleft(gathered[written:])
                return False
        if self._dropped:
            notice = self._notice(self._dropped).encode()
            self._dropped = 0
            self._lines.append(notice)
            self._waiting_bytes += len(notice)
            return self._write_out()
        return True

    def _gather(self) -> bytes:
        """Take whole lines, as many as a pipe takes at once: longer writes of two processes would mix."""
        gathered = self._lines.popleft()
        while self._lines and len(gathered) + len(self._lines[0]) <= select.PIPE_BUF:
            gathered += self._lines.popleft()
        return gathered
