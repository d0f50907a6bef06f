"""Blue/green deployments as ECS runs them: two target groups, lifecycle stages, and a hook that pauses.

Each deployment has a target group, kept in its service's `_groups`, in which its tasks are registered.
"""

import time
import uuid
from typing import Any

from ministack.core.concurrency import resource_lock
from ministack.services import alb, ecs

from tests.ecs.emulator import rules
from tests.ecs.emulator.control import CONTROLS
from tests.ecs.emulator.records import Record

WATCH_SECONDS = 0.1


def install() -> None:
    ecs._sync_service_targets = register_targets


def configuration(service: dict[str, Any]) -> dict[str, str]:
    """Return the advanced configuration of a service's load balancer, with its target group; {} without."""
    balancer = _balancer(service)
    advanced = balancer.get("advancedConfiguration") or {}
    return {**advanced, "targetGroupArn": balancer["targetGroupArn"]} if advanced else {}


def _balancer(service: dict[str, Any]) -> dict[str, Any]:
    balancers: list[dict[str, Any]] = service.get("loadBalancers") or [{}]
    return balancers[0]


def is_blue_green(service: dict[str, Any]) -> bool:
    """Return whether the service's strategy is blue/green."""
    return bool(service["deploymentConfiguration"].get("strategy") == "BLUE_GREEN")


def refusal(given: dict[str, Any]) -> str:
    """Return why a service can't be created or updated like that; "" if it can."""
    strategy = (given.get("deploymentConfiguration") or {}).get("strategy")
    advanced = configuration(given)
    if strategy == "BLUE_GREEN" and not advanced:
        return "A BLUE_GREEN deployment needs an advancedConfiguration of the load balancer."
    names = ("productionListenerRule", "testListenerRule")
    gone = [advanced[name] for name in names if advanced and not rules.exists(advanced[name])]
    return f"The listener rule {gone[0]} does not exist." if gone else ""


def choose_group(service: dict[str, Any], primary: dict[str, Any]) -> None:
    """Give a new deployment its target group: in blue/green the one without production traffic."""
    balancer = _balancer(service)
    arn = balancer.get("targetGroupArn", "")
    if advanced := configuration(service):
        both = [arn, advanced["alternateTargetGroupArn"]]
        arn = next(group for group in both if group != rules.live(advanced["productionListenerRule"]))
    service.setdefault("_groups", {})[primary["id"]] = arn


def group_of(service: dict[str, Any], task: dict[str, Any]) -> str:
    """Return the target group in which a task is registered; "" without a load balancer."""
    balancer = _balancer(service)
    named: str = balancer.get("targetGroupArn", "")
    return str(service.get("_groups", {}).get(task.get("_deployment_id"), named))


def register_targets(_cluster: str, service: dict[str, Any]) -> None:
    """Register the running tasks of a service, each in the target group of its deployment."""
    port = _balancer(service).get("containerPort", 80)
    running: dict[str, list[tuple[str, int]]] = {arn: [] for arn in service.get("_published_targets", {})}
    for task in list(ecs._tasks.values()):
        ours = task.get("group") == f"service:{service['serviceName']}"
        if ours and task.get("clusterArn") == service["clusterArn"] and task.get("lastStatus") == "RUNNING":
            address = ecs._task_ip(task)
            if address and service["status"] == "ACTIVE" and (arn := group_of(service, task)):
                running.setdefault(arn, []).append((address, port))
    ledger = service.setdefault("_published_targets", {})
    for arn, targets in running.items():
        with resource_lock("elbv2-targets", arn):
            alb.set_targets_for_group(arn, targets, ledger.get(arn, ()))
            ledger[arn] = [address for address, _ in targets]


def shift(service: dict[str, Any], rule: str, deployment: dict[str, Any]) -> None:
    """Send the requests of a rule, named as in the advanced configuration, to the tasks of a deployment."""
    advanced = configuration(service)
    if not advanced or deployment["id"] not in service.get("_groups", {}):
        return
    to = service["_groups"][deployment["id"]]
    both = (advanced["targetGroupArn"], advanced["alternateTargetGroupArn"])
    rules.shift(advanced[rule], to, next(arn for arn in both if arn != to))


def test_and_shift(service: dict[str, Any], primary: dict[str, Any], record: Record) -> str:
    """Go through the stages up to the shift of production traffic; return why it fails, or ""."""
    record.stage = "POST_SCALE_UP"
    record.stage = "TEST_TRAFFIC_SHIFT"
    shift(service, "testListenerRule", primary)
    record.stage = "POST_TEST_TRAFFIC_SHIFT"
    for hook in record.configuration.get("lifecycleHooks") or []:
        if record.stage in hook["lifecycleStages"] and (why := _pause(record, hook)):
            return why
    if record.status == "IN_PROGRESS":
        record.stage = "PRODUCTION_TRAFFIC_SHIFT"
        shift(service, "productionListenerRule", primary)
        record.stage = "BAKE_TIME"
    return ""


def _pause(record: Record, hook: dict[str, Any]) -> str:
    """Wait for the answer to a hook, or for its timeout; return why the deployment fails, or ""."""
    limit = hook["timeoutConfiguration"]
    deadline = time.time() + limit["timeoutInMinutes"] * CONTROLS.minute_seconds
    record.hook = {
        "hookId": uuid.uuid4().hex,
        "targetType": hook["targetType"],
        "status": "AWAITING_ACTION",
        "expiresAt": deadline,
        "timeoutAction": limit["action"],
    }
    while record.hook["status"] == "AWAITING_ACTION" and record.status == "IN_PROGRESS":
        if time.time() > deadline:
            record.hook["status"] = "TIMED_OUT"
        time.sleep(WATCH_SECONDS)
    if record.hook["status"] == "TIMED_OUT" and limit["action"] == "ROLLBACK":
        return "the lifecycle hook at POST_TEST_TRAFFIC_SHIFT timed out"
    return "the lifecycle hook was answered with ROLLBACK" if record.hook["status"] == "FAILED" else ""
