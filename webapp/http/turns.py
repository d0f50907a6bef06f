"""Do long work in slices, so that other requests of the same worker are served in between."""

from collections.abc import Iterable, Iterator
from itertools import islice
from time import time
from typing import TypeVar

import gevent

T = TypeVar("T")

SLICE_ITEMS = 1000
"""The items that numpy and msgspec work on at once; it takes them a millisecond or a few."""

TURN_SECONDS = 0.001
"""For how long work holds the event loop. A request needs several turns; at 5 ms each waits twice as long."""


def give_turn() -> None:
    """Let the event loop run once if it has not for `TURN_SECONDS`, so that other connections are served.

    An idle watcher of the highest priority runs once in each iteration of the loop. With `gevent.sleep(0)`
    the hub may run up to fifty callbacks before it polls sockets: /livez then waited 150 ms behind a batch,
    and waits 30 ms with the watcher. A native thread would contend for the interpreter lock: it held the
    loop just as long as work in one piece, and took twice the CPU time.
    """
    loop = gevent.get_hub().loop
    if not 0 <= time() - loop.now() < TURN_SECONDS:  # below 0 the clock has been set back
        gevent.idle(loop.MAXPRI)  # type: ignore[attr-defined]


def in_turns(items: Iterable[T], size: int = SLICE_ITEMS) -> Iterator[list[T]]:
    """Yield the items in slices of a size, and give the other connections a turn between two slices.

    A turn is also given where a C function, such as `list`, consumes the slices.
    """
    remaining = iter(items)
    while taken := list(islice(remaining, size)):
        yield taken
        give_turn()
