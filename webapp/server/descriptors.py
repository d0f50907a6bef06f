"""The limit on file descriptors, and the number of connections that it allows."""

import os
import resource

CONNECTIONS = 4096
"""The most connections that a worker keeps, if the system allows that many descriptors."""

RESERVED = 64
"""Descriptors kept for files that are opened later, and for readers of the metrics."""

MIN_CONNECTIONS = 8


def raise_limit() -> None:
    """Raise the soft limit on open files as far as needed and as the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 16 * RESERVED  # a worker inherits some descriptors for each other worker
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """Return how many connections this process may keep besides the descriptors that it has open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS
    return max(MIN_CONNECTIONS, min(CONNECTIONS, soft - _lowest_free() - RESERVED))


def _lowest_free() -> int:
    """Return the lowest free descriptor, which the system gives to the next file that is opened."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor
