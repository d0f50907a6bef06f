"""Writing a file so that at any moment, and after any crash, it has its old content or its new."""

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write to another file in the folder, then rename it; on return, the disk has the new content.

    Raises:
        OSError: The content cannot be written; the file is unchanged.
    """
    partial = path.with_name(".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    # The rename is on disk only when the folder is; a later rename must not survive a crash without this one.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
