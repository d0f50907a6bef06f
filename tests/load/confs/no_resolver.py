"""The project's own configuration, where no resolver ever answers: read by Gunicorn through `-c`."""

import socket
from pathlib import Path
from typing import Any, NoReturn

from gevent.monkey import get_original


def _never(*_: Any, **__: Any) -> NoReturn:
    while True:
        get_original("time", "sleep")(600)


exec(Path("gunicorn.conf.py").read_text())

import gevent.socket  # noqa: E402 - after the patch

for _module in (socket, gevent.socket):
    for _name in ("getaddrinfo", "getfqdn", "gethostbyaddr", "gethostbyname", "getnameinfo"):
        setattr(_module, _name, _never)
