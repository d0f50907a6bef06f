"""The smoke test: does the service answer what the model here answers?

It asks by the proxies and with the CA bundle that botocore takes. Where the public name gives no answer, it
asks the load balancer by its own, with the service's in Host and SNI: no release depends on the network.
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
from ecs.foundation.outputs import Foundation
from ecs.settings import Settings
from model.predictor import TOLERANCE, Predictor

WAIT_SECONDS = 180.0
PAUSE_SECONDS = 2.0
TIMEOUT = urllib3.Timeout(connect=5, read=20)
# Nothing that is asked changes anything; the app sheds load with 503 and `Retry-After: 1`.
RETRIES = urllib3.Retry(
    2, redirect=False, allowed_methods=None, backoff_factor=0.2, raise_on_status=False, retry_after_max=2
)


class SmokeError(Exception):
    """The service does not answer as it should; the message says what it does."""


class UnreachableError(DeployError):
    """No answer of the service came here, which says nothing of the service; exit code 4."""


class Site:
    """One way to the service: `base` is opened in place of its public address.

    With `any_answer` all answers count as the service's, as on a stand-in for AWS.
    """

    def __init__(self, url: str, base: str = "", *, host: str = "", any_answer: bool = False) -> None:
        parts = urlsplit(url)
        self.url, self.base = url.rstrip("/"), (base or url).rstrip("/")
        self._name, self._host = parts.hostname or "", host or parts.netloc
        self._any_answer = any_answer

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        """Connections as botocore makes them, but that TLS asks for the service's name."""
        bundle: Any = get_session().get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
        options: dict[str, Any] = {"ca_certs": get_cert_path(bundle or True), "timeout": TIMEOUT}
        if self.base.startswith("https:"):
            options["server_hostname"] = self._name
        proxies = ProxyConfiguration(get_environ_proxies(self.base))
        if proxy := proxies.proxy_url_for(self.base):
            return urllib3.ProxyManager(proxy, proxy_headers=proxies.proxy_headers_for(proxy), **options)
        return urllib3.PoolManager(**options)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Send a request; give the status and the body.

        Raises:
            UnreachableError: there is no answer, or neither the app nor the load balancer gave it.
        """
        where = f"{method} {self.base}{path}"
        options: dict[str, Any] = {"headers": {"Host": self._host}, "redirect": False, "retries": RETRIES}
        try:
            answer = self._pool.request(method, self.base + path, json=body, **options)
        except (HTTPError, ValueError) as error:
            reason = error.reason if isinstance(error, MaxRetryError) else error
            reason = getattr(reason, "original_error", reason)  # a proxy's refusal
            raise UnreachableError(f"{where} gets no answer: {reason}") from error
        server = answer.headers.get("Server", "")
        # The app marks each answer by the one, the load balancer those that it makes itself by the other.
        if not (self._any_answer or "X-Request-ID" in answer.headers or server.startswith("awselb/")):
            raise UnreachableError(
                f"{where} is answered {answer.status} by another than the service (Server: {server})"
            )
        return answer.status, answer.data

    def wait_until_ready(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait for /readyz, as a new name takes a while to be known everywhere, then look for the form.

        Raises:
            SmokeError: the service is not ready in time, or does not answer with the form.
            UnreachableError: no answer of it came in time.
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
        if status != 200 or b"<form" not in page:  # /readyz takes any host name
            raise SmokeError(f"GET {self.url}/ answers {status} without the form")


def ways(foundation: Foundation, settings: Settings) -> list[Site]:
    """Give the ways to the service, in the order in which they are tried."""
    url, parts = foundation.url, urlsplit(foundation.url)
    if settings.connect_to:
        host = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        return [Site(url, f"http://{settings.connect_to}", host=host, any_answer=True)]
    balancer = parts.netloc.replace(parts.hostname or "", foundation.load_balancer_dns_name)
    return [Site(url, base) for base in dict.fromkeys((url, parts._replace(netloc=balancer).geturl()))]


def smoke(
    sites: Sequence[Site], predictor: Predictor, warn: Callable[[str], None], *, compare: bool = True
) -> int:
    """Look for the form, and compare the answers with the model here; give how many were compared.

    Where the public name gives no answer and the load balancer itself does, `warn` is called with a sentence.

    Raises:
        SmokeError: the service differs, with the request and both answers.
        UnreachableError: no answer of the service came by any way.
    """
    sizes = list(home_sizes(predictor)) if compare else []
    failed: list[str] = []
    for site in sites:
        try:
            site.wait_until_ready(WAIT_SECONDS / len(sites))
            for size in sizes:
                _compare(site, predictor, size)
        except UnreachableError as error:
            failed.append(str(error))
            continue
        for problem in failed:
            warn(
                f"{problem}. The load balancer itself answers right, so the release is good. If the name is "
                f"yours to make, make it a CNAME of {urlsplit(site.base).hostname}."
            )
        return len(sizes)
    raise UnreachableError(
        f"The release serves, and is not verified: {'; '.join(failed)}.",
        hint="Run `python -m ecs up` from its commit where the service can be reached: that only tests. "
        "Here, see to the proxy (HTTPS_PROXY), the CA bundle (AWS_CA_BUNDLE) and the clock.",
    )


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
