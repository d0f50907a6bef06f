"""Atomic writing: at any moment, also after a crash, a file has either its old or its new content."""

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write the content to ``.partial`` in the same folder and rename that; on return it is safe on disk.

    A symbolic link in place of either is replaced, not followed.

    Raises:
        OSError: The content cannot be written; the file is unchanged.
    """
    partial = path.with_name(".partial")
    partial.unlink(missing_ok=True)
    with partial.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    # Only this puts the rename on disk; without it, a crash could undo the rename but keep a later one.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
