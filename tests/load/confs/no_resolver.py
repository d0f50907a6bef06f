"""The project's configuration of Gunicorn, in a process where no name is ever resolved."""

# ruff: noqa: E402 - gevent's patch comes first
from gevent import monkey

monkey.patch_all()

import socket
from pathlib import Path
from typing import Any, NoReturn

import gevent.socket


def _never(*_: Any, **__: Any) -> NoReturn:
    while True:
        gevent.sleep(600)


for _module in (socket, gevent.socket):
    for _name in ("getaddrinfo", "getfqdn", "gethostbyaddr", "gethostbyname", "getnameinfo"):
        setattr(_module, _name, _never)

exec(Path("gunicorn.conf.py").read_text())
