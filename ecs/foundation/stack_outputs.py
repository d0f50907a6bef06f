"""The outputs of the stack, which tell a release the names and ARNs of its resources."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from botocore import xform_name

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


@dataclass(frozen=True)
class Foundation:
    """The outputs of the stack."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    task_security_group_id: str
    load_balancer_arn: str
    load_balancer_dns_name: str
    load_balancer_full_name: str
    target_group_arn: str
    second_target_group_arn: str
    production_rule_arn: str
    test_rule_arn: str
    test_key: str
    repository_name: str
    repository_uri: str
    cluster_name: str
    execution_role_arn: str
    task_role_arn: str
    infrastructure_role_arn: str
    log_group_name: str
    events_log_group_name: str
    alarm_topic_arn: str
    unhealthy_hosts_alarm_name: str
    second_unhealthy_hosts_alarm_name: str
    server_errors_alarm_name: str
    balancer_errors_alarm_name: str
    drift_alarm_name: str
    slow_answers_alarm_name: str
    url: str
    deploy_role_arn: str = ""
    plan_role_arn: str = ""

    @property
    def release_alarms(self) -> list[str]:
        """The names of the alarms that roll a release back; an older stack lacks the second."""
        second = self.second_unhealthy_hosts_alarm_name
        return [*filter(None, (self.unhealthy_hosts_alarm_name, second, self.server_errors_alarm_name))]


def read_outputs(described: "StackTypeDef") -> Foundation:
    """Read the outputs of a stack; an output that an older template lacks is empty."""
    outputs = {xform_name(item["OutputKey"]): item["OutputValue"] for item in described.get("Outputs", [])}
    values: dict[str, Any] = {field.name: outputs.get(field.name, "") for field in fields(Foundation)}
    return Foundation(**values | {"subnet_ids": tuple(filter(None, values["subnet_ids"].split(",")))})
