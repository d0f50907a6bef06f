"""Signals to stop that come while a worker is being forked: a worker must not lose them.

A reload keeps this module: what it has registered belongs to the process.
"""

import os
import signal
from functools import cache

_TO_STOP = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}


@cache
def keep_across_forks() -> None:
    """Let signals to stop wait while this process forks.

    A new process has its parent's handlers first, which only note the signal for the parent. So they wait
    there until it calls `take`.
    """
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, _TO_STOP),
        after_in_parent=take,
    )


def take() -> None:
    """Take the signals that have waited, and those to come."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TO_STOP)
