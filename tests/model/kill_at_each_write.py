"""A real training that is killed (SIGKILL) just before and just after each of its writes and renames.

``python -m tests.model.kill_at_each_write FOLDER ARGUMENTS...`` runs ``train.py ARGUMENTS...`` up to its
first write. There it forks one child after another. A moment is the time before or after a call that writes
or renames; child n runs on and kills itself at the n-th moment. After each death FOLDER is moved to
``FOLDER-after-<n>`` and restored. The first child that runs to its end is the last.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import train

CALLS = {"open", "write", "flush", "fsync", "replace", "unlink", "mkdir", "rmdir"}
WRITERS = (
    *("model/artifact.py", "model/atomic.py", "shutil.py"),
    *("pathlib.py", "pathlib/__init__.py", "pathlib/_local.py"),
)


class Killer:
    """A profile function that forks at the first moment, and kills the n-th child at the n-th moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.moments_left: int | None = None

    def __call__(self, frame: FrameType, event: str, called: Any) -> None:
        if event not in {"c_call", "c_return"} or getattr(called, "__name__", "") not in CALLS:
            return
        if not frame.f_code.co_filename.endswith(WRITERS) or not self._writing(frame):
            return
        if self.moments_left is None:
            self._try_each_moment()
        self.moments_left -= 1  # type: ignore[operator]
        if self.moments_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _writing(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_code.co_name == "write_artifact":
                return True
            frame = frame.f_back
        return False

    def _try_each_moment(self) -> None:
        """Return in each child only; exit from the parent when a child has run to its end."""
        before = self.folder.with_name(self.folder.name + "-before")
        shutil.copytree(self.folder, before)
        moment = 0
        while True:
            moment += 1
            child = os.fork()
            if child == 0:
                self.moments_left = moment
                return
            _, status = os.waitpid(child, 0)
            if os.WIFEXITED(status):
                os._exit(os.WEXITSTATUS(status))
            assert os.WTERMSIG(status) == signal.SIGKILL
            shutil.move(self.folder, self.folder.with_name(f"{self.folder.name}-after-{moment}"))
            shutil.copytree(before, self.folder)


if __name__ == "__main__":
    killer = Killer(Path(sys.argv[1]))
    # Profiling would slow the training, so it starts with the writing, whose first call makes the folder.
    sys.addaudithook(lambda event, _: sys.setprofile(killer) if event == "os.mkdir" else None)
    status = train.main(sys.argv[2:])
    sys.setprofile(None)
    sys.exit(status)
