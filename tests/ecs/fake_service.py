"""A fake ECS service: it answers botocore's clients by a small model of how ECS runs a deployment.

Its time advances by one step at each DescribeServices. Botocore's models validate requests and answers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import boto3
import msgspec
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from botocore.validate import validate_parameters

from ecs.aws import Aws
from ecs.foundation.stack_outputs import Foundation
from ecs.release.pending_changes import placeholder_foundation
from ecs.settings import Settings

BEGAN = datetime(2026, 11, 26, 12, tzinfo=UTC)
FAMILY = "perfect-puppy-prod"
ARN = "arn:aws:ecs:eu-west-1:123456789012"
IDLE = {"status": "MONITORING"}
SESSION = boto3.Session("none", "none", region_name="eu-west-1")
STARTS, BAKES = 2, 3
"""How many steps it takes until new tasks are healthy, and from then until the deployment completes."""


def definition(number: int) -> str:
    return f"{ARN}:task-definition/{FAMILY}:{number}"


def refusal(code: str, name: str, message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, name)


@dataclass
class FakeService:
    """The service, its revisions by number with their tags, and its service deployments, the newest last."""

    settings: Settings
    serving: int = 0
    desired: int = 2
    tags: dict[int, dict[str, str]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: dict[str, Exception] = field(default_factory=dict)
    ringing: list[str] = field(default_factory=list)
    configuration: dict[str, Any] = field(default_factory=dict)
    on_look: Callable[[int], None] = lambda _: None
    rollback_works: bool = True
    pauses: bool = False
    """Whether a deployment waits at a hook once its tasks are healthy, as a blue/green one does."""
    unlisted: int = 0
    """How many calls of ListServiceDeployments leave the newest one out."""
    looks: int = 0
    target: int = 0
    age: int = 0

    def __post_init__(self) -> None:
        """Begin with a completed deployment of the revision `serving`."""
        if self.serving:
            self.tags.setdefault(self.serving, {})
            self._roll_out(self.serving, source=0)
            self.end("SUCCESSFUL")

    @cached_property
    def aws(self) -> Aws:
        aws = Aws(self.settings, SESSION)
        for client in (aws.ecs, aws.ecr, aws.elbv2, aws.cloudwatch, aws.logs):
            client.meta.events.register("before-call", self._answer)  # type: ignore[arg-type]
        return aws

    @property
    def foundation(self) -> Foundation:
        named: dict[str, Any] = {item.name: item.name.replace("_", "-") for item in fields(Foundation)}
        named |= {"subnet_ids": ("s-1", "s-2"), "url": "https://pp.example"}
        return replace(placeholder_foundation(), **named)

    @property
    def sent(self) -> list[str]:
        """The names of the calls that change something."""
        changing = ("Create", "Update", "Stop", "Continue", "Tag")
        return [name for name, _ in self.calls if name.startswith(changing)]

    @property
    def status(self) -> str:
        return str(self.records[-1]["status"])

    def mark_good(self, number: int, hour: int) -> None:
        self.tags.setdefault(number, {})["GoodSince"] = f"2026-11-26T{hour:02}:00:00+00:00"

    def mark_bad(self, number: int, hour: int) -> None:
        self.tags.setdefault(number, {})["LeftSince"] = f"2026-11-26T{hour:02}:00:00+00:00"

    def fail(self, why: str, monitor: str, **more: Any) -> None:
        """Fail the deployment by its circuit breaker or an alarm, as `monitor` says."""
        self.records[-1] |= {"status": "ROLLBACK_IN_PROGRESS", "statusReason": why}
        self.records[-1][monitor] = {"status": "TRIGGERED", **more}
        self.age = 0

    def _answer(self, model: OperationModel, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, Any]:
        name = model.name
        body = params["body"]
        arguments = msgspec.json.decode(body) if isinstance(body, bytes) and body[:1] == b"{" else {}
        self.calls.append((name, arguments))
        if name in self.refused:
            raise self.refused[name]
        answer = getattr(self, xform_name(name))(arguments)
        if model.output_shape:
            validate_parameters(answer, model.output_shape)
        return AWSResponse("", 200, HTTPHeaders(), None), answer

    def _roll_out(self, number: int, source: int) -> None:
        self.looks += 1
        self.target, self.age = number, 0
        self.records.append(
            {
                "serviceDeploymentArn": f"{ARN}:service-deployment/{len(self.records) + 1}",
                "createdAt": BEGAN + timedelta(minutes=len(self.records)),
                "status": "IN_PROGRESS",
                "targetServiceRevision": {"arn": f"revision-{number}"},
                "sourceServiceRevisions": [{"arn": f"revision-{source}"}] if source else [],
                "deploymentCircuitBreaker": IDLE,
                "alarms": IDLE,
            }
        )

    def end(self, status: str) -> None:
        self.records[-1]["status"] = status
        self.serving = self.target

    def _step(self) -> None:
        """Advance the time by one step."""
        self.looks += 1
        self.age += 1
        record = self.records[-1]
        self.on_look(self.age)
        if self.pauses and record["status"] == "IN_PROGRESS" and self.age >= STARTS:
            hook = {"hookId": "hook", "status": "AWAITING_ACTION"}
            record.setdefault("lifecycleHookDetails", [hook])
            record.setdefault("lifecycleStage", "POST_TEST_TRAFFIC_SHIFT")
            if record["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT":
                return
        if record["status"] == "IN_PROGRESS" and self.age >= STARTS + BAKES:
            self.end("SUCCESSFUL")
        elif record["status"] in {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"} and self._sources:
            back = int(self._sources[0]["arn"].rpartition("-")[2])
            record["status"] = "ROLLBACK_IN_PROGRESS"
            self.target = back
            if self.age >= STARTS:
                self.end("ROLLBACK_SUCCESSFUL" if self.rollback_works else "ROLLBACK_FAILED")

    @property
    def _sources(self) -> list[dict[str, str]]:
        return list(self.records[-1]["sourceServiceRevisions"])

    @property
    def _started(self) -> bool:
        return self.age >= STARTS or self.target == self.serving

    def _service(self) -> dict[str, Any]:
        states = {"SUCCESSFUL": "COMPLETED", "ROLLBACK_SUCCESSFUL": "COMPLETED", "ROLLBACK_FAILED": "FAILED"}
        primary = {
            "id": f"ecs-svc/{len(self.records)}-{self.target}",
            "status": "PRIMARY",
            "rolloutState": states.get(self.status, "IN_PROGRESS"),
            "taskDefinition": definition(self.target),
            "createdAt": self.records[-1]["createdAt"],
            "runningCount": self.desired,
        }
        return {
            "status": "ACTIVE",
            "desiredCount": self.desired,
            "runningCount": self.desired,
            "pendingCount": 0,
            "taskDefinition": definition(self.target),
            "deployments": [primary],
            "events": [],
            "deploymentConfiguration": self.configuration,
        }

    def describe_services(self, _: Any) -> Any:
        if not self.records:
            return {"services": []}
        self._step()
        return {"services": [self._service()]}

    def create_service(self, arguments: Any) -> Any:
        return self.update_service(arguments)

    def update_service(self, arguments: Any) -> Any:
        self.configuration = arguments.get("deploymentConfiguration", self.configuration)
        self.desired = arguments.get("desiredCount", self.desired)
        wanted = arguments.get("taskDefinition")
        if wanted and (wanted != definition(self.target) or arguments.get("forceNewDeployment")):
            if self.records and self.status == "IN_PROGRESS":
                self.records[-1]["status"] = "STOPPED"
            self._roll_out(int(wanted.rpartition(":")[2]), source=self.serving)
        return {"service": self._service()}

    def list_service_deployments(self, arguments: Any) -> Any:
        kept = ("serviceDeploymentArn", "createdAt", "status")
        self.unlisted -= 1
        listed = self.records[:-1] if self.unlisted >= 0 else self.records
        after = datetime.fromtimestamp(arguments.get("createdAt", {}).get("after", 0), UTC)
        return {
            "serviceDeployments": [
                {name: record[name] for name in kept}
                for record in listed
                if record["status"] in arguments.get("status", [record["status"]])
                and record["createdAt"] >= after
            ]
        }

    def describe_service_deployments(self, arguments: Any) -> Any:
        if self.status.startswith("ROLLBACK"):
            self._step()
        wanted = arguments["serviceDeploymentArns"]
        return {"serviceDeployments": [r for r in self.records if r["serviceDeploymentArn"] in wanted]}

    def describe_service_revisions(self, arguments: Any) -> Any:
        told = ((arn, int(arn.rpartition("-")[2])) for arn in arguments["serviceRevisionArns"])
        return {
            "serviceRevisions": [
                {"serviceRevisionArn": arn, "taskDefinition": definition(number)} for arn, number in told
            ]
        }

    def stop_service_deployment(self, arguments: Any) -> Any:
        assert arguments["stopType"] == "ROLLBACK"
        assert self.records[-1]["serviceDeploymentArn"] == arguments["serviceDeploymentArn"]
        self.records[-1]["status"] = "ROLLBACK_REQUESTED"
        self.age = 0
        return {"serviceDeploymentArn": arguments["serviceDeploymentArn"]}

    def continue_service_deployment(self, arguments: Any) -> Any:
        [hook] = self.records[-1]["lifecycleHookDetails"]
        assert (hook["hookId"], hook["status"]) == (arguments["hookId"], "AWAITING_ACTION")
        if arguments["action"] == "ROLLBACK":
            hook["status"] = "FAILED"
            return self.stop_service_deployment(arguments | {"stopType": "ROLLBACK"})
        hook["status"] = "SUCCEEDED"
        self.records[-1]["lifecycleStage"] = "BAKE_TIME"
        return {"serviceDeploymentArn": arguments["serviceDeploymentArn"]}

    def _tasks(self) -> Iterator[tuple[str, int, str]]:
        """Yield each task's address, its revision and its state as a target of the balancer."""
        if self._started:
            yield from (
                (f"10.0.{self.target}.{item}", self.target, "healthy") for item in range(self.desired)
            )
        if self.target != self.serving and self.serving:
            state = "draining" if self._started else "healthy"
            yield from ((f"10.0.{self.serving}.{item}", self.serving, state) for item in range(self.desired))

    def list_tasks(self, arguments: Any) -> Any:
        running = arguments["desiredStatus"] == "RUNNING"
        return {"taskArns": [address for address, *_ in self._tasks()] if running else []}

    def describe_tasks(self, arguments: Any) -> Any:
        wanted = arguments["tasks"]
        return {
            "tasks": [
                {
                    "taskArn": address,
                    "taskDefinitionArn": definition(number),
                    "desiredStatus": "RUNNING",
                    "attachments": [{"details": [{"name": "privateIPv4Address", "value": address}]}],
                }
                for address, number, _ in self._tasks()
                if address in wanted
            ]
        }

    def describe_target_health(self, _: Any) -> Any:
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": address}, "TargetHealth": {"State": state}}
                for address, _, state in self._tasks()
            ]
        }

    def describe_alarms(self, _: Any) -> Any:
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": "ALARM"} for name in self.ringing]}

    def batch_get_image(self, arguments: Any) -> Any:
        [identity] = arguments["imageIds"]
        told = {
            "imageId": identity | {"imageDigest": "d"},
            "imageManifest": "m",
            "imageManifestMediaType": "t",
        }
        return {"images": [told]}

    def put_image(self, _: Any) -> Any:
        return {}

    def get_log_events(self, _: Any) -> Any:
        return {"events": []}

    def list_task_definitions(self, _: Any) -> Any:
        return {"taskDefinitionArns": [definition(number) for number in sorted(self.tags, reverse=True)]}

    def describe_task_definition(self, arguments: Any) -> Any:
        number = int(arguments["taskDefinition"].rpartition(":")[2])
        told = [{"key": key, "value": value} for key, value in self.tags.get(number, {}).items()]
        image = {"name": "web", "image": f"registry/pp:image-{number}"}
        described = {
            "taskDefinitionArn": definition(number),
            "family": FAMILY,
            "revision": number,
            "containerDefinitions": [image],
        }
        return {"taskDefinition": described, "tags": told}

    def tag_resource(self, arguments: Any) -> Any:
        number = int(arguments["resourceArn"].rpartition(":")[2])
        self.tags.setdefault(number, {}).update({tag["key"]: tag["value"] for tag in arguments["tags"]})
        return {}
