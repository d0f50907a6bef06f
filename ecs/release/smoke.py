"""The smoke test: compare the answers of the service with those of the local model.

It uses the proxies and the CA bundle of botocore. If the public name does not answer, it asks the load
balancer by its own name, with the public one as Host and SNI, so that a DNS problem can't fail a release.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3
from botocore.httpsession import ProxyConfiguration, get_cert_path
from botocore.session import get_session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, MaxRetryError

from ecs.errors import DeployError
from ecs.foundation.stack_outputs import Foundation
from ecs.settings import Settings
from model.predictor import TOLERANCE, Predictor

TEST_HEADER = "X-Release-Test"
"""The header that the test rule of the listener matches, with a value that only operators know."""
WAIT_SECONDS = 180.0
PAUSE_SECONDS = 2.0
TIMEOUT = urllib3.Timeout(connect=5, read=20)
# All requests can be repeated safely. The app sheds load with 503 and `Retry-After: 1`.
RETRIES = urllib3.Retry(
    2, redirect=False, allowed_methods=None, backoff_factor=0.2, raise_on_status=False, retry_after_max=2
)


class SmokeError(Exception):
    """The service gave a wrong answer; the message has the request and the answer."""


class UnreachableError(DeployError):
    """No answer of the service arrived, so nothing is known about the release; exit code 4."""


class Endpoint:
    """An address that the smoke test asks: `base`, which may differ from the service's public `url`.

    With `test_key`, the load balancer sends the requests to the hidden tasks of a blue/green release. With
    `any_answer`, accept answers without the headers that identify the app or the load balancer, which a
    stand-in for AWS does not send.
    """

    def __init__(
        self, url: str, base: str = "", *, host: str = "", test_key: str = "", any_answer: bool = False
    ) -> None:
        parts = urlsplit(url)
        self.url, self.base = url.rstrip("/"), (base or url).rstrip("/")
        self._name, self._host = parts.hostname or "", host or parts.netloc
        self._headers = {"Host": self._host} | ({TEST_HEADER: test_key} if test_key else {})
        self._any_answer = any_answer

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        """Connections made like botocore's, except that TLS verifies the public name of the service."""
        bundle: Any = get_session().get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
        options: dict[str, Any] = {"ca_certs": get_cert_path(bundle or True), "timeout": TIMEOUT}
        if self.base.startswith("https:"):
            options["server_hostname"] = self._name
        proxies = ProxyConfiguration(get_environ_proxies(self.base))
        if proxy := proxies.proxy_url_for(self.base):
            return urllib3.ProxyManager(proxy, proxy_headers=proxies.proxy_headers_for(proxy), **options)
        return urllib3.PoolManager(**options)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request, and return the status and the body of the answer.

        Raises `UnreachableError` if there is no answer, or it is from neither the app nor the load balancer.
        """
        where = f"{method} {self.base}{path}"
        options: dict[str, Any] = {"headers": self._headers, "redirect": False, "retries": RETRIES}
        try:
            answer = self._pool.request(method, self.base + path, json=body, **options)
        except (HTTPError, ValueError) as error:
            reason = error.reason if isinstance(error, MaxRetryError) else error
            reason = getattr(reason, "original_error", reason)  # the answer of a proxy that refused
            raise UnreachableError(f"{where} gets no answer: {reason}") from error
        server = answer.headers.get("Server", "")
        # The app sets X-Request-ID on each answer; the load balancer sets this Server on answers of its own.
        if not (self._any_answer or "X-Request-ID" in answer.headers or server.startswith("awselb/")):
            raise UnreachableError(
                f"{where} is answered {answer.status} by another than the service (Server: {server})"
            )
        return answer.status, answer.data

    def wait_until_ready(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait until GET /readyz is 200, since new DNS names take a while, then check that the form is shown.

        Raises `SmokeError` if it is not ready in time or not shown, `UnreachableError` without an answer.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                status, _ = self.ask("GET", "/readyz")
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise
            else:
                if status == 200:
                    break
                if time.monotonic() > deadline:
                    raise SmokeError(f"GET {self.url}/readyz answers {status}, not 200, for {seconds:.0f} s")
            time.sleep(PAUSE_SECONDS)
        status, page = self.ask("GET", "/")
        if status != 200 or b"<form" not in page:  # only pages check the host name
            raise SmokeError(f"GET {self.url}/ answers {status} without the form")


def service_endpoints(foundation: Foundation, settings: Settings, *, hidden: bool = False) -> list[Endpoint]:
    """Return the addresses of the service, in the order in which the smoke test tries them.

    With `hidden`, they lead to the tasks of a blue/green release that get no users' requests yet.
    """
    key = foundation.test_key if hidden else ""
    url, parts = foundation.url, urlsplit(foundation.url)
    if settings.connect_to:
        host = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        return [Endpoint(url, f"http://{settings.connect_to}", host=host, test_key=key, any_answer=True)]
    balancer = parts.netloc.replace(parts.hostname or "", foundation.load_balancer_dns_name)
    bases = dict.fromkeys((url, parts._replace(netloc=balancer).geturl()))
    return [Endpoint(url, base, test_key=key) for base in bases]


def smoke(
    endpoints: Sequence[Endpoint], predictor: Predictor, warn: Callable[[str], None], *, compare: bool = True
) -> int:
    """Check that the service shows the form and answers like the local model; return how many were compared.

    Call `warn` with a sentence if only the load balancer's own name answers, and not the public one. Raise
    `SmokeError` at a wrong answer, `UnreachableError` if no endpoint answered.
    """
    rows = list(rows_to_ask(predictor)) if compare else []
    failed: list[str] = []
    for endpoint in endpoints:
        try:
            endpoint.wait_until_ready(WAIT_SECONDS / len(endpoints))
            for row in rows:
                _compare(endpoint, predictor, row)
        except UnreachableError as error:
            failed.append(str(error))
            continue
        for problem in failed:
            warn(
                f"{problem}. The load balancer itself answers right, so the release is good. If you make the "
                f"DNS name yourself, make it a CNAME of {urlsplit(endpoint.base).hostname}."
            )
        return len(rows)
    raise UnreachableError(
        f"The release serves, and is not verified: {'; '.join(failed)}.",
        hint="Run `python -m ecs up` from its commit where the service can be reached: that only tests. "
        "Here, see to the proxy (HTTPS_PROXY), the CA bundle (AWS_CA_BUNDLE) and the clock.",
    )


def rows_to_ask(predictor: Predictor) -> Iterator[dict[str, Any]]:
    """Yield rows to ask about: those of the known answers, and both sides of each boundary."""
    yield from (known.row for known in predictor.manifest.known_answers)
    for boundary in predictor.boundaries:
        [number] = predictor.problem.numbers
        step = (number.max - number.min) / 1e5
        for value in (boundary.value - step, boundary.value + step):
            yield {number.name: min(max(value, number.min), number.max)}


def _compare(endpoint: Endpoint, predictor: Predictor, row: dict[str, Any]) -> None:
    expected, target = predictor.predict(predictor.reader.from_json(row)), predictor.problem.target.name
    status, body = endpoint.ask("POST", "/api/predict", row)
    where = f"POST {endpoint.url}/api/predict for {row}"
    if status != 200:
        raise SmokeError(f"{where} answers {status}, not 200")
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
        version, key, probability = (answer[name] for name in ("model_version", target, "probability"))
    except (msgspec.DecodeError, KeyError) as error:
        raise SmokeError(f"{where} answers no prediction: {body[:80]!r}") from error
    if version != predictor.model_version:
        raise SmokeError(f"{where} is answered by model {version}, not by {predictor.model_version}")
    if key != expected.key or abs(probability - expected.probability) > TOLERANCE:
        raise SmokeError(
            f"{where} answers {key} with {probability}; the model here says {expected.key} with "
            f"{expected.probability:.6f}"
        )
