"""File descriptors: how many there may be, and how many of them for connections."""

import resource

CONNECTIONS = 4096
"""The most connections that a worker keeps, where the system gives it as many descriptors."""

RESERVE = 128
"""Descriptors for all else: the log, listeners, counts, files that are being sent, the metrics' readers."""

FEWEST = 32


def raise_limit() -> None:
    """Raise the soft limit on open files as far as it is needed, and the hard one lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + RESERVE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """Give how many connections this process may keep."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS
    return max(FEWEST, min(CONNECTIONS, soft - RESERVE))
