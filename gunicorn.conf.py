"""How Gunicorn serves the app: it reads this file by itself when started in this folder."""

# ruff: noqa: E402 - what is imported before the patch would keep the system's locks and sockets
from gevent import monkey

monkey.patch_all()

import atexit
import gc
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

# XGBoost's OpenMP threads and OpenBLAS's would fight over a small task's CPU, and not survive a fork.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# In memory: a slow or full disk must not stop a worker's heartbeat or a counter.
_in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="perfect-puppy-", dir=_in_memory)

    def _clean_up(folder: str = os.environ["PROMETHEUS_MULTIPROC_DIR"], master: int = os.getpid()) -> None:
        if os.getpid() == master:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(_clean_up)

import structlog
from gevent import socket

from model.artifact import ArtifactError
from webapp import create_app, logs, metrics
from webapp.balance import NO_WORKER, SLOTS, shared_counts
from webapp.config import SettingError, load_settings, share_development_key
from webapp.reload import check_before_reload
from webapp.warm_up import warm_up
from webapp.worker import Worker

if TYPE_CHECKING:
    from flask import Flask
    from gunicorn.arbiter import Arbiter

SHARED = "perfect_puppy_shared"
EXIT_BAD_MODEL = 65
EXIT_BAD_SETTING = 78


@dataclass
class Shared:
    """What the master makes once, and hands to every worker."""

    counts: "memoryview[int]"
    metrics_listener: socket.socket | None


def refuse(code: int, sentence: object) -> NoReturn:
    """Leave before anything is served, with the reason as the last line."""
    print(sentence, file=sys.stderr)  # noqa: T201 - there may be no log yet
    sys.exit(code)


try:
    settings = load_settings(os.environ)
except SettingError as error:
    refuse(EXIT_BAD_SETTING, error)
logs.configure(settings.log_format, settings.log_level)
log = structlog.get_logger()
if share_development_key(os.environ):
    log.info("SECRET_KEY is not set: made one for this run, as this is development")

wsgi_app = "webapp:create_app()"
_host = f"[{settings.bind_host}]" if ":" in settings.bind_host else settings.bind_host
bind = f"{_host}:{settings.port}"
workers = settings.web_concurrency
worker_class = Worker
worker_connections = 4096
worker_tmp_dir = _in_memory
control_socket_disable = True
logger_class = logs.GunicornLogger
# Above the load balancer's 60 s, or it would reuse a connection that a worker has just closed.
keepalive = 75
# Whom to believe about the client's address and scheme is TRUSTED_PROXIES's to say, in one place.
forwarded_allow_ips = ""
graceful_timeout = settings.stop_wait_seconds + settings.request_seconds + 5


def listen(host: str, port: int, name: str) -> socket.socket:
    """Listen on an address, or refuse to start with a sentence that names it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family)
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        refuse(EXIT_BAD_SETTING, f"{name} can't be listened on: {reason}.")


def on_starting(server: "Arbiter") -> None:
    """Refuse to start with a model that no worker could serve, or an address that is taken."""
    try:
        create_app()
    except ArtifactError as error:
        refuse(EXIT_BAD_MODEL, error)
    check_before_reload(server)
    if "LISTEN_FDS" not in os.environ:  # systemd, or whoever plays it, has bound the address already
        listen(settings.bind_host, settings.port, f"{bind} (BIND_HOST and PORT)").close()
    # The master's, so that they outlive every worker and every reload.
    shared = Shared(counts=shared_counts(), metrics_listener=None)
    setattr(server, SHARED, shared)
    if settings.metrics_bind != "off":
        host, _, port = settings.metrics_bind.rpartition(":")
        shared.metrics_listener = listen(host, int(port), f"METRICS_BIND={settings.metrics_bind}")


def when_ready(_server: "Arbiter") -> None:
    """Say where to look.

    What the master has loaded stays until the end: the collector need not go through it, not even then, when
    it would take a tenth of a second of CPU, nearly half a second of a small task's time to stop.
    """
    gc.freeze()
    log.info(f"Open http://{bind}")


def pre_fork(server: "Arbiter", worker: Worker) -> None:
    """Give a worker its slot, for its counts, and what all workers share."""
    shared: Shared = getattr(server, SHARED)
    worker.counts, worker.metrics_listener = shared.counts, shared.metrics_listener
    taken = {cast(Worker, other).slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in range(1, SLOTS) if slot not in taken)


def post_worker_init(worker: Worker) -> None:
    """Leave what has been loaded out of the garbage collector's rounds, and let it go round less often.

    A request makes hardly any cycles, and each round looks at every object that has been loaded.
    """
    warm_up(cast("Flask", worker.wsgi))
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)
    log.info("worker ready")


def child_exit(_server: "Arbiter", worker: Worker) -> None:
    """Count a worker's end."""
    worker.counts[worker.slot] = NO_WORKER
    metrics.forget(worker.slot)
    metrics.WORKER_EXITS.inc()
