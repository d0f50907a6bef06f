"""Writing a file so that it is, at any moment and after any crash, either the old one or the new one."""

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the file, then rename over it; when this returns, the disk has it.

    Raises:
        OSError: It cannot be written; the file is as it was.
    """
    partial = path.with_name(".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    # Until the folder is on disk too, a later rename could survive a crash that this one does not.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
