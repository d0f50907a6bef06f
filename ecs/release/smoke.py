"""The smoke test: does the public address answer what the model here answers?"""

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3

from ecs.errors import UsageError
from ecs.foundation.outputs import Foundation
from ecs.settings import Settings
from model.predictor import TOLERANCE, Predictor

WAIT_SECONDS = 180.0
PAUSE_SECONDS = 2.0
TIMEOUT = urllib3.Timeout(connect=5, read=20)


class SmokeError(Exception):
    """The address does not answer as it should; the message says what it does."""


def check_name(settings: Settings, foundation: Foundation) -> None:
    """See that the service's name leads somewhere, where it is not ours to make.

    Raises:
        UsageError: it does not: the balancer that it must lead to may have been made only now.
    """
    if not settings.domain_name or settings.hosted_zone_id or settings.connect_to:
        return
    try:
        socket.getaddrinfo(settings.domain_name, 443)
    except OSError as error:
        raise UsageError(
            f"{settings.domain_name} leads nowhere yet, so nothing was released.",
            hint=f"Make it a CNAME of {foundation.load_balancer_dns_name}, then run this again: it goes on.",
        ) from error


class Site:
    """The public address; `connect_to` opens another host and port in its place."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)
        self._base, self._headers = self.url, {}
        if settings.connect_to:
            parts = urlsplit(self.url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            self._base = f"http://{settings.connect_to}"
            self._headers = {"Host": f"{parts.hostname}:{port}"}

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request; give the status and the body.

        Raises:
            SmokeError: there is no answer.
        """
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._pool.request(
                method,
                f"{self._base}{path}",
                headers=headers,
                body=None if body is None else msgspec.json.encode(body),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise SmokeError(f"{method} {self.url}{path} gets no answer: {error}") from error
        return answer.status, answer.data

    def wait_until_ready(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait for /readyz: a new balancer's name takes a while to be known everywhere.

        Raises:
            SmokeError: it did not turn ready in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                status, _ = self.ask("GET", "/readyz")
                if status == 200:
                    return
                problem = f"GET {self.url}/readyz answers {status}, not 200"
            except SmokeError as error:
                problem = str(error)
            if time.monotonic() > deadline:
                raise SmokeError(f"{problem}, for {seconds:.0f} s")
            time.sleep(PAUSE_SECONDS)


def see_form(site: Site) -> None:
    """Wait until the site is ready, then see that it answers with the form: /readyz takes any host name.

    Raises:
        SmokeError: it is not ready in time, or the form is not there.
    """
    site.wait_until_ready()
    status, page = site.ask("GET", "/")
    if status != 200 or b"<form" not in page:
        raise SmokeError(f"GET {site.url}/ answers {status} without the form")


def smoke(site: Site, predictor: Predictor) -> int:
    """Compare the site with the model here; give the number of answers that were compared.

    Raises:
        SmokeError: it differs, with the request and both answers.
    """
    see_form(site)
    sizes = list(home_sizes(predictor))
    for size in sizes:
        _compare(site, predictor, size)
    return len(sizes)


def home_sizes(predictor: Predictor) -> Iterator[float]:
    """Give the homes to ask about: the known answers, and both sides of each boundary."""
    yield from (known.home_size_sqft for known in predictor.manifest.known_answers)
    for boundary in predictor.boundaries:
        yield from (boundary.home_size_sqft - 1, boundary.home_size_sqft + 1)


def _compare(site: Site, predictor: Predictor, size: float) -> None:
    expected = predictor.predict(size)
    status, body = site.ask("POST", "/api/predict", {"home_size": size})
    where = f"POST {site.url}/api/predict for {size:g} sqft"
    if status != 200:
        raise SmokeError(f"{where} answers {status}, not 200")
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
        version, breed, probability = (answer[key] for key in ("model_version", "breed", "probability"))
    except (msgspec.DecodeError, KeyError) as error:
        raise SmokeError(f"{where} answers no prediction: {body[:80]!r}") from error
    if version != predictor.model_version:
        raise SmokeError(f"{where} is answered by model {version}, not by {predictor.model_version}")
    if breed != expected.breed or abs(probability - expected.probability) > TOLERANCE:
        raise SmokeError(
            f"{where} answers {breed} with {probability}; the model here says {expected.breed} with "
            f"{expected.probability:.6f}"
        )
