"""Memory for each worker's counts, which can be written even when the disk is full.

prometheus_client keeps each worker's counts in files, and writes to them through a memory map. Where the
file system is full, such a write ends the process (SIGBUS). So on Linux each of its files is a symbolic link
to anonymous memory (memfd) of the master, which no file system bounds. Elsewhere they are ordinary files.
"""

import os
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FIRST_BYTES = 64 * 1024
"""The size of a new file; prometheus_client enlarges it when needed."""

_COUNTERS = ("counter", "histogram")
_GAUGES = ("gauge_livemax", "gauge_livesum")
_slot = "0"


def current_slot() -> str:
    """Return the slot of this process, a part of its files' names: "0" in the master."""
    return _slot


def take_slot(slot: str) -> None:
    """Give this process a slot. It continues the counts of the worker that had the slot before."""
    global _slot  # noqa: PLW0603 - prometheus_client's counts belong to the process too
    _slot = slot


def reserve(slot: str) -> None:
    """Make the missing files of a worker's slot. Only the master may call this.

    The folder is made too, because a clean-up of temporary files may have removed it.

    Raises:
        OSError: there is no room for a link, or no file descriptor left.
    """
    Path(os.environ[FOLDER_VARIABLE]).mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hasattr(os, "memfd_create"):
        return
    for path in _paths(slot, *_COUNTERS, *_GAUGES):
        if _memory(path) is None:
            memory = os.memfd_create(path.name)
            os.ftruncate(memory, FIRST_BYTES)  # prometheus_client reads no empty file
            path.unlink(missing_ok=True)
            path.symlink_to(f"/proc/{os.getpid()}/fd/{memory}")


def delete_gauges(slot: str) -> None:
    """Delete the gauges of a worker that has ended, and keep its counters. Only the master may call this."""
    for path in _paths(slot, *_GAUGES):
        memory = _memory(path)
        if memory is not None:
            os.close(memory)
        path.unlink(missing_ok=True)


def _paths(slot: str, *kinds: str) -> list[Path]:
    folder = Path(os.environ[FOLDER_VARIABLE])
    return [folder / f"{kind}_{slot}.db" for kind in kinds]


def _memory(path: Path) -> int | None:
    """Return the descriptor of the memory that a link leads to; None where it is not this process's."""
    try:
        link = path.readlink()
        is_ours = link.parent == Path(f"/proc/{os.getpid()}/fd")
        # The link may be left by an earlier process with the same id.
        return int(link.name) if is_ours and link.readlink().name == f"memfd:{path.name} (deleted)" else None
    except OSError:
        return None
