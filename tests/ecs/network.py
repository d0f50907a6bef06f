"""A load balancer with HTTPS, and a proxy, as they stand between an operator and the service.

The certificates in `tls/` are for `puppy.test`, a name that public DNS does not have. They are valid from
2020 to 2120, except not-yet-valid.pem.
"""

import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

TLS = Path(__file__).parent / "tls"
CA = TLS / "ca.pem"


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Ignore clients that close the connection."""


@dataclass
class Balancer:
    """Passes requests on to the app, as a load balancer does, or answers by itself."""

    port: int
    app_port: int
    itself: tuple[int, dict[str, str], bytes] | None = None
    hosts: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    breaks_off: int = 0
    sheds: int = 0


@contextmanager
def balancing(
    app_port: int, certificate: str = "server.pem", *, https: bool = True, port: int = 0
) -> Iterator[Balancer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            balancer.hosts.append(self.headers["Host"])
            if balancer.breaks_off:
                balancer.breaks_off -= 1
                self.close_connection = True
                return
            if balancer.sheds:
                balancer.sheds -= 1
                status, headers, body = 503, {"X-Request-ID": "1", "Retry-After": "0"}, b""
            else:
                status, headers, body = balancer.itself or self._ask_the_app()
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def _ask_the_app(self) -> tuple[int, dict[str, str], bytes]:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = f"http://127.0.0.1:{balancer.app_port}{self.path}"
            answer = app.request(self.command, url, headers=dict(self.headers.items()), content=body)
            kept = ("Content-Type", "X-Request-ID", "Retry-After")
            headers = {name: answer.headers[name] for name in kept if name in answer.headers}
            return answer.status_code, headers, answer.content

        def log_message(self, *_: object) -> None: ...

    with httpx.Client() as app, _Server(("127.0.0.1", port), Handler) as server:
        balancer = Balancer(server.server_address[1], app_port)
        if https:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(TLS / certificate, TLS / "key.pem")
            context.sni_callback = lambda _socket, name, _context: balancer.names.append(name)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield balancer
        server.shutdown()


@dataclass
class Proxy:
    """Connects to the names that it knows, which DNS need not know."""

    url: str
    known: Mapping[str, int]
    asked: list[str] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)


@contextmanager
def proxying(known: Mapping[str, int], *, status: int = 403) -> Iterator[Proxy]:
    """Run a proxy that opens tunnels to the ports in `known`, and refuses all else with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            proxy.asked.append(self.path)
            proxy.credentials.append(self.headers.get("Proxy-Authorization"))
            port = proxy.known.get(self.path.rpartition(":")[0])
            if port is None:
                self.send_error(status)
                return
            self.send_response_only(200)
            self.end_headers()
            with socket.create_connection(("127.0.0.1", port)) as far:
                ends = {self.connection: far, far: self.connection}
                while True:
                    for end in select.select(list(ends), [], [], 30)[0]:
                        if not (read := end.recv(65536)):
                            return
                        ends[end].sendall(read)

        def do_GET(self) -> None:
            proxy.asked.append(self.path)
            self.send_error(status)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    with _Server(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}", known)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield proxy
        server.shutdown()
