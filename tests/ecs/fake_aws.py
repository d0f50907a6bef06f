"""A fake AWS endpoint that answers as a test says, for errors that the stand-in for AWS can't produce."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ecs.stand_in.forwarder import Call, read_call

IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</Arn>"
    "<UserId>me</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def refusal(code: str, message: str) -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


@dataclass
class FakeAws:
    """Answers each call by its name; the last of several answers repeats, and other calls are refused."""

    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    @property
    def called(self) -> list[str]:
        return [call.name for call in self.calls]

    def answer(self, call: Call) -> tuple[int, str]:
        self.calls.append(call)
        name = call.name
        given = self.answers.get(name, [(400, refusal("NotHere", f"no {name} here"))])
        return given.pop(0) if len(given) > 1 else given[0]


@contextmanager
def fake_aws(**answers: list[tuple[int, str]]) -> Iterator[FakeAws]:
    fake = FakeAws({"GetCallerIdentity": [(200, IDENTITY)], **answers})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = read_call(self.headers.get("X-Amz-Target", ""), body)
            status, text = fake.answer(call or Call("?", {}))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield fake
        server.shutdown()
