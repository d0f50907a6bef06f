"""Do long work in slices, so that other requests of the same worker are served in between."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import gevent

T = TypeVar("T")

SLICE_ITEMS = 1000
"""The items of a slice.

Measured with a batch of 20,000 homes in CSV: in one piece they hold the event loop for 39 ms, in slices of
this size for 8 ms at most (one numpy or msgspec call over all homes), at the same CPU time. A native thread
contends for the interpreter lock: it held the loop just as long, and took twice the CPU time.
"""


def give_turn() -> None:
    """Let the event loop run once, so that other connections are served.

    An idle watcher of the highest priority runs once in each iteration of the loop. With `gevent.sleep(0)`
    the hub may run up to fifty callbacks before it polls sockets: /livez then waited 150 ms behind a batch,
    and waits 30 ms with the watcher.
    """
    gevent.idle(gevent.get_hub().loop.MAXPRI)  # type: ignore[attr-defined]


def in_turns(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in slices, and give the other connections a turn between two slices.

    A turn is also given where a C function, such as `list`, consumes the slices.
    """
    remaining = iter(items)
    while taken := list(islice(remaining, SLICE_ITEMS)):
        yield taken
        if len(taken) == SLICE_ITEMS:
            give_turn()
