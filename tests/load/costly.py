"""Expensive requests: for each route the largest headers, bodies and queries that the server accepts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count

from model.artifact import read_artifact
from webapp.api.docs import UI_VERSION
from webapp.config import ROOT

HEADERS = 5
HEADER = 7800
"""How many headers, of how many bytes: a little less than the server accepts in one header, and in all."""

LINE = 4000
"""Bytes, a little less than Gunicorn accepts in the request line."""

JSON = {"Content-Type": "application/json"}
GZIP = {"Accept-Encoding": "gzip"}

REPEATED = {
    "Accept": "*/*;q=0.1,text/a,",
    "Accept-Encoding": "gzip,a,",
    "Content-Type": "a/b;c=d;",
    "Cookie": "a=b;",
    "If-Match": '"a",',
    "If-Modified-Since": "1 Jan 2000 ",
    "If-None-Match": '"a",',
    "Range": "bytes=0-1,2-3,",
    "X-Forwarded-For": "192.0.2.1,",
}

_numbers = count()


@dataclass(frozen=True)
class Costly:
    """A request; each `#` in its path and headers becomes a number that no other request has.

    Attributes:
        repeated: a header that is sent five times, as large as the server takes it.
    """

    route: str
    what: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    repeated: tuple[str, str] = ("", "")

    def send(self, connection: HTTPConnection) -> None:
        """Send the request and read the answer.

        Raises:
            RuntimeError: the server has refused to read it, or failed.
        """
        number = str(next(_numbers))
        name, value = self.repeated
        fields = [
            *self.headers.items(),
            *[(name, value * (HEADER // len(value))) for _ in range(HEADERS) if name],
        ]
        connection.putrequest(
            self.method,
            self.path.replace("#", number),
            skip_host="Host" in self.headers,
            skip_accept_encoding=True,
        )
        for name, value in fields:
            connection.putheader(name, value.replace("#", number))
        connection.putheader("Content-Length", str(len(self.body)))
        connection.endheaders(self.body)
        response = connection.getresponse()
        response.read()
        if response.status in {414, 431} or response.status >= 500:
            raise RuntimeError(f"{self.route}, {self.what}: {response.status}")


READY = Costly("/readyz", "", "/readyz")
PREDICT = Costly("/api/predict", "a prediction", "/api/predict", "POST", JSON, b'{"home_size": 900}')


def requests() -> Iterator[Costly]:
    """Yield the expensive requests, route by route."""
    yield PREDICT
    bodies = {
        "members": json.dumps({f"member{number}": number for number in range(900)}),
        "brackets": "[" * 16_000,
        "digits": f'{{"home_size": {"9" * 16_000}}}',
    }
    for what, body in bodies.items():
        yield Costly("/api/predict", f"16 KB of {what}", "/api/predict", "POST", JSON, body.encode())
    yield Costly("/api/predict", "many parameters", f"/api/predict?{'a&' * (LINE // 2)}")
    yield from _variants("/api/predict", "/api/predict?home_size=1#.5")
    yield from _variants("/livez", "/livez")
    yield from _variants("/readyz", "/readyz")
    yield from _variants("no route of the API", f"/api/{'x' * 1000}")
    yield from _variants("no route", f"/{'x' * 1000}")
    yield from _variants("/", "/")
    yield from _variants("/recommendation", "/recommendation?home_size=1#.5&unit=m2")
    yield from _variants("/preview", "/preview?home_size=1#.5&unit=m2")
    for path in ("/breeds", "/problems", "/model"):
        yield from _variants(path, path)
    yield from _variants("/model/<version>/<name>", _largest_plot())
    for path in ("/api/classes", "/api/model", "/api/openapi.json", "/api/docs"):
        yield from _variants(path, path)
    yield from _variants(f"/api/docs/{UI_VERSION}/<name>", f"/api/docs/{UI_VERSION}/swagger-ui-bundle.js")
    yield from _variants("/static/<path>", "/static/style.css")


def _variants(route: str, path: str) -> Iterator[Costly]:
    """Yield the most expensive ways to request a path; nearly all with gzip, which costs more."""
    yield Costly(route, "plain", path)
    yield Costly(route, "gzip", path, headers=GZIP)
    yield Costly(route, "HEAD", path, "HEAD", GZIP)
    yield Costly(route, "a method that it has not", path, "DELETE", GZIP)
    query = f"{path}{'&' if '?' in path else '?'}home_size="
    yield Costly(route, "quotes in the query", query + "%22" * ((LINE - len(query)) // 3), headers=GZIP)
    yield Costly(route, "many hosts", path, headers=GZIP | {"Host": "a#.example"})
    for name, value in REPEATED.items():
        yield Costly(route, f"40 KB of {name}", path, headers=GZIP, repeated=(name, value))


def _largest_plot() -> str:
    artifact = read_artifact(ROOT / "model" / "artifact")
    plots = [name for name in artifact.documents if name.endswith(".svg")]
    name = max(plots, key=lambda name: len(artifact.documents[name]))
    return f"/model/{artifact.manifest.model_version}/{name}"
