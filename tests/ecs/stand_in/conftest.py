import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
import httpx
import pytest

from tests.ecs.emulator.launch import StandIn, stand_in
from tests.ecs.project import Project, Result
from tests.ecs.stand_in.forwarder import Act, Call, Forwarder, Refuse, forwarding, nothing
from tests.ecs.stand_in.lab import Lab, laboratory

# A whole CPU, so that the tests end in time; all other settings are those for AWS.
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
    """The stand-in behind a forwarder, and a copy of the project whose tool uses both."""

    project: Project
    stand_in: StandIn
    aws: Forwarder

    def ecs(self, *arguments: str) -> Result:
        return self.project.run(*arguments, **self.environ)

    def answer(self, typed: str, *arguments: str) -> Result:
        return self.project.answer(typed, *arguments, **self.environ)

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        return self.project.start(*arguments, **self.environ, **environ)

    @property
    def environ(self) -> dict[str, str]:
        return self.stand_in.environ | {"AWS_ENDPOINT_URL": self.aws.url}

    @property
    def calls(self) -> list[Call]:
        return list(self.aws.calls)

    def forget(self) -> None:
        self.aws.calls.clear()
        self.aws.before = self.aws.after = self.aws.rewrite = self.aws.refuse = nothing

    def on(self, when: str, act: Act | Refuse) -> None:
        setattr(self.aws, when, act)

    @property
    def registered_tag(self) -> str:
        """The image tag of the task definition that was registered last."""
        registered = [call for call in self.aws.calls if call.name == "RegisterTaskDefinition"]
        [container] = registered[-1].arguments["containerDefinitions"]
        return str(container["image"]).rpartition(":")[2]


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> Iterator[None]:
    """Restore SIGINT, which a shell ignores in background jobs and their children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Run the stand-in for AWS, and make `boto3.client` in the tests' process use it too."""
    with stand_in(tmp_path_factory.mktemp("stand-in")) as running, pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in running.environ.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="session")
def place(running: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("project")
    settings = FASTER | {"registry": running.address, "connect_to": running.address}
    project = Project(folder, settings, ("cut", "first", "gone"))
    project.environ["DOCKER_CONFIG"] = str(tmp_path_factory.mktemp("docker"))
    with forwarding(running.url) as aws:
        yield Place(project, running, aws)
    shutil.rmtree(folder)


@dataclass
class Deployed:
    """A service that `up` has made, reached through the balancer."""

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
        """Send requests from some clients at once, with pauses, while the block runs."""
        load = Load(pause)
        threads = [threading.Thread(target=load.ask_on, args=(self,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield load
        finally:
            load.stop.set()
            for thread in threads:
                thread.join()


class Load:
    """Clients that count the answers to their requests by status and model version."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.stop = threading.Event()
        self.answers: Counter[str] = Counter()
        self.failed: list[str] = []
        self._lock = threading.Lock()

    @property
    def good(self) -> int:
        return self.answers.total()

    @property
    def versions(self) -> set[str]:
        return set(self.answers)

    def ask_on(self, deployed: Deployed) -> None:
        with deployed.client() as client:
            while not self.stop.is_set():
                try:
                    answer = client.post("/api/predict", json={"home_size": 900})
                    problem = "" if answer.status_code == 200 else f"{answer.status_code} {answer.text[:200]}"
                except httpx.HTTPError as error:
                    problem = repr(error)
                with self._lock:
                    if problem:
                        self.failed.append(problem)
                    else:
                        self.answers[answer.json()["model_version"]] += 1
                self.stop.wait(self.pause)


@pytest.fixture(scope="session")
def deployed(place: Place) -> Deployed:
    """Deploy the service to an empty account."""
    place.forget()
    result = place.ecs("up", "--yes", "--json")
    assert result.code == 0, result.said
    return Deployed(place, result, place.stand_in.url, place.calls)


@pytest.fixture(scope="session")
def real(running: StandIn) -> boto3.Session:  # noqa: ARG001 - its environment is what leads there
    """Return a session that bypasses the forwarder."""
    return boto3.Session()


@pytest.fixture(scope="session")
def cluster(running: StandIn, real: boto3.Session) -> Iterator[Lab]:
    with laboratory(running, real) as lab:
        yield lab


@pytest.fixture
def lab(cluster: Lab) -> Iterator[Lab]:
    """Make a cluster for small services that end with the test, with a very short bake time."""
    with cluster.running.restored(bake_seconds=0.2):
        yield cluster
    while cluster.services:
        cluster.ecs.delete_service(**cluster.services.pop().where, force=True)
