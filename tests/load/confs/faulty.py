"""The project's configuration of Gunicorn with a fault, which the environment variable FAULT names."""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

from gevent.monkey import get_original

exec(Path("gunicorn.conf.py").read_text())

FAULT = os.environ["FAULT"]
ours: dict[str, Any] = dict(globals())

if FAULT == "bad header":

    def on_starting(server: Any) -> None:
        """Add a route whose response can't be sent, and one that raises outside Flask."""
        ours["on_starting"](server)
        app = server.app.callable
        app.add_url_rule("/api/bad-header", view_func=lambda: ("", 200, {"X-Bad": "\N{SNOWMAN}"}))
        served = app.wsgi_app

        def wsgi_app(environ: Any, start_response: Any) -> Any:
            if environ["PATH_INFO"] == "/api/outside":
                raise ZeroDivisionError
            return served(environ, start_response)

        app.wsgi_app = wsgi_app

elif FAULT == "hangs before its first heartbeat":
    timeout = 2

    def post_fork(_server: Any, worker: Any) -> None:
        """Block the first worker for ten minutes, with a sleep that gevent has not patched."""
        if worker.age == 1:
            get_original("time", "sleep")(600)

elif FAULT == "changes after the trial":
    from webapp.server import reload as _reload

    _try = _reload._try_in_a_child

    def _try_then_change(arbiter: Any) -> str:
        why_not = _try(arbiter)
        manifest = Path(os.environ["MODEL_DIR"], "manifest.json")
        manifest.rename(manifest.with_suffix(".aside"))
        return why_not

    _reload._try_in_a_child = _try_then_change

elif FAULT == "hooks fail after a reload":
    if ours["is_reload"]:

        def pre_fork(_server: Any, _worker: Any) -> None:
            """Raise, as code of another release might that finds what the master holds changed."""
            raise RuntimeError("the hook of another release")

elif FAULT == "trial hangs":
    from webapp.server import reload as _reload

    def _hang() -> str:
        get_original("time", "sleep")(600)
        return ""

    _reload._load_on_trial = _hang

elif FAULT == "slow start":

    def post_fork(_server: Any, worker: Any) -> None:
        """Keep the first worker busy for a second, the second for two, before they handle signals."""
        end = time.monotonic() + worker.age
        while time.monotonic() < end:
            pass

elif FAULT == "swallows exceptions":
    with contextlib.suppress(BaseException):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)  # Python runs the handlers of signals between two instructions
