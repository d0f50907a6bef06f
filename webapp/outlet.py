"""The way of log lines out of a process: a bounded buffer, emptied by a thread.

Whoever writes a line never waits for its reader. A reader that is gone, a full disk or a reader that has
stopped reading only fills the buffer; what no longer fits is dropped and counted.
"""

import atexit
import os
import time
from collections import deque
from collections.abc import Callable
from select import PIPE_BUF

from gevent.monkey import get_original

# The system's own, also where gevent has patched them: a greenlet would be stopped by a write that blocks.
_start_thread = get_original("_thread", "start_new_thread")
_new_lock = get_original("_thread", "allocate_lock")
_sleep = get_original("time", "sleep")

ROOM_BYTES = 1024 * 1024
"""The most that may wait in one process: some 3,000 lines of requests."""

GATHER_SECONDS = 0.02
"""How long lines are gathered, so that one write takes many; a write for each costs a request 5 µs."""

RETRY_SECONDS = 0.2
LAST_SECONDS = 1.0
"""How long the end of a process waits for its last lines."""


class Outlet:
    """A text stream to a file descriptor that neither fails nor blocks.

    The thread runs only while there is something to write. A forked process starts with an empty buffer: its
    parent writes what was in it.
    """

    def __init__(self, descriptor: int, *, on_drop: Callable[[], None], notice: Callable[[int], str]) -> None:
        """Write to `descriptor`.

        Args:
            descriptor: an open file descriptor; it may be blocking, and shared with other processes.
            on_drop: called for each line that is dropped.
            notice: makes the line that says how many lines were dropped, once writing works again.
        """
        self._descriptor = descriptor
        self._on_drop = on_drop
        self._notice = notice
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.drain)

    def _begin(self) -> None:
        self._lines: deque[bytes] = deque()
        self._lock = _new_lock()  # held for some instructions only, to start and to end the thread
        self._running = False
        # Each is changed by one side only, so neither needs a lock.
        self._bytes_taken = self._lines_dropped = 0
        self._bytes_written = self._lines_told = 0

    def write(self, line: str) -> None:
        """Take one line, with its line end, to be written soon; drop it when there is no room."""
        encoded = line.encode(errors="backslashreplace")
        if self._bytes_taken - self._bytes_written + len(encoded) > ROOM_BYTES:
            self._lines_dropped += 1
            self._on_drop()
            return
        self._bytes_taken += len(encoded)
        self._lines.append(encoded)
        with self._lock:
            if self._running:
                return
            self._running = True
        _start_thread(self._run, ())

    def flush(self) -> None:
        """Do nothing: this is for libraries that flush every stream that they write to."""

    def drain(self) -> None:
        """Wait until all is written, but not longer than `LAST_SECONDS`."""
        end = time.monotonic() + LAST_SECONDS
        while self._running and time.monotonic() < end:
            _sleep(0.002)

    def _run(self) -> None:
        while True:
            _sleep(GATHER_SECONDS)
            while self._lines:
                gathered = self._gather()
                self._write(gathered)
                self._bytes_written += len(gathered)
            if self._lines_dropped > self._lines_told:
                dropped = self._lines_dropped
                self._write(self._notice(dropped - self._lines_told).encode())
                self._lines_told = dropped
            with self._lock:
                if not self._lines:
                    self._running = False
                    return

    def _gather(self) -> bytes:
        """Take whole lines, as many as a pipe takes at once: longer writes of two processes would mix."""
        gathered = self._lines.popleft()
        while self._lines and len(gathered) + len(self._lines[0]) <= PIPE_BUF:
            gathered += self._lines.popleft()
        return gathered

    def _write(self, content: bytes) -> None:
        """Write all of it, and try again for as long as that fails."""
        while content:
            try:
                content = content[os.write(self._descriptor, content) :]
            except OSError:
                _sleep(RETRY_SECONDS)
