"""A reload (SIGHUP) that is refused when the new code, settings or model could not serve."""

import runpy
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import structlog

from webapp.config import ROOT

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter

OURS = {"webapp", "model"}


def check_before_reload(arbiter: "Arbiter") -> None:
    """Make the master try out what a reload would bring, and keep what it has when that fails.

    Gunicorn ends the whole service when its configuration or a new worker fails to load. It forks workers
    from the master, so the modules imported afresh here are also what brings the new code to them.
    """
    reload = arbiter.reload

    def checked_reload() -> None:
        kept = _take_out_our_modules()
        try:
            conf = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
            conf["create_app"]()
        except (Exception, SystemExit) as error:
            _take_out_our_modules()
            sys.modules.update(kept)
            structlog.get_logger().error(f"The reload is refused, the old workers serve on: {error}")
        else:
            reload()

    arbiter.reload = checked_reload  # type: ignore[method-assign]


def _take_out_our_modules() -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in OURS}
