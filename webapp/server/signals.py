"""Hold back signals to stop while a worker is forked, so that the worker does not lose them.

A reload keeps this module, since the fork hooks that it registers belong to the process.
"""

import os
import signal
from functools import cache

_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}


@cache
def keep_across_forks() -> None:
    """Block signals to stop while this process forks, and in the child until it calls `take`.

    A child starts with its parent's handlers, which only queue the signal for the parent.
    """
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS),
        after_in_parent=take,
    )


def take() -> None:
    """Unblock the signals to stop; those that have arrived meanwhile are now delivered."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
