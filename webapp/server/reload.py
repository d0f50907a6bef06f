"""A reload (SIGHUP), which is refused when the new code, settings or model can't serve."""

import contextlib
import gc
import io
import mmap
import os
import queue
import runpy
import shutil
import signal
import sys
import time
from importlib import import_module
from types import ModuleType

import structlog
from gevent.monkey import get_original
from gunicorn.arbiter import Arbiter
from prometheus_client import values

from webapp.config import ROOT
from webapp.http.counts_memory import FOLDER_VARIABLE

PACKAGES = {"webapp", "model"}
KEPT = {"webapp.http.outlet", "webapp.server.signals"}
"""Modules that are not loaded anew, since what they register at import belongs to the process."""

TRIAL_SECONDS = 20.0
LONGEST_ANSWER = 4096
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}


def guard_reload(arbiter: Arbiter) -> None:
    """Replace the master's reload by one that keeps the present app when the new one fails to load.

    Gunicorn itself ends the whole service when its configuration fails to load, and never loads the app anew.
    Here a forked child loads everything on trial. Then the master loads our modules and the app anew, and
    puts the old ones back where that fails, as the files may have changed after the trial.
    """
    reload, master = arbiter.reload, os.getpid()

    def checked_reload() -> None:
        why_not = _try_in_a_child(arbiter)
        if not why_not:
            app = arbiter.app
            configuration, served = app.cfg, app.callable
            modules, counts = _forget_our_modules(), values.ValueClass
            # Free what an earlier reload has replaced; it is still frozen (`when_ready` in gunicorn.conf.py).
            gc.unfreeze()
            gc.collect()
            try:
                app.callable = import_module("webapp").create_app()
                gc.freeze()
                reload()
                counts.close_all_files()
            except (Exception, SystemExit) as error:
                if os.getpid() != master:  # `reload` forks workers, which end by SystemExit
                    raise
                app.cfg, app.callable, values.ValueClass = configuration, served, counts
                arbiter.setup(app)  # or a worker that starts later would have the refused hooks
                _forget_our_modules()
                sys.modules.update(modules)
                gc.freeze()
                why_not = str(error) or type(error).__name__
        if why_not:
            structlog.get_logger().error(f"The reload is refused, what was loaded serves on: {why_not}")

    arbiter.reload = checked_reload  # type: ignore[method-assign]


def _forget_our_modules() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in PACKAGES and name not in KEPT]
    return {name: sys.modules.pop(name) for name in names}


def _try_in_a_child(arbiter: Arbiter) -> str:
    """Load everything anew in a forked process; return why that fails, or ""."""
    # Unpatched: Gunicorn takes the SIGCHLD that gevent's `waitpid` needs, and gevent's loop reaps any child.
    fork, waitpid = get_original("os", "fork"), get_original("os", "waitpid")
    sleep = get_original("time", "sleep")
    answer = mmap.mmap(-1, LONGEST_ANSWER)  # shared with the child; a file could meet a full disk
    child = fork()
    if child == 0:
        try:
            answer.write(_load_on_trial().encode()[:LONGEST_ANSWER])
            os._exit(0)
        finally:
            os._exit(1)
    deadline = time.monotonic() + TRIAL_SECONDS
    ended = status = 0
    while not ended:
        ended, status = waitpid(child, os.WNOHANG)
        stopping = _is_told_to_stop(arbiter)
        if not ended and (stopping or time.monotonic() > deadline):
            os.kill(child, signal.SIGKILL)
            waitpid(child, 0)
            return "a stop came first" if stopping else f"the trial took longer than {TRIAL_SECONDS:.0f} s"
        sleep(0.01)
    why_not = answer[:].rstrip(b"\0").decode(errors="replace")
    return why_not or (f"the trial ended with status {status}" if status else "")


def _is_told_to_stop(arbiter: Arbiter) -> bool:
    """Return whether a signal to stop waits in the master's queue, and leave the queue as it is."""
    waiting = []
    with contextlib.suppress(queue.Empty):
        while True:
            waiting.append(arbiter.SIG_QUEUE.get_nowait())
    for received in waiting:
        arbiter.SIG_QUEUE.put_nowait(received)
    return any(received in STOP_SIGNALS for received in waiting)


def _load_on_trial() -> str:
    os.environ[FOLDER_VARIABLE] = ""  # makes gunicorn.conf.py take a new folder
    stderr = io.StringIO()
    try:
        _forget_our_modules()
        with contextlib.redirect_stderr(stderr):
            runpy.run_path(str(ROOT / "gunicorn.conf.py"))["create_app"]()
    except SystemExit:
        return stderr.getvalue().strip()
    except Exception as error:
        return str(error) or type(error).__name__
    else:
        return ""
    finally:
        shutil.rmtree(os.environ[FOLDER_VARIABLE], ignore_errors=True)
