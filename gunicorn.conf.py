"""How Gunicorn serves the app. Gunicorn reads this file when it is started in this folder.

The master loads the app and its model, and forks the workers. So all workers answer with one model, even
a worker that replaces another after the files have changed.
"""

# ruff: noqa: E402 - modules imported before the patch would keep the system's locks and sockets
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
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn, cast

from gunicorn.arbiter import Arbiter

if TYPE_CHECKING:
    from webapp.http.outlet import Outlet

SHARED = "perfect_puppy_shared"
STDERR = 2
EXIT_BAD_MODEL = 65
EXIT_BAD_SETTING = 78

is_reload = "webapp.http.outlet" in sys.modules
outlet: "Outlet | None" = None
master = os.getpid()
created_folder = ""


def refuse(code: int, sentence: object) -> NoReturn:
    """Exit before anything is served, with a sentence on stderr as the last line."""
    if outlet:
        outlet.drain()
    with contextlib.suppress(OSError):  # stderr may be closed, or its reader gone or stuck
        if sys.stderr is not sys.__stderr__ or select.select([], [STDERR], [], 1)[1]:
            print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - there may be no log yet
    sys.exit(code)


def leave(*_: object) -> NoReturn:
    """End the process on a signal to stop that arrives before Gunicorn has set its own handlers.

    An exception such as SystemExit would be lost inside a callback, a destructor or a bare `except`, and the
    stop with it (seen once in CI: `docker stop` had to kill the container after 20 s).
    """
    if outlet:
        outlet.drain()
    remove_counts()
    os._exit(0)


def remove_counts() -> None:
    """Remove the folder of the metrics' files, if this process has made it."""
    if created_folder and os.getpid() == master:
        shutil.rmtree(created_folder, ignore_errors=True)


if not is_reload:
    for _signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(_signal, leave)
    for _descriptor in range(3):  # a connection would take a closed one's number, and get the log lines
        try:
            os.fstat(_descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)

# Threads of OpenMP (XGBoost) and OpenBLAS compete for the CPU of a small task, and do not survive a fork.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
# In memory, as a slow or full disk would stop a worker's heartbeat.
_memory_folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
_counts_folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if not _counts_folder:
    try:
        _counts_folder = tempfile.mkdtemp(prefix="perfect-puppy-", dir=_memory_folder)
    except OSError as error:
        _where = _memory_folder or "the folder for temporary files"
        refuse(
            EXIT_BAD_SETTING, f"There is no room in {_where}: {error.strerror}. Free some, and start again."
        )
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts_folder

    created_folder = _counts_folder
    atexit.register(remove_counts)
elif not is_reload:
    for _stale in Path(_counts_folder).glob("*.db"):  # an earlier run's counts would be added to this run's
        _stale.unlink(missing_ok=True)

try:
    import webapp  # noqa: F401 - makes the files of the metrics, and fails where there is no room
except OSError as error:
    if error.filename and not str(error.filename).startswith(_counts_folder):
        raise  # a file of ours is missing
    refuse(EXIT_BAD_SETTING, f"There is no room for the counts in {_counts_folder}: {error.strerror}.")

import structlog

from model.artifact import ArtifactError
from webapp import create_app
from webapp.config import SettingError, load_settings
from webapp.http import counts_memory, logs, metrics
from webapp.server import descriptors, signals
from webapp.server.balance import NO_WORKER, SLOTS, shared_counts
from webapp.server.gunicorn_options import unused_option
from webapp.server.listening import ListenError, resolve
from webapp.server.reload import guard_reload
from webapp.server.worker import Worker

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
worker_tmp_dir = _memory_folder
control_socket_disable = True
logger_class = logs.GunicornLogger
# Longer than the load balancer's 60 s, or it would reuse a connection that a worker has just closed.
keepalive = 75
# The middleware `trust_proxies` reads the forwarded headers, as TRUSTED_PROXIES says.
forwarded_allow_ips = ""
graceful_timeout = settings.stop_wait_seconds + settings.request_seconds + 5


def on_starting(server: Arbiter) -> None:
    """Load the app; exit with a sentence where the model can't be served, or an address is in use."""
    try:
        # With socket activation (LISTEN_FDS) systemd has bound the address already.
        probe = None if "LISTEN_FDS" in os.environ else address.listen()
        # The master keeps what all workers share, so that it outlives every worker and every reload.
        metrics_listener = metrics_address.listen() if metrics_address else None
        shared = SimpleNamespace(counts=shared_counts(), metrics_listener=metrics_listener)
        setattr(server, SHARED, shared)
        if probe:
            probe.close()
        server.app.callable = create_app()  # type: ignore[assignment]  # Flask is a WSGI app
    except ListenError as error:
        refuse(EXIT_BAD_SETTING, error)
    except ArtifactError as error:
        refuse(EXIT_BAD_MODEL, error)
    guard_reload(server)


def when_ready(_server: Arbiter) -> None:
    """Hide all objects from the garbage collector, then log the address.

    The collector would write to the memory that the workers share with the master, and so copy it: the master
    and two workers would take 116 MB instead of 96.
    """
    gc.collect()
    gc.freeze()
    log.info(f"Open http://{bind}")


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Give a worker its slot and the objects that all workers share."""
    shared = getattr(server, SHARED)  # made at the start, perhaps by an earlier release: keep its two names
    worker.counts, worker.metrics_listener = shared.counts, shared.metrics_listener
    taken = {cast(Worker, other).slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in range(1, SLOTS) if slot not in taken)
    try:
        counts_memory.reserve(str(worker.slot))
    except OSError:
        log.exception(f"There is no room for the counts of worker {worker.slot}")
    # Gunicorn compares the heartbeat file's time with the monotonic clock. A new file has the wall clock's
    # time, so a worker that hangs at its start would go unnoticed; `notify` sets the monotonic time.
    worker.tmp.notify()


def post_worker_init(worker: Worker) -> None:
    """Log that a worker serves, and with which model."""
    log.info("worker ready", model_version=worker.model_version)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Count the end of a worker, and free its slot."""
    worker.counts[worker.slot] = NO_WORKER
    counts_memory.delete_gauges(str(worker.slot))
    metrics.WORKER_EXITS.inc()
