"""Long work, in slices: between two of them everyone else gets a turn."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

AT_A_TIME = 1000
"""Fewer are done in one go. Measured with 20,000 homes in CSV: in one piece they hold the loop for 39 ms, in
slices of this size for 8 at most (a call of numpy's or msgspec's on all of them), in the same CPU time. A
native thread wants the interpreter too: it held the loop no shorter, and took twice the CPU.
"""


def _let_threads_run() -> None:
    time.sleep(0)


turn: Callable[[], None] = _let_threads_run
"""Lets the others run; the worker puts its own in place."""


def in_turns(items: Iterable[T]) -> Iterator[list[T]]:
    """Give the items in slices, with a turn for the others between two.

    The items may be asked for from inside a function in C, such as `list`: a turn is possible there too.
    """
    remaining = iter(items)
    while taken := list(islice(remaining, AT_A_TIME)):
        yield taken
        if len(taken) == AT_A_TIME:
            turn()
