"""A reload (SIGHUP) that is refused when the new code, settings or model could not serve."""

import contextlib
import io
import os
import runpy
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING

import structlog
from gevent.monkey import get_original

from webapp.config import ROOT

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter

OURS = {"webapp", "model"}


def check_before_reload(arbiter: "Arbiter") -> None:
    """Make the master try out what a reload would bring, in a child, and keep what it has when that fails.

    Gunicorn ends the whole service when its configuration or a new worker fails to load. It forks workers
    from the master, so a reload must also make the master forget our modules, or it would bring no new code.
    """
    reload = arbiter.reload

    def checked_reload() -> None:
        if why_not := _try_in_a_child():
            structlog.get_logger().error(f"The reload is refused, the old workers serve on: {why_not}")
            return
        _forget_our_modules()
        reload()

    arbiter.reload = checked_reload  # type: ignore[method-assign]


def _forget_our_modules() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


def _try_in_a_child() -> str:
    """Load everything anew in a forked process; give the reason why that fails, or nothing."""
    # The system's own: gevent's wait for a signal that Gunicorn has taken over.
    fork, waitpid = get_original("os", "fork"), get_original("os", "waitpid")
    with tempfile.TemporaryFile(dir=os.environ["PROMETHEUS_MULTIPROC_DIR"]) as answer:
        child = fork()
        if child == 0:
            answer.write(_try().encode())
            answer.flush()
            os._exit(0)
        _, status = waitpid(child, 0)
        answer.seek(0)
        why_not = answer.read().decode()
    return why_not or (f"the trial ended with status {status}" if status else "")


def _try() -> str:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = ""  # not the one that is in use
    said = io.StringIO()
    try:
        _forget_our_modules()
        with contextlib.redirect_stderr(said):
            runpy.run_path(str(ROOT / "gunicorn.conf.py"))["create_app"]()
    except SystemExit:
        return said.getvalue().strip()
    except Exception as error:
        return str(error) or type(error).__name__
    else:
        return ""
    finally:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
