"""What the stand-in does of ECS's deployments, where ministack does less; each as AWS's documents have it."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import boto3
import pytest

from tests.ecs.emulator.launch import StandIn
from tests.load.clients import until
from tests.serving import ROOT, free_port

[BASE] = re.findall(r"^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
RUNS = "trap 'exit 0' TERM; sleep 600 & wait"
FAILS = "exit 1"
# The first task to take a port serves, a moment later; the others fail.
ONE_RUNS = """exec python3 -c '
import http.server, os, signal, socket, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
lock = socket.create_server(("127.0.0.1", PORT))
time.sleep(1.5)
handler = http.server.SimpleHTTPRequestHandler
http.server.HTTPServer((os.environ["BIND_HOST"], 8098), handler).serve_forever()
'"""
NAMES = count(1)


def one_runs() -> str:
    """The script of a service of which one task runs only."""
    return ONE_RUNS.replace("PORT", str(free_port()))


GUARDED = {"enable": True, "rollback": True}


@dataclass
class Lab:
    """A cluster and an image, to make small services of."""

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
        """The newest service deployment, whole."""
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


@pytest.fixture(scope="module")
def a_lab(running: StandIn, real: boto3.Session) -> Iterator[Lab]:
    repository = real.client("ecr").create_repository(repositoryName="lab")["repository"]["repositoryUri"]
    if subprocess.run(["docker", "image", "inspect", BASE], check=False, capture_output=True).returncode:
        docker("pull", BASE)
    docker("tag", BASE, f"{running.address}/lab:1")
    docker("push", f"{running.address}/lab:1")
    ecs = real.client("ecs")
    ecs.create_cluster(clusterName="lab")
    yield Lab(ecs, real.client("cloudwatch"), f"{repository}:1", running)
    docker("rmi", f"{running.address}/lab:1")


@pytest.fixture
def lab(a_lab: Lab) -> Iterator[Lab]:
    a_lab.running.set(bake_seconds=0.2)
    yield a_lab
    while a_lab.services:
        a_lab.ecs.delete_service(**a_lab.services.pop().where, force=True)
    a_lab.running.set(bake_seconds=1.0)


def guarded(*alarms: str, **more: Any) -> dict[str, Any]:
    """A deployment configuration with a circuit breaker, and alarms if there are any."""
    watched = {"alarms": {"alarmNames": list(alarms), **GUARDED}} if alarms else {}
    return {"deploymentConfiguration": {"deploymentCircuitBreaker": GUARDED, **watched, **more}}


def test_a_deployment_is_listed_described_and_led_to_by_its_service(lab: Lab) -> None:
    service = lab.service(RUNS, desired=2, **guarded())
    service.ends("SUCCESSFUL")
    first = service.deployment
    service.update(RUNS)
    begun = service.deployment
    assert begun["status"] == "IN_PROGRESS"
    assert begun["serviceDeploymentArn"] == service.told["currentServiceDeployment"]
    assert begun["deploymentCircuitBreaker"] == {"status": "MONITORING", "failureCount": 0, "threshold": 3}
    [source] = begun["sourceServiceRevisions"]
    assert source == {"arn": first["targetServiceRevision"]["arn"], **counted(2, 2)}
    assert begun["targetServiceRevision"]["requestedTaskCount"] == 2
    revisions = [item["arn"] for item in service.told["currentServiceRevisions"]]
    assert revisions == [begun["targetServiceRevision"]["arn"], source["arn"]]
    service.ends("SUCCESSFUL")
    ended = service.deployment
    assert ended["finishedAt"] > ended["createdAt"] > first["finishedAt"]
    assert ended["deploymentCircuitBreaker"]["status"] == "MONITORING_COMPLETE"
    assert service.primary["rolloutState"] == "COMPLETED"
    [revision] = lab.ecs.describe_service_revisions(serviceRevisionArns=revisions[:1])["serviceRevisions"]
    assert revision["taskDefinition"] == service.told["taskDefinition"]


def counted(requested: int, running: int) -> dict[str, int]:
    return {"requestedTaskCount": requested, "runningTaskCount": running, "pendingTaskCount": 0}


def test_deployments_are_listed_by_status_time_and_page(lab: Lab) -> None:
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    service.update(RUNS)
    assert [item["status"] for item in service.listed()] == ["IN_PROGRESS", "SUCCESSFUL"]
    assert [item["status"] for item in service.listed(status=["IN_PROGRESS", "PENDING"])] == ["IN_PROGRESS"]
    newest, oldest = service.listed()
    assert service.listed(createdAt={"after": newest["createdAt"]}) == service.listed(status=["IN_PROGRESS"])
    assert service.listed(createdAt={"before": oldest["createdAt"]}) == [oldest]
    page = lab.ecs.list_service_deployments(**service.where, maxResults=1)
    following = lab.ecs.list_service_deployments(**service.where, nextToken=page["nextToken"])
    assert [*page["serviceDeployments"], *following["serviceDeployments"]] == service.listed()


def test_what_is_not_there_is_said_to_be_missing(lab: Lab) -> None:
    arn = "arn:aws:ecs:us-east-1:000000000000:service-deployment/lab/lab/none"
    assert lab.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["failures"] == [
        {"arn": arn, "reason": "MISSING"}
    ]
    with pytest.raises(lab.ecs.exceptions.ServiceNotFoundException):
        lab.ecs.list_service_deployments(cluster="lab", service="none")
    with pytest.raises(lab.ecs.exceptions.ClusterNotFoundException):
        lab.ecs.list_service_deployments(cluster="none", service="none")
    with pytest.raises(lab.ecs.exceptions.ServiceDeploymentNotFoundException):
        lab.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_a_stop_rolls_back_to_the_last_revision_that_completed(lab: Lab) -> None:
    lab.running.set(bake_seconds=60)
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    good = service.deployment["targetServiceRevision"]["arn"]
    before = service.told["taskDefinition"]
    service.update(RUNS, **guarded(lab.alarm("quiet", "OK")))
    assert until(lambda: len(service.tasks()) == 1 and service.primary["runningCount"] == 1), "it bakes"
    service.stop(stopType="ROLLBACK")
    assert service.status in {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
    service.ends("ROLLBACK_SUCCESSFUL")
    assert service.deployment["rollback"]["serviceRevisionArn"] == good
    assert service.told["taskDefinition"] == before == service.primary["taskDefinition"]
    [task] = service.tasks()
    assert task["taskDefinitionArn"] == before
    with pytest.raises(lab.ecs.exceptions.ConflictException):
        service.stop()


def test_a_stop_of_a_first_deployment_has_nothing_to_go_back_to(lab: Lab) -> None:
    service = lab.service("sleep 0.5; exit 1")
    service.stop()
    service.ends("STOPPED")
    assert service.primary["rolloutState"] == "FAILED"


def test_another_deployment_ends_the_one_under_way(lab: Lab) -> None:
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    service.update("exit 1")
    service.update(RUNS)
    service.ends("SUCCESSFUL")
    assert [item["status"] for item in service.listed()] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]


def test_three_failures_trip_the_breaker_and_it_goes_back(lab: Lab) -> None:
    service = lab.service(RUNS, **guarded())
    service.ends("SUCCESSFUL")
    before = service.told["taskDefinition"]
    service.update(FAILS)
    failing = service.primary["id"]
    service.ends("ROLLBACK_SUCCESSFUL")
    assert service.deployment["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert len([task for task in service.tasks("STOPPED") if task["taskDefinitionArn"] != before]) == 3
    assert [task["taskDefinitionArn"] for task in service.tasks()] == [before]
    said = [event["message"] for event in service.told["events"]]
    failed = f"(service {service.name}) (deployment {failing}) deployment failed: tasks failed to start."
    assert failed in said
    assert f"(service {service.name}) rolling back to deployment {service.primary['id']}." in said


def test_a_first_deployment_that_fails_is_stopped(lab: Lab) -> None:
    service = lab.service(FAILS, **guarded())
    service.ends("STOPPED")
    assert service.primary["rolloutState"] == "FAILED"
    assert "rollback" not in service.deployment


def test_a_rollback_that_fails_is_said_to_have_failed(lab: Lab) -> None:
    """The revision before fails now too: its task finds a port taken that was free."""
    script = one_runs()
    service = lab.service(script, **guarded())
    service.ends("SUCCESSFUL")
    lab.running.set(bake_seconds=60)
    service.update(RUNS, **guarded(lab.alarm("quiet", "OK")))
    assert until(lambda: len(service.tasks()) == 1 and service.primary["runningCount"] == 1), "it bakes"
    other = lab.service(script)
    other.ends("SUCCESSFUL")
    service.stop()
    service.ends("ROLLBACK_FAILED")


@pytest.mark.parametrize(
    ("settings", "reset"),
    [
        ({}, True),
        ({"resetOnHealthyTask": True}, True),
        ({"resetOnHealthyTask": False, "thresholdConfiguration": {"type": "COUNT", "value": 3}}, False),
    ],
    ids=["by default", "as set", "never"],
)
def test_a_healthy_task_resets_the_count_unless_it_shall_not(
    lab: Lab, settings: dict[str, Any], reset: bool
) -> None:
    """One task runs, and the other fails again and again."""
    breaker = {"deploymentCircuitBreaker": GUARDED | settings}
    service = lab.service(one_runs(), desired=2, deploymentConfiguration=breaker)
    counts = [0]

    def failed() -> bool:
        told = service.deployment
        counts.append(told["deploymentCircuitBreaker"]["failureCount"])
        return bool(told["status"] == "STOPPED")

    assert until(failed, 40), counts
    assert counts[-1] == 3
    assert (counts != sorted(counts)) == reset, counts


@pytest.mark.parametrize(
    ("type_", "value", "threshold"),
    [("COUNT", 7, 7), ("BOUNDED_PERCENT", 50, 3), ("UNBOUNDED_PERCENT", 50, 1)],
)
def test_the_breakers_threshold_is_as_set(lab: Lab, type_: str, value: int, threshold: int) -> None:
    breaker = GUARDED | {"thresholdConfiguration": {"type": type_, "value": value}}
    service = lab.service(RUNS, desired=2, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    assert service.deployment["deploymentCircuitBreaker"]["threshold"] == threshold


def test_the_alarms_are_watched_until_the_bake_time_ends(lab: Lab) -> None:
    lab.running.set(bake_seconds=2)
    service = lab.service(RUNS, **guarded(lab.alarm("quiet", "OK")))
    assert until(lambda: service.primary["runningCount"] == 1)
    assert service.deployment["alarms"]["status"] == "MONITORING"
    started = time.monotonic()
    service.ends("SUCCESSFUL")
    assert time.monotonic() > started + 1
    assert service.deployment["alarms"]["status"] == "MONITORING_COMPLETE"


def test_the_bake_time_that_is_set_is_honoured(lab: Lab) -> None:
    lab.running.set(bake_seconds=60, minute_seconds=0.1)
    service = lab.service(RUNS, **guarded(lab.alarm("quiet", "OK"), bakeTimeInMinutes=2))
    service.ends("SUCCESSFUL")
    lab.running.set(minute_seconds=2.0)


def rings_in_the_bake_time(service: Service) -> None:
    assert until(lambda: len(service.tasks()) == 1 and service.primary["runningCount"] == 1), "it bakes"


def rings_at_once(_service: Service) -> None: ...


@pytest.mark.parametrize("when", [rings_at_once, rings_in_the_bake_time])
def test_an_alarm_that_goes_off_takes_the_deployment_back(lab: Lab, when: Callable[[Service], None]) -> None:
    lab.running.set(bake_seconds=60)
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    before = service.told["taskDefinition"]
    service.update(RUNS, **guarded(lab.alarm("loud", "OK")))
    when(service)
    lab.alarm("loud", "ALARM")
    service.ends("ROLLBACK_SUCCESSFUL")
    assert service.deployment["alarms"] == {
        "status": "TRIGGERED", "alarmNames": ["loud"], "triggeredAlarmNames": ["loud"]
    }  # fmt: skip
    assert "alarm detected" in service.deployment["rollback"]["reason"]
    assert [task["taskDefinitionArn"] for task in service.tasks()] == [before]


def test_an_alarm_that_rings_at_the_start_switches_the_guard_off(lab: Lab) -> None:
    """All of it: the other alarm takes nothing back either."""
    lab.running.set(bake_seconds=60)
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    service.update(RUNS, **guarded(lab.alarm("loud", "ALARM"), lab.alarm("quiet", "OK")))
    assert service.deployment["alarms"]["status"] == "DISABLED"
    lab.alarm("quiet", "ALARM")
    service.ends("SUCCESSFUL")
    assert service.deployment["alarms"]["triggeredAlarmNames"] == []


def test_a_task_that_is_never_healthy_is_stopped_and_says_why(lab: Lab, real: boto3.Session) -> None:
    group = real.client("elbv2").create_target_group(
        Name="lab", Protocol="HTTP", Port=8098, VpcId="vpc-1", TargetType="ip", HealthCheckPath="/none",
        UnhealthyThresholdCount=2, Matcher={"HttpCode": "200-299"},
    )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
    balancer = {"targetGroupArn": group, "containerName": "web", "containerPort": 8098}
    service = lab.service(one_runs(), loadBalancers=[balancer], healthCheckGracePeriodSeconds=0)

    def states() -> list[dict[str, Any]]:
        told = real.client("elbv2").describe_target_health(TargetGroupArn=group)
        return [dict(item["TargetHealth"]) for item in told["TargetHealthDescriptions"]]

    assert until(lambda: [item["State"] for item in states()] == ["initial"])
    mismatch = {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [404]",
    }
    assert until(lambda: mismatch in states())
    assert until(lambda: bool(service.tasks("STOPPED")), 40)
    task = service.tasks("STOPPED")[0]
    assert task["stopCode"] == "ServiceSchedulerInitiated"
    assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {group})"
    assert any(
        f"is unhealthy in (target-group {group}) due to (reason {mismatch['Description']})"
        in event["message"]
        for event in service.told["events"]
    )
