"""How Gunicorn serves the app: it reads this file by itself when started in this folder.

The master loads the app, with its model, and forks the workers from it. So all workers answer alike, also one
that replaces another, whatever has happened to the files since.
"""

# ruff: noqa: E402 - what is imported before the patch would keep the system's locks and sockets
from gevent import monkey

monkey.patch_all()

import atexit
import contextlib
import gc
import os
import select
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

if TYPE_CHECKING:
    import socket

    from gunicorn.arbiter import Arbiter

    from webapp.http.outlet import Outlet

SHARED = "perfect_puppy_shared"
STDERR = 2
EXIT_BAD_MODEL = 65
EXIT_BAD_SETTING = 78

is_reload = "webapp.http.outlet" in sys.modules
outlet: "Outlet | None" = None
master = os.getpid()
made_counts = ""


def refuse(code: int, sentence: object) -> NoReturn:
    """Leave before anything is served, with the reason as the last line."""
    if outlet:
        outlet.drain()
    with contextlib.suppress(OSError):  # nobody may be there to read it, or nobody who reads
        if sys.stderr is not sys.__stderr__ or select.select([], [STDERR], [], 1)[1]:
            print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - there may be no log yet
    sys.exit(code)


def leave(*_: object) -> NoReturn:
    """End the process on a signal to stop that comes before Gunicorn has handlers of its own.

    It raises nothing: an exception raised inside a callback, a destructor or a bare `except` is lost, and the
    stop with it (seen once in CI: `docker stop` had to kill the container after 20 s).
    """
    if outlet:
        outlet.drain()
    remove_counts()
    os._exit(0)


def remove_counts() -> None:
    """Remove the folder of the counts, if this process made it."""
    if made_counts and os.getpid() == master:
        shutil.rmtree(made_counts, ignore_errors=True)


if not is_reload:
    for _signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(_signal, leave)
    for _descriptor in range(3):  # one that was closed would become a connection's, and take our log lines
        try:
            os.fstat(_descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)

# XGBoost's OpenMP threads and OpenBLAS's would fight over a small task's CPU, and not survive a fork.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
# In memory: a slow or full disk must not stop a worker's heartbeat.
_in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
_counts = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if not _counts:
    try:
        _counts = tempfile.mkdtemp(prefix="perfect-puppy-", dir=_in_memory)
    except OSError as error:
        _where = _in_memory or "the folder for temporary files"
        refuse(
            EXIT_BAD_SETTING, f"There is no room in {_where}: {error.strerror}. Free some, and start again."
        )
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts

    made_counts = _counts
    atexit.register(remove_counts)
elif not is_reload:
    for _stale in Path(_counts).glob("*.db"):  # of an earlier run: its counts would be added to ours
        _stale.unlink(missing_ok=True)

try:
    import webapp  # noqa: F401 - first, as its counts want room
except OSError as error:
    refuse(EXIT_BAD_SETTING, f"There is no room for the counts in {_counts}: {error.strerror}.")

import structlog

from model.artifact import ArtifactError
from webapp import create_app
from webapp.config import SettingError, load_settings
from webapp.http import counts_memory, logs, metrics
from webapp.server import descriptors, signals
from webapp.server.balance import NO_WORKER, SLOTS, shared_counts
from webapp.server.gunicorn_options import unused_option
from webapp.server.listening import ListenError, resolve
from webapp.server.reload import check_before_reload
from webapp.server.worker import Worker


@dataclass
class Shared:
    """What the master makes once, and hands to every worker."""

    counts: "memoryview[int]"
    metrics_listener: "socket.socket | None"


try:
    settings = load_settings(os.environ)
    _where = f"{settings.bind_host}:{settings.port} (BIND_HOST and PORT)"
    address = resolve(settings.bind_host, settings.port, _where)
    metrics_address = None
    if settings.metrics_bind != "off":
        _host, _, _port = settings.metrics_bind.rpartition(":")
        metrics_address = resolve(_host, int(_port), f"METRICS_BIND={settings.metrics_bind}")
except (SettingError, ListenError) as error:
    refuse(EXIT_BAD_SETTING, error)
if _unused := unused_option():
    refuse(EXIT_BAD_SETTING, _unused)
outlet = logs.configure(settings)
log = structlog.get_logger()
descriptors.raise_limit()
signals.keep_across_forks()

wsgi_app = "webapp:create_app()"
bind = str(address)
workers = settings.web_concurrency
worker_class = Worker
worker_connections = descriptors.CONNECTIONS
worker_tmp_dir = _in_memory
control_socket_disable = True
logger_class = logs.GunicornLogger
# Above the load balancer's 60 s, or it would reuse a connection that a worker has just closed.
keepalive = 75
# Whom to believe about the client's address and scheme is TRUSTED_PROXIES's to say, in one place.
forwarded_allow_ips = ""
graceful_timeout = settings.stop_wait_seconds + settings.request_seconds + 5


def on_starting(server: "Arbiter") -> None:
    """Load the app; refuse to start with a model that can't be served, or an address that is taken."""
    try:
        # systemd, or whoever plays it, has bound the address already.
        tried = None if "LISTEN_FDS" in os.environ else address.listen()
        # The master's, so that they outlive every worker and every reload.
        shared = Shared(shared_counts(), metrics_address.listen() if metrics_address else None)
        if tried:
            tried.close()
        server.app.callable = create_app()  # type: ignore[assignment]  # Flask is one
    except ListenError as error:
        refuse(EXIT_BAD_SETTING, error)
    except ArtifactError as error:
        refuse(EXIT_BAD_MODEL, error)
    setattr(server, SHARED, shared)
    check_before_reload(server)


def when_ready(_server: "Arbiter") -> None:
    """Say where to look.

    What the master has loaded stays until the end, and workers share its memory for as long as nobody touches
    it: so the garbage collector leaves it out.
    """
    gc.collect()
    gc.freeze()
    log.info(f"Open http://{bind}")


def pre_fork(server: "Arbiter", worker: Worker) -> None:
    """Give a worker its slot, for its counts, and what all workers share."""
    shared: Shared = getattr(server, SHARED)
    worker.counts, worker.metrics_listener = shared.counts, shared.metrics_listener
    taken = {cast(Worker, other).slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in range(1, SLOTS) if slot not in taken)
    try:
        counts_memory.reserve(str(worker.slot))
    except OSError:
        log.exception(f"There is no room for the counts of worker {worker.slot}")
    # Else the file's time is the wall clock's, and a worker that hangs at its start would never be missed.
    worker.tmp.notify()


def post_worker_init(worker: Worker) -> None:
    """Say that a worker serves, and with which model."""
    log.info("worker ready", model_version=worker.model_version)


def child_exit(_server: "Arbiter", worker: Worker) -> None:
    """Count a worker's end."""
    worker.counts[worker.slot] = NO_WORKER
    counts_memory.forget(str(worker.slot))
    metrics.WORKER_EXITS.inc()
