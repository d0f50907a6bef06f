"""Answer the calls on service deployments and service revisions."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecs

from tests.ecs.emulator.blue_green import refusal
from tests.ecs.emulator.records import CHANGING, Record, counts

PAGE = 20
STOPPABLE = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
Stop = Callable[[str, dict[str, Any], Record, str], None]

_original_create = ecs._ACTION_MAP["CreateService"]
_original_update = ecs._ACTION_MAP["UpdateService"]


def install(stop: Stop) -> None:
    """Answer the calls on service deployments; `stop` stops one."""
    original = ecs._ACTION_MAP["DescribeServices"]

    def describe_services(data: dict[str, Any]) -> Any:
        for service in ecs._services.values():
            revisions = [item["_revision"] for item in service["deployments"] if "_revision" in item]
            service["currentServiceRevisions"] = [counts(service, arn) for arn in revisions]
        return original(data)

    def stop_service_deployment(data: dict[str, Any]) -> Any:
        arn, stop_type = data["serviceDeploymentArn"], data.get("stopType", "ROLLBACK")
        if (found := _records().get(arn)) is None:
            return error_response_json(
                "ServiceDeploymentNotFoundException", f"The service deployment {arn} was not found.", 400
            )
        key, record = found
        if record.status not in STOPPABLE:
            return error_response_json(
                "ConflictException", f"A service deployment in {record.status} can't be stopped.", 400
            )
        if record.status == "IN_PROGRESS":
            stop(key, record.service, record, stop_type)
        return json_response({"serviceDeploymentArn": arn})

    ecs._ts_to_epoch = _to_epoch
    ecs._ACTION_MAP |= {
        "CreateService": create_service,
        "UpdateService": update_service,
        "ContinueServiceDeployment": continue_service_deployment,
        "DescribeServices": describe_services,
        "ListServiceDeployments": list_service_deployments,
        "DescribeServiceDeployments": describe_service_deployments,
        "DescribeServiceRevisions": describe_service_revisions,
        "StopServiceDeployment": stop_service_deployment,
    }


def create_service(data: dict[str, Any]) -> Any:
    """Answer CreateService."""
    why = refusal(data)
    return _refuse("InvalidParameterException", why) if why else _original_create(data)


def update_service(data: dict[str, Any]) -> Any:
    """Answer UpdateService, which starts a deployment also if the load balancers change."""
    if why := refusal(data):
        return _refuse("InvalidParameterException", why)
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    service = ecs._services.get(f"{cluster}/{data['service'].rpartition('/')[2]}") or {}
    given = data.get("loadBalancers")
    with CHANGING:
        changed = given is not None and given != service.get("loadBalancers")
        return _original_update(data | ({"forceNewDeployment": True} if changed else {}))


def continue_service_deployment(data: dict[str, Any]) -> Any:
    """Answer ContinueServiceDeployment."""
    arn = data["serviceDeploymentArn"]
    if arn not in _records():
        return _refuse("ServiceDeploymentNotFoundException", f"The service deployment {arn} was not found.")
    hook = _records()[arn][1].hook or {"status": ""}
    if hook["status"] != "AWAITING_ACTION" or hook["hookId"] != data["hookId"]:
        return _refuse("InvalidParameterException", f"No hook {data['hookId']} of {arn} awaits an action.")
    hook["status"] = "FAILED" if data.get("action") == "ROLLBACK" else "SUCCEEDED"
    return json_response({"serviceDeploymentArn": arn})


def _refuse(code: str, why: str) -> Any:
    return error_response_json(code, why, 400)


def _to_epoch(value: Any) -> Any:
    """Return times in milliseconds; ministack answers whole seconds."""
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


def _records() -> dict[str, tuple[str, Record]]:
    """Return all records by ARN, each with the key of its service."""
    return {
        record.arn: (key, record)
        for key, service in ecs._services.items()
        for record in service.get("_records", [])
    }


def list_service_deployments(data: dict[str, Any]) -> Any:
    """Answer ListServiceDeployments: those of one service, newest first, in pages."""
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    if cluster not in ecs._clusters:
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    name = data["service"].rpartition("/")[2]
    service = ecs._services.get(f"{cluster}/{name}")
    if service is None:
        return error_response_json("ServiceNotFoundException", "Service not found.", 400)
    statuses, created = data.get("status"), data.get("createdAt") or {}
    found = [
        record.brief()
        for record in service.get("_records", [])
        if (not statuses or record.status in statuses)
        and created.get("after", 0) <= record.created <= created.get("before", time.time())
    ]
    start, size = int(data.get("nextToken", 0)), int(data.get("maxResults", PAGE))
    token = str(start + size) if start + size < len(found) else None
    return _answer({"serviceDeployments": found[start : start + size], "nextToken": token})


def describe_service_deployments(data: dict[str, Any]) -> Any:
    """Answer DescribeServiceDeployments."""
    known = {arn: record.whole() for arn, (_, record) in _records().items()}
    return _described("serviceDeployments", known, data["serviceDeploymentArns"])


def describe_service_revisions(data: dict[str, Any]) -> Any:
    """Answer DescribeServiceRevisions."""
    services = ecs._services.values()
    known = {arn: told for service in services for arn, told in service.get("_revisions", {}).items()}
    return _described("serviceRevisions", known, data["serviceRevisionArns"])


def _described(member: str, known: dict[str, dict[str, Any]], wanted: list[str]) -> Any:
    missing = [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known]
    return _answer({member: [known[arn] for arn in wanted if arn in known], "failures": missing})


def _answer(told: dict[str, Any]) -> Any:
    return json_response(ecs._sanitize(told))
