"""Long work, in slices: between them everyone else gets a turn."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

AT_A_TIME = 1000


def in_turns(items: Iterable[T]) -> Iterator[list[T]]:
    """Give the items in slices, with a turn for the others between two (under gevent, for the hub)."""
    remaining = iter(items)
    while taken := list(islice(remaining, AT_A_TIME)):
        yield taken
        if len(taken) == AT_A_TIME:
            time.sleep(0)
