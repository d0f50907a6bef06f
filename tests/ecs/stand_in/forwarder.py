"""A forwarder in front of the stand-in: it records each call, and can act around it or refuse it."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import msgspec
import urllib3

CHANGING = (
    "Create", "Update", "Delete", "Register", "Deregister", "Put", "Execute", "Tag", "Untag", "BatchDelete",
    "Start", "Stop", "Continue",
)  # fmt: skip
PER_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Call:
    """A call to AWS: its operation, and its arguments as sent."""

    name: str
    arguments: dict[str, Any]

    @property
    def changes(self) -> bool:
        return self.name.startswith(CHANGING)


Act = Callable[[Call], None]


@dataclass(frozen=True)
class Refusal:
    """An error answered in place of a call: a code and a message."""

    code: str
    message: str
    status: int = 400

    def write(self, *, as_json: bool) -> tuple[str, bytes]:
        """Return content type and body in AWS's JSON or query protocol."""
        if as_json:
            body = msgspec.json.encode({"__type": self.code, "message": self.message})
            return "application/x-amz-json-1.1", body
        error = f"<Error><Type>Sender</Type><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        return "text/xml", f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode()


Refuse = Callable[[Call], Refusal | None]


def nothing(_call: Call) -> None:
    """Do nothing with a call."""


@dataclass
class Forwarder:
    """Forwards calls to `target`, with another Host if one is given.

    `before` and `after` are called around each call, `rewrite` may change the arguments of a JSON call, and
    a `Refusal` that `refuse` returns is answered instead of forwarding the call.
    """

    target: str
    host: str = ""
    calls: list[Call] = field(default_factory=list)
    before: Act = nothing
    after: Act = nothing
    rewrite: Act = nothing
    refuse: Refuse = nothing
    url: str = ""

    def __post_init__(self) -> None:
        self.pool = urllib3.PoolManager(maxsize=16, retries=False)
        self.lock = threading.Lock()

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in PER_HOP}
        if self.host:
            headers["Host"] = self.host
        call = read_call(handler.headers.get("X-Amz-Target", ""), body)
        if call:
            with self.lock:
                self.calls.append(call)
                self.before(call)
            if self.rewrite is not nothing and "X-Amz-Target" in handler.headers:
                self.rewrite(call)
                body = msgspec.json.encode(call.arguments)
        if call and (refusal := self.refuse(call)):
            kind, told = refusal.write(as_json="X-Amz-Target" in handler.headers)
            send(handler, refusal.status, {"Content-Type": kind}, told)
            return
        answer = self.pool.request(
            handler.command, f"{self.target}{handler.path}", body=body, headers=headers, redirect=False,
            decode_content=False,
        )  # fmt: skip
        if call:
            self.after(call)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in PER_HOP}
        send(handler, answer.status, kept, answer.data)


def send(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def read_call(target: str, body: bytes) -> Call | None:
    """Read a call of AWS's JSON or query protocol; return None for other requests."""
    if target:
        return Call(target.rpartition(".")[2], msgspec.json.decode(body or b"{}", type=dict[str, Any]))
    given = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    return Call(given["Action"], given) if "Action" in given else None


class Server(ThreadingHTTPServer):
    """A server that ignores clients that were killed."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def forwarding(target: str, host: str = "") -> Iterator[Forwarder]:
    """Run a forwarder on a free loopback port while the block runs."""
    forwarder = Forwarder(target, host)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            forwarder.forward(self)

        do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        forwarder.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield forwarder
        finally:
            server.shutdown()
            thread.join()
