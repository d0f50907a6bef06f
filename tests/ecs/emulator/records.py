"""Records of deployments: the service deployment and the service revision that it deploys."""

import copy
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

from ministack.services import ecs

CAPTURED = ("taskDefinition", "networkConfiguration", "loadBalancers", "launchType", "platformVersion")
"""What a revision holds of a service, and a rollback brings back."""

CHANGING = threading.RLock()
"""Held while a service's deployments change, and while tasks are started or stopped for them.

ministack answers each call in a thread of its own. Without the lock a thread that compares the tasks with the
primary deployment can see that one fail, and stop the healthy tasks of the one before.
"""


@dataclass
class Record:
    """A service deployment; `deployment` is its entry under `deployments` in DescribeServices."""

    service: dict[str, Any]
    deployment: dict[str, Any]
    arn: str
    target: str
    sources: list[str]
    configuration: dict[str, Any]
    alarms: str
    breaker: str
    created: float
    status: str = "IN_PROGRESS"
    reason: str = ""
    finished: float | None = None
    stopped: float | None = None
    triggered: list[str] | None = None
    rollback: dict[str, Any] | None = None
    stage: str = ""
    hook: dict[str, Any] | None = None

    def go_back(self, revision: str, deployment: dict[str, Any], reason: str) -> None:
        """Record that the rollback begins, and its deployment."""
        self.rollback = {"reason": reason, "startedAt": time.time(), "serviceRevisionArn": revision}
        self.status, self.reason, self.deployment = "ROLLBACK_IN_PROGRESS", reason, deployment
        self._leave_hook()

    def complete(self) -> None:
        """Record the success of the deployment or of its rollback."""
        self.service["_completed"] = self.rollback["serviceRevisionArn"] if self.rollback else self.target
        self.end("ROLLBACK_SUCCESSFUL" if self.rollback else "SUCCESSFUL", self.reason)

    def end(self, status: str, reason: str) -> None:
        """Record the end; from then on nothing monitors the deployment."""
        self.status, self.reason, self.finished = status, reason, time.time()
        self.stopped = self.finished if status == "STOPPED" else None
        self._leave_hook()
        self.alarms = self.alarms.replace("MONITORING", "MONITORING_COMPLETE")
        self.breaker = self.breaker.replace("MONITORING", "MONITORING_COMPLETE")

    def _leave_hook(self) -> None:
        if self.hook and self.hook["status"] == "AWAITING_ACTION":
            self.hook["status"] = "FAILED"

    def brief(self) -> dict[str, Any]:
        """Return the fields that ListServiceDeployments answers."""
        return {
            "serviceDeploymentArn": self.arn,
            "serviceArn": self.service["serviceArn"],
            "clusterArn": self.service["clusterArn"],
            "createdAt": self.created,
            "startedAt": self.created,
            "finishedAt": self.finished,
            "targetServiceRevisionArn": self.target,
            "status": self.status,
            "statusReason": self.reason or None,
        }

    def whole(self) -> dict[str, Any]:
        """Return the fields that DescribeServiceDeployments answers."""
        threshold = ecs._circuit_breaker_threshold(self.service)
        told = self.brief()
        del told["targetServiceRevisionArn"]
        return told | {
            "stoppedAt": self.stopped,
            "updatedAt": self.finished or time.time(),
            "sourceServiceRevisions": [counts(self.service, arn) for arn in self.sources],
            "targetServiceRevision": counts(self.service, self.target),
            "deploymentConfiguration": self.configuration,
            "rollback": self.rollback,
            "lifecycleStage": self.stage or None,
            "lifecycleHookDetails": [dict(self.hook)] if self.hook else [],
            "deploymentCircuitBreaker": {
                "status": self.breaker,
                "failureCount": int(self.deployment.get("failedTasks", 0)),
                "threshold": threshold,
            },
            "alarms": {
                "status": self.alarms,
                "alarmNames": (self.configuration.get("alarms") or {}).get("alarmNames", []),
                "triggeredAlarmNames": self.triggered or [],
            },
        }


def counts(service: dict[str, Any], revision: str) -> dict[str, Any]:
    """Return a revision with its numbers of requested, running and pending tasks."""
    found = (item for item in service["deployments"] if item.get("_revision") == revision)
    deployment: dict[str, Any] = next(found, {})
    return {
        "arn": revision,
        "requestedTaskCount": int(deployment.get("desiredCount", 0)),
        "runningTaskCount": int(deployment.get("runningCount", 0)),
        "pendingTaskCount": int(deployment.get("pendingCount", 0)),
    }


def begin(service: dict[str, Any], primary: dict[str, Any], ringing: list[str]) -> Record:
    """Create the record of a new deployment and of its revision.

    As on AWS, if an alarm rings already, no alarm is watched during this deployment, so that a fix can
    complete.
    """
    tail = service["serviceArn"].partition(":service/")
    number = uuid.uuid4().int % 10**19
    revision = f"{tail[0]}:service-revision/{tail[2]}/{number:019}"
    captured = {field: service.get(field) for field in CAPTURED}
    service.setdefault("_revisions", {})[revision] = captured | {
        "serviceRevisionArn": revision,
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "createdAt": time.time(),
    }
    sources = [item["_revision"] for item in service["deployments"] if "_revision" in item]
    primary["_revision"] = revision
    configuration = copy.deepcopy(service["deploymentConfiguration"])
    alarms, breaker = (configuration.get(name) or {} for name in ("alarms", "deploymentCircuitBreaker"))
    record = Record(
        service=service,
        deployment=primary,
        arn=f"{tail[0]}:service-deployment/{tail[2]}/{uuid.uuid4().hex[:21]}",
        target=revision,
        sources=sources,
        configuration=configuration,
        alarms="MONITORING" if alarms.get("enable") and not ringing else "DISABLED",
        breaker="MONITORING" if breaker.get("enable") else "DISABLED",
        created=round(time.time(), 3),  # a client may send back what it read, which is no change
    )
    service.setdefault("_records", []).insert(0, record)
    service["currentServiceDeployment"] = record.arn
    if primary["rolloutState"] == "COMPLETED":  # a service scaled to zero
        record.complete()
    return record


def of(service: dict[str, Any] | None, deployment: dict[str, Any]) -> Record | None:
    """Return the record of a service's deployment, or None."""
    found = (record for record in (service or {}).get("_records", []) if record.deployment is deployment)
    return next(found, None)


def unfinished(service: dict[str, Any]) -> list[Record]:
    """Return the records of deployments that have not ended."""
    return [record for record in service.get("_records", []) if record.finished is None]


def last_completed(service: dict[str, Any]) -> dict[str, Any] | None:
    """Return the revision that a rollback returns to."""
    revision: dict[str, Any] | None = service.get("_revisions", {}).get(service.get("_completed"))
    return revision
