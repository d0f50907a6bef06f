"""The Gunicorn worker: gevent's, with an orderly stop and a time limit for every request."""

import logging
import math
import time
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, cast

import gevent
import structlog
from flask import Flask
from gevent.event import Event
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer
from gevent.socket import socket
from greenlet import greenlet
from gunicorn.workers.ggevent import GeventWorker

from webapp.http import counts_memory, metrics
from webapp.http.client_address import client_address
from webapp.http.request_context import new_request_id
from webapp.http.state import state_of
from webapp.http.warm_up import warm_up
from webapp.server import descriptors, signals, unreadable
from webapp.server.balance import EvenServer
from webapp.server.connection import Connection, IdleTimeout, RequestTimeout

SWEEP_SECONDS = 1.0
SETTLE_SECONDS = 0.05
NEWCOMER_SECONDS = 0.5
"""How long a connection may be idle at a stop, since its first request may be on the way."""

AT_ONCE = 16
"""How many connections are accepted in a row before idle ones are closed to make room."""

METRICS_READERS = 16
METRICS_SECONDS = 10
"""How long a reader of the metrics may keep a connection."""

_log = structlog.get_logger()


def _interrupt(serving: greenlet, connection: Connection) -> None:
    """Interrupt a connection, unless a request has begun or ended on it since `_interrupt_soon`."""
    if connection.deadline == math.inf:
        serving.throw(IdleTimeout if connection.idle else RequestTimeout)


class MetricsHandler(WSGIHandler):
    """Serves a reader of the metrics for `METRICS_SECONDS` at most."""

    def handle(self) -> None:
        """Serve a connection, and close it when its time has run out."""
        with gevent.Timeout(METRICS_SECONDS, False):  # type: ignore[arg-type]  # False: it ends quietly
            super().handle()


class Worker(GeventWorker):
    """A gevent worker that neither waits for idle connections at a stop nor cuts off a late request.

    Gunicorn's own worker waits for idle keep-alive connections as long as for busy ones, the whole graceful
    timeout (gunicorn issue 3227). This worker answers with `Connection: close` for STOP_WAIT_SECONDS and
    still accepts. Then it closes the listeners and the idle connections, and ends after the last response.

    Gunicorn limits only the wait between requests. Here a request has a time limit too, from its first byte
    to the last of its response, or slow clients could keep their connections for ever.
    """

    slot: int
    counts: "memoryview[int]"
    metrics_listener: socket | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begun = time.monotonic()
        self.connections: dict[greenlet, Connection] = {}
        self.told_to_stop = Event()
        self.at_once = False

    def init_signals(self) -> None:
        """Set the handlers, then unblock the signals to stop."""
        self.state = state_of(cast(Flask, self.app.callable))  # the master has loaded it
        super().init_signals()
        signals.take()

    def load_wsgi(self) -> None:
        """Take the app that the master has loaded, and report the model and the time to start."""
        counts_memory.take_slot(str(self.slot))
        super().load_wsgi()
        warm_up(cast(Flask, self.wsgi))
        self.settings = self.state.settings
        self.model_version = self.state.predictor.model_version
        metrics.MODEL_INFO.labels(self.model_version).set(1)
        metrics.STARTUP_SECONDS.set(time.monotonic() - self.begun)

    def handle_exit(self, _signal: int, _frame: object) -> None:
        """Begin to stop: responses have `Connection: close`, and `/readyz` answers 503."""
        self.alive = False
        self.state.stopping = True
        gevent.spawn(self.told_to_stop.set)

    def handle_quit(self, signal: int, frame: object) -> None:
        """Stop without waiting for requests, as at Ctrl-C."""
        self.at_once = True
        self.handle_exit(signal, frame)

    def run(self) -> None:
        """Serve until told to stop, then stop in good order."""
        hub = gevent.get_hub()
        hub.print_exception = _log_exception  # type: ignore[assignment, method-assign]
        self.most_connections = descriptors.most_connections()
        self.headroom = min(2 * AT_ONCE, self.most_connections // 4)
        pool = Pool(self.most_connections)
        self.counts[self.slot] = 0
        servers = [
            EvenServer(sock, partial(self.handle, sock), spawn=pool, counts=self.counts, slot=self.slot)
            for sock in self.sockets
        ]
        if self.metrics_listener:
            WSGIServer(
                self.metrics_listener,
                metrics.exposition(),
                spawn=Pool(METRICS_READERS),
                handler_class=MetricsHandler,
                environ={"SERVER_NAME": "metrics"},  # gevent asks a resolver for it otherwise, and waits
                log=None,
                error_log=logging.getLogger(__name__),
            ).start()
        for server in servers:
            server.max_accept = AT_ONCE
            server.start()
        load = self.state.load
        while not self.told_to_stop.wait(SWEEP_SECONDS):
            self.notify()
            self.end_overdue()
            for _ in range(len(self.connections) - self.most_connections + self.headroom):
                self.make_room()
            metrics.IN_FLIGHT.set(load.peak)
            load.peak = 0
        if not self.at_once:
            self.stop_serving(servers, pool)

    def stop_serving(self, servers: list[EvenServer], pool: Pool) -> None:
        """Serve on for STOP_WAIT_SECONDS, then close listeners and idle connections; let requests finish."""
        begun = time.monotonic()
        for connection in self.connections.values():
            if connection.request:
                connection.request.force_close()
        while time.monotonic() < begun + self.settings.stop_wait_seconds:
            self.notify()
            self.end_overdue()
            gevent.sleep(SETTLE_SECONDS)
        for server in servers:
            server.close()
        while time.monotonic() < begun + self.cfg.graceful_timeout:
            self.notify()
            self.end_overdue(idle_seconds=NEWCOMER_SECONDS)
            if pool.join(SETTLE_SECONDS):
                return
        self.log.warning("%d requests were under way when the time ran out", len(self.connections))

    def end_overdue(self, *, idle_seconds: float = math.inf) -> None:
        """Interrupt each connection past its deadline, and each that is idle for over `idle_seconds`."""
        now = time.monotonic()
        for serving, connection in list(self.connections.items()):
            if connection.deadline < now or (connection.idle and connection.idle_since + idle_seconds < now):
                self._interrupt_soon(serving, connection)

    def make_room(self) -> None:
        """Interrupt the connection that has been idle longest, so that another can take its place.

        If none is idle, interrupt the connection whose head has been incomplete longest, if that is at least
        `SWEEP_SECONDS`.
        """
        candidates = [each for each in self.connections.items() if each[1].deadline < math.inf]
        idle = [each for each in candidates if each[1].idle]
        latest = time.monotonic() + self.settings.request_seconds - SWEEP_SECONDS
        headless = [each for each in candidates if each[1].request is None and each[1].deadline < latest]
        if idle or headless:
            self._interrupt_soon(*min(idle or headless, key=lambda each: each[1].deadline))

    @staticmethod
    def _interrupt_soon(serving: greenlet, connection: Connection) -> None:
        connection.deadline = math.inf
        gevent.get_hub().loop.run_callback(_interrupt, serving, connection)

    def handle(self, listener: socket, client: socket, addr: Any) -> None:
        """Serve a connection."""
        if len(self.connections) >= self.most_connections - self.headroom:
            self.make_room()
        current = gevent.getcurrent()
        connection = self.connections[current] = Connection(client, self.settings.request_seconds)
        connection.client = addr[0] if isinstance(addr, tuple) else ""  # a Unix socket has no address
        try:
            super().handle(listener, connection, addr)
        finally:
            del self.connections[current]
            self.counts[self.slot] -= 1

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> bool:
        """Answer a request, in one send where the response is small."""
        sock.begin_request()  # a pipelined request has been received together with the one before
        sock.request = req
        sock.gathering = True
        try:
            return super().handle_request(listener_name, req, sock, addr)
        finally:
            sock.gathering = False
            sock.send_gathered()

    def timeout_ctx(self) -> suppress:  # type: ignore[override]  # the stub has no return type
        """Start the wait for a connection's next request, which an `IdleTimeout` ends without an error."""
        self.connections[gevent.getcurrent()].await_request(self.cfg.keepalive)
        return suppress(IdleTimeout)

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """Answer an unreadable or overdue request with a problem, and any other error with a 500."""
        if isinstance(exc, IdleTimeout):
            return
        if isinstance(exc, RequestTimeout):
            self._refuse(client, 408, f"The request took longer than {self.settings.request_seconds} s.")
        elif isinstance(exc, unreadable.UNREADABLE) and not isinstance(exc, unreadable.UNSENDABLE):
            self._refuse(client, unreadable.status_of(type(exc)), f"The request can't be read: {exc}")
        else:
            _log.error("A request failed outside the app", exc_info=exc)
            self._refuse(client, 500, f"{type(exc).__name__} outside the app")

    def _refuse(self, client: Connection, status: int, detail: str) -> None:
        request_id = new_request_id()
        metrics.REFUSED.labels(status).inc()
        # Behind a proxy only a header has the client's address, and the headers may be unreadable.
        who = None if self.settings.trusted_proxies else client.client
        network_only = self.settings.log_client == "network"
        _log.info(
            "request",
            request_id=request_id,
            client=who and client_address(who, network_only=network_only),
            status=status,
            reason=detail,
        )
        if client.answering:
            return
        for_anyone = "*" in self.settings.cors_origins.split()
        answer = unreadable.answer(status, detail, request_id, for_anyone=for_anyone)
        client.settimeout(SWEEP_SECONDS)
        client.leave_unread()
        try:
            client.sendall(answer)
        except OSError:
            self.log.debug("A client left before its error was sent")


def _log_exception(context: object, _kind: Any, error: Any, _traceback: TracebackType | None) -> None:
    """Log an exception outside a request, which gevent would print on stderr."""
    _log.error("%s failed", context, exc_info=error)
