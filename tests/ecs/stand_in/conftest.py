import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
import httpx
import pytest

from tests.ecs.project import Project, Result
from tests.ecs.stand_in.forwarder import Act, Call, Forwarder, forwarding, nothing

# A whole CPU, for tests that end; nothing else differs from what goes to AWS.
FASTER = {
    "cpu": 1024,
    "memory_mb": 2048,
    "grace_seconds": 5,
    "stop_wait_seconds": 21,
    "deploy_minutes": 2,
    "alarm_email": "somebody@example.org",
}


@dataclass
class Place:
    """The stand-in, with a forwarder before each of its two addresses, and the tool pointed at them."""

    project: Project
    aws: Forwarder
    scaling: Forwarder

    def ecs(self, *arguments: str) -> Result:
        return self.project.run(*arguments, **self.environ)

    def answer(self, typed: str, *arguments: str) -> Result:
        return self.project.answer(typed, *arguments, **self.environ)

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        return self.project.start(*arguments, **self.environ, **environ)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": self.scaling.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }

    @property
    def calls(self) -> list[Call]:
        return [*self.aws.calls, *self.scaling.calls]

    def forget(self) -> None:
        for forwarder in (self.aws, self.scaling):
            forwarder.calls.clear()
            forwarder.before = forwarder.after = forwarder.rewrite = nothing

    def on(self, when: str, act: Act) -> None:
        for forwarder in (self.aws, self.scaling):
            setattr(forwarder, when, act)

    @property
    def registered_tag(self) -> str:
        """The tag of the image that a task definition was last registered with."""
        registered = [call for call in self.aws.calls if call.name == "RegisterTaskDefinition"]
        [container] = registered[-1].arguments["containerDefinitions"]
        return str(container["image"]).rpartition(":")[2]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    assert urlsplit(endpoint).hostname == "127.0.0.1", (
        "these tests run by `make test-ecs`, on the AWS stand-in"
    )
    folder = tmp_path_factory.mktemp("project")
    address = endpoint.removeprefix("http://")
    settings = FASTER | {"registry": address, "connect_to": address}
    project = Project(folder, settings, ("cut", "first", "gone"))
    project.environ["DOCKER_CONFIG"] = str(tmp_path_factory.mktemp("docker"))
    with (
        forwarding(endpoint) as aws,
        forwarding(os.environ["AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING"]) as scaling,
    ):
        yield Place(project, aws, scaling)
    shutil.rmtree(folder)


@dataclass
class Deployed:
    """A service that `up` has made, and how to reach it through the balancer."""

    place: Place
    first: Result
    endpoint: str
    first_calls: list[Call]

    @property
    def host(self) -> str:
        return f"{urlsplit(self.first.json['url']).hostname}:80"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.endpoint, headers={"Host": self.host}, timeout=30)

    def up(self, *more: str) -> Result:
        self.place.forget()
        return self.place.ecs("up", "--yes", "--json", *more)

    @contextmanager
    def under_load(self, clients: int = 4, pause: float = 0.02) -> Iterator["Load"]:
        """Ask from some clients at once, with a pause between, for as long as the block lasts."""
        load = Load(pause)
        threads = [threading.Thread(target=load.watch_targets)]
        threads += [threading.Thread(target=load.ask_on, args=(self,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield load
        finally:
            load.stop.set()
            for thread in threads:
                thread.join()


class Load:
    """Requests that count their answers, by status and by the model that gave them.

    The stand-in's balancer probes the targets, and then chooses among those of a moment later: now and then
    it sends a request to a task that has only just been made. AWS's sends none before a task's first passed
    check. So who is refused by a task that was never healthy asks again, as if it had not been sent there.
    """

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.stop = threading.Event()
        self.good = 0
        self.failed: list[str] = []
        self.versions: set[str] = set()
        self._lock = threading.Lock()
        self._elbv2 = boto3.client("elbv2")
        groups = self._elbv2.describe_target_groups()["TargetGroups"]
        self._groups = [group["TargetGroupArn"] for group in groups]
        self._once_healthy = self._healthy()

    def _healthy(self) -> set[str]:
        return {
            told["Target"]["Id"]
            for arn in self._groups
            for told in self._elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            if told["TargetHealth"]["State"] == "healthy"
        }

    def watch_targets(self) -> None:
        while not self.stop.wait(0.2):
            self._once_healthy |= self._healthy()

    def _sent_too_soon(self, answer: httpx.Response) -> bool:
        refused = re.search(r"Target ([\d.]+):\d+ connect error: .*refused", answer.text)
        return answer.status_code == 502 and refused is not None and refused[1] not in self._once_healthy

    def ask_on(self, deployed: Deployed) -> None:
        with deployed.client() as client:
            while not self.stop.is_set():
                try:
                    answer = client.post("/api/predict", json={"home_size": 900})
                    if self._sent_too_soon(answer):
                        self.stop.wait(0.1)
                        continue
                    problem = "" if answer.status_code == 200 else f"{answer.status_code} {answer.text[:200]}"
                except httpx.HTTPError as error:
                    problem = repr(error)
                with self._lock:
                    if problem:
                        self.failed.append(problem)
                    else:
                        self.good += 1
                        self.versions.add(answer.json()["model_version"])
                self.stop.wait(self.pause)


@pytest.fixture(scope="session")
def deployed(place: Place) -> Deployed:
    """The service, deployed from nothing."""
    place.forget()
    result = place.ecs("up", "--yes", "--json")
    assert result.code == 0, result.said
    return Deployed(place, result, os.environ["AWS_ENDPOINT_URL"], place.calls)


@pytest.fixture(scope="session")
def real() -> boto3.Session:
    """A session straight to the stand-in."""
    return boto3.Session()
