"""Room for the counts of each worker that nothing else can fill.

prometheus_client keeps each worker's counts in files, and writes to them through a memory map: where the
file's system is full, that ends the process (SIGBUS). So the files are names, in its folder, of anonymous
memory (memfd): it takes from the machine's memory, and no file fills it. Elsewhere than on Linux they are
ordinary files.
"""

import os
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FIRST_BYTES = 64 * 1024
"""A file's size to begin with; prometheus_client makes it larger when it must."""

_COUNTS = ("counter", "histogram")
_LIVE = ("gauge_livemax", "gauge_livesum")
_slot = "0"


def current_slot() -> str:
    """Return the slot of this process, which names its files: "0" in the master."""
    return _slot


def take_slot(slot: str) -> None:
    """Make a slot this process's own: a new worker goes on with the counts of one that has ended."""
    global _slot  # noqa: PLW0603 - prometheus_client's counts belong to the process too
    _slot = slot


def reserve(slot: str) -> None:
    """Make the files of a worker's slot, where they are not yet. Only the master may call this.

    The folder too: whoever cleans up temporary files may have removed it.

    Raises:
        OSError: there is no room for a name, or no descriptor left.
    """
    Path(os.environ[FOLDER_VARIABLE]).mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hasattr(os, "memfd_create"):
        return
    for path in _paths(slot, *_COUNTS, *_LIVE):
        if _memory(path) is None:
            memory = os.memfd_create(path.name)
            os.ftruncate(memory, FIRST_BYTES)  # an empty file could not be read
            path.unlink(missing_ok=True)
            path.symlink_to(f"/proc/{os.getpid()}/fd/{memory}")


def forget(slot: str) -> None:
    """Drop the gauges of a worker that has ended; what it counted stays. Only the master may call this."""
    for path in _paths(slot, *_LIVE):
        memory = _memory(path)
        if memory is not None:
            os.close(memory)
        path.unlink(missing_ok=True)


def _paths(slot: str, *kinds: str) -> list[Path]:
    folder = Path(os.environ[FOLDER_VARIABLE])
    return [folder / f"{kind}_{slot}.db" for kind in kinds]


def _memory(path: Path) -> int | None:
    """Give the descriptor of the memory that a name leads to; None where it is not this process's."""
    try:
        link = path.readlink()
        is_ours = link.parent == Path(f"/proc/{os.getpid()}/fd")
        # An earlier process with this number may have left the name.
        return int(link.name) if is_ours and link.readlink().name == f"memfd:{path.name} (deleted)" else None
    except OSError:
        return None
