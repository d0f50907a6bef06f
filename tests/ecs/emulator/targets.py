"""Target groups with health checks, and a balancer that sends requests to healthy targets only."""

import http.client
import logging
import random
import threading
import time
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.concurrency import spawn_background
from ministack.core.responses import request_scope
from ministack.services import alb, ecs

from tests.ecs.emulator.blue_green import group_of

CHECK_SECONDS = 0.5
"""AWS checks every 5 s at the soonest; tests wait for each check, so they come oftener here."""
ANSWER_SECONDS = 2.0
UNHEALTHY_SECONDS = 5.0
"""After its grace period a task that is not healthy has this long, as on AWS by some failed checks."""
INITIAL = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")

logger = logging.getLogger("stand-in")

Key = tuple[str, str, int]
"""A target in its group: the group's ARN, address and port."""
State = tuple[str, str, str]
"""State, reason and description in AWS's words."""

_health: dict[Key, State] = {}
_streaks: dict[Key, tuple[State, int]] = {}
_original_forward = alb._forward_to_tg
_original_healthy = ecs._record_service_task_healthy


def install() -> None:
    alb._describe_target_health = alb._ACTION_MAP["DescribeTargetHealth"] = describe_target_health
    alb._forward_to_tg = forward
    ecs._record_service_task_healthy = record_once_healthy
    threading.Thread(target=_check_on, daemon=True).start()


def _check_on() -> None:
    while True:
        groups = [(scope, dict(group)) for scope, group in alb._tgs.all_items()]
        for (account, region, arn), group in groups:
            with request_scope(account, region):
                for target in list(alb._targets.get(arn, [])):
                    spawn_background(_check, arn, group, target)
        time.sleep(CHECK_SECONDS)


def _check(arn: str, group: dict[str, Any], target: dict[str, Any]) -> None:
    """Record the state of a target once enough checks in a row agree; the first pass is enough."""
    key = _key(arn, target)
    found = health(key[1], key[2], group.get("HealthCheckPath") or "/", _matcher(group))
    last, times = _streaks.get(key, (found, 0))
    _streaks[key] = found, (times + 1 if last[0] == found[0] else 1)
    threshold = "HealthyThresholdCount" if found[0] == "healthy" else "UnhealthyThresholdCount"
    first_pass = found[0] == "healthy" and key not in _health
    if first_pass or _streaks[key][1] >= int(group.get(threshold) or 1):
        if found != _health.get(key):
            logger.info("target %s:%s is %s", *key[1:], " ".join(found))
        _health[key] = found


def health(address: str, port: int, path: str, matcher: str) -> State:
    """Check the health of a target; return state, reason and description in AWS's words."""
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except TimeoutError:
        return "unhealthy", "Target.Timeout", "Request timed out"
    except (OSError, http.client.HTTPException):
        return "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
    finally:
        connection.close()
    if matches(status, matcher):
        return "healthy", "", ""
    return "unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"


def matches(status: int, matcher: str) -> bool:
    """Return whether a status is in a matcher such as `200,204` or `200-299`."""
    ranges = (part.partition("-") for part in matcher.split(","))
    return any(int(first) <= status <= int(last or first) for first, _, last in ranges)


def _matcher(group: dict[str, Any]) -> str:
    matcher = group.get("Matcher") or "200"
    return str(matcher.get("HttpCode", "200") if isinstance(matcher, dict) else matcher)


def _key(arn: str, target: dict[str, Any]) -> Key:
    return arn, target["Id"], int(target.get("Port") or 80)


def _state(arn: str, target: dict[str, Any]) -> State:
    return _health.get(_key(arn, target), INITIAL)


def describe_target_health(parameters: dict[str, Any]) -> Any:
    """Answer DescribeTargetHealth."""
    arn = alb._p(parameters, "TargetGroupArn")
    if arn not in alb._tgs:
        return alb._error("TargetGroupNotFound", f"Target group '{arn}' not found.")
    wanted = {target["Id"] for target in alb._parse_targets_param(parameters)}
    members = ""
    for target in alb._targets.get(arn, []):
        if wanted and target["Id"] not in wanted:
            continue
        state, reason, description = _state(arn, target)
        why = f"<Reason>{reason}</Reason><Description>{escape(description)}</Description>" if reason else ""
        members += (
            f"<member><Target><Id>{target['Id']}</Id><Port>{target.get('Port')}</Port></Target>"
            f"<TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
        )
    return alb._xml(
        200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
    )


async def forward(
    arn: str,
    method: str,
    path: str,
    headers: Any,
    body: Any,
    query: Any,
    raw_query: str | None = None,
    raw_path: str | None = None,
) -> Any:
    """Send a request to a healthy target, or to any if all are unhealthy, as AWS's balancer does."""
    healthy = [target for target in alb._targets.get(arn, []) if _state(arn, target)[0] == "healthy"]
    if not healthy:
        return await _original_forward(arn, method, path, headers, body, query, raw_query, raw_path)
    return await alb._proxy_http_target(
        random.choice(healthy), alb._tgs[arn], method, raw_path or path, headers, body, query, raw_query
    )


def record_once_healthy(service_key: str, task: dict[str, Any]) -> None:
    """Count a task as healthy once it is a healthy target; stop it if that takes too long."""
    service = ecs._services.get(service_key) or {}
    grace = float(service.get("healthCheckGracePeriodSeconds") or 0)
    deadline = time.monotonic() + grace + UNHEALTHY_SECONDS
    balancers = [item for item in service.get("loadBalancers") or [] if item.get("targetGroupArn")]
    groups = [item | {"targetGroupArn": group_of(service, task)} for item in balancers]
    while task.get("lastStatus") == "RUNNING":
        states = [
            (item, _state(item["targetGroupArn"], {"Id": ecs._task_ip(task), "Port": item["containerPort"]}))
            for item in groups
        ]
        unhealthy = [(item, state) for item, state in states if state[0] != "healthy"]
        if not unhealthy:
            task["healthStatus"] = "HEALTHY"
            _original_healthy(service_key, task)
            return
        if time.monotonic() > deadline:
            _stop_unhealthy(service, task, *unhealthy[0])
            return
        time.sleep(CHECK_SECONDS / 2)


def _stop_unhealthy(
    service: dict[str, Any], task: dict[str, Any], item: dict[str, Any], state: State
) -> None:
    """Stop a task as ECS does, with an event of the service and a stopped reason of the task."""
    group = f"(target-group {item['targetGroupArn']})"
    why = f"(port {item['containerPort']}) is unhealthy in {group} due to (reason {state[2]})."
    say(service, why)
    reason = f"Task failed ELB health checks in {group}"
    if ecs._mark_task_stopped(task["taskArn"], task, reason, "ServiceSchedulerInitiated"):
        ecs._cleanup_task_resources(task, ecs._get_docker())
        ecs._record_service_task_failure(task)


def say(service: dict[str, Any], message: str) -> None:
    """Add an event to a service."""
    text = f"(service {service['serviceName']}) {message}"
    service["events"].insert(0, {"id": ecs.new_uuid(), "createdAt": ecs._iso(), "message": text})
