"""How Gunicorn serves the app: it reads this file by itself when started in this folder."""

# ruff: noqa: E402 - what is imported before the patch would keep the system's locks and sockets
from gevent import monkey

monkey.patch_all()

import os
import sys

# XGBoost's OpenMP threads and OpenBLAS's would fight over a small task's CPU, and not survive a fork.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import structlog

from model.artifact import ArtifactError
from webapp import create_app, logs
from webapp.config import SettingError, load_settings, share_development_key

EXIT_BAD_MODEL = 65
EXIT_BAD_SETTING = 78

try:
    settings = load_settings(os.environ)
except SettingError as error:
    print(error, file=sys.stderr)  # noqa: T201
    sys.exit(EXIT_BAD_SETTING)
logs.configure(settings.log_format, settings.log_level)
log = structlog.get_logger()
if share_development_key(os.environ):
    log.info("SECRET_KEY is not set: made one for this run, as this is development")

wsgi_app = "webapp:create_app()"
bind = f"{settings.bind_host}:{settings.port}"
workers = settings.web_concurrency
worker_class = "gevent"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
control_socket_disable = True
logger_class = logs.GunicornLogger
# Above the load balancer's 60 s, or it would reuse a connection that a worker has just closed.
keepalive = 75


def on_starting(_server: object) -> None:
    """Refuse to start with settings or a model that no worker could serve."""
    try:
        create_app()
    except ArtifactError as error:
        log.error(str(error))  # noqa: TRY400 - the sentence says it all
        sys.exit(EXIT_BAD_MODEL)


def when_ready(_server: object) -> None:
    """Say where to look."""
    log.info(f"Open http://{bind}")
