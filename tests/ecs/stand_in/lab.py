"""Small services on the stand-in, to test the stand-in's own model of ECS."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import boto3

from tests.ecs.emulator.launch import StandIn
from tests.load.clients import until
from tests.serving import ROOT, free_port

[BASE] = re.findall(r"^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
RUNS = "trap 'exit 0' TERM; sleep 600 & wait"
FAILS = "exit 1"
# The first task to bind the port serves, a moment later; the others fail.
ONE_RUNS = """exec python3 -c '
import http.server, os, signal, socket, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
lock = socket.create_server(("127.0.0.1", PORT))
time.sleep(1.5)
handler = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer((os.environ["BIND_HOST"], 8098), handler).serve_forever()
'"""
NAMES = count(1)
GUARDED = {"enable": True, "rollback": True}


def one_runs() -> str:
    """Return the script of a service of which only one task can run."""
    return ONE_RUNS.replace("PORT", str(free_port()))


@dataclass
class Lab:
    """A cluster and an image for small services."""

    ecs: Any
    cloudwatch: Any
    image: str
    running: StandIn
    services: list["Service"] = field(default_factory=list)

    def definition(self, script: str) -> str:
        answer = self.ecs.register_task_definition(
            family="lab",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[
                {"name": "web", "image": self.image, "entryPoint": ["sh", "-c"], "command": [script]}
            ],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def service(self, script: str, desired: int = 1, **more: Any) -> "Service":
        name = f"lab-{next(NAMES)}"
        self.ecs.create_service(
            cluster="lab",
            serviceName=name,
            taskDefinition=self.definition(script),
            desiredCount=desired,
            launchType="FARGATE",
            **more,
        )
        service = Service(self, name)
        self.services.append(service)
        return service

    def alarm(self, name: str, state: str) -> str:
        self.cloudwatch.put_metric_alarm(
            AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1,
            MetricName="errors", Namespace="lab", Period=60, Statistic="Sum", Threshold=0,
        )  # fmt: skip
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")
        return name


@dataclass
class Service:
    lab: Lab
    name: str

    @property
    def where(self) -> dict[str, str]:
        return {"cluster": "lab", "service": self.name}

    def update(self, script: str, **more: Any) -> None:
        self.lab.ecs.update_service(**self.where, taskDefinition=self.lab.definition(script), **more)

    @property
    def told(self) -> dict[str, Any]:
        [told] = self.lab.ecs.describe_services(cluster="lab", services=[self.name])["services"]
        return dict(told)

    @property
    def primary(self) -> dict[str, Any]:
        return next(item for item in self.told["deployments"] if item["status"] == "PRIMARY")

    def listed(self, **filters: Any) -> list[dict[str, Any]]:
        return list(self.lab.ecs.list_service_deployments(**self.where, **filters)["serviceDeployments"])

    @property
    def deployment(self) -> dict[str, Any]:
        """Describe the newest service deployment."""
        arn = self.listed()[0]["serviceDeploymentArn"]
        [told] = self.lab.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
        return dict(told)

    @property
    def status(self) -> str:
        return str(self.deployment["status"])

    def ends(self, status: str) -> None:
        assert until(lambda: self.status == status, 40), self.deployment

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        arns = self.lab.ecs.list_tasks(cluster="lab", serviceName=self.name, desiredStatus=status)["taskArns"]
        return list(self.lab.ecs.describe_tasks(cluster="lab", tasks=arns)["tasks"]) if arns else []

    def stop(self, **more: Any) -> None:
        self.lab.ecs.stop_service_deployment(
            serviceDeploymentArn=self.deployment["serviceDeploymentArn"], **more
        )


def docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], check=True, capture_output=True, timeout=120)


def guarded(*alarms: str, **more: Any) -> dict[str, Any]:
    """Return a deployment configuration with a circuit breaker and these alarms."""
    watched = {"alarms": {"alarmNames": list(alarms), **GUARDED}} if alarms else {}
    return {"deploymentConfiguration": {"deploymentCircuitBreaker": GUARDED, **watched, **more}}


@contextmanager
def laboratory(running: StandIn, session: boto3.Session) -> Iterator[Lab]:
    """Push the base image of the app, and make a cluster."""
    repository = session.client("ecr").create_repository(repositoryName="lab")["repository"]["repositoryUri"]
    if subprocess.run(["docker", "image", "inspect", BASE], check=False, capture_output=True).returncode:
        docker("pull", BASE)
    docker("tag", BASE, f"{running.address}/lab:1")
    docker("push", f"{running.address}/lab:1")
    ecs = session.client("ecs")
    ecs.create_cluster(clusterName="lab")
    yield Lab(ecs, session.client("cloudwatch"), f"{repository}:1", running)
    docker("rmi", f"{running.address}/lab:1")
