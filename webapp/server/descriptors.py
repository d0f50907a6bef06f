"""File descriptors: how many there may be, and how many of them for connections."""

import os
import resource

CONNECTIONS = 4096
"""The most connections that a worker keeps, where the system gives it as many descriptors."""

RESERVE = 64
"""Descriptors for what opens later: files, and those who read the metrics."""

FEWEST = 8


def raise_limit() -> None:
    """Raise the soft limit on open files as far as it is needed, and the hard one lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 16 * RESERVE  # a worker inherits some for each of the others
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """Give how many connections this process may keep, with what it has open already."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS
    return max(FEWEST, min(CONNECTIONS, soft - _highest_open() - RESERVE))


def _highest_open() -> int:
    """Give the highest descriptor in use: a new one is always the lowest that is free."""
    lowest_free = os.dup(0)
    os.close(lowest_free)
    return lowest_free
