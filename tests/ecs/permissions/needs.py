"""What each call of the tool needs from IAM: actions, resources and values of condition keys.

Actions and types of resources come from AWS's service authorization reference; this module adds what that
leaves out, with the reason. Names that AWS generates are `*`; the stack's own are written as in a template.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from tests.ecs.permissions.policies import RESOURCES, Stack
from tests.ecs.permissions.reference import Context, Request, resource_types

STACK = "${AWS::StackName}"


def _arn(service: str, resource: str, *, regional: bool = True) -> str:
    region = "${AWS::Region}" if regional else ""
    return f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}"


def role(name: str) -> str:
    """Return the ARN pattern of a role."""
    return _arn("iam", f"role/{name}", regional=False)


def linked_role(service: str) -> str:
    """Return the ARN pattern of the service-linked role of a service."""
    return role(f"aws-service-role/{service}*")


def roles() -> list[str]:
    """Return the names of the template's roles."""
    return _of_type("AWS::IAM::Role")


def _of_type(kind: str) -> list[str]:
    return [name for name, item in RESOURCES.items() if item["Type"] == kind]


LOG_GROUPS = [f"/ecs/{STACK}", f"/aws/events/{STACK}"]
SCALING_ALARM = f"TargetTracking-service/{STACK}/{STACK}-Alarm*"
OWN = {
    "acm:certificate": ["${CertificateArn}"],
    "application-autoscaling:ScalableTarget": [_arn("application-autoscaling", "scalable-target/*")],
    "budgets:budget": [_arn("budgets", f"budget/{STACK}", regional=False)],
    "cloudformation:changeset": [_arn("cloudformation", f"changeSet/*--{STACK}--*/*")],
    "cloudformation:stack": [_arn("cloudformation", f"stack/{STACK}/*")],
    "cloudwatch:alarm": [_arn("cloudwatch", f"alarm:{name}") for name in (f"{STACK}-*", SCALING_ALARM)],
    "ecr:repository": [_arn("ecr", f"repository/{STACK}")],
    "ecs:cluster": [_arn("ecs", f"cluster/{STACK}")],
    "ecs:container-instance": [_arn("ecs", f"container-instance/{STACK}/*")],
    "ecs:service": [_arn("ecs", f"service/{STACK}/{STACK}")],
    "ecs:service-deployment": [_arn("ecs", f"service-deployment/{STACK}/{STACK}/*")],
    "ecs:service-revision": [_arn("ecs", f"service-revision/{STACK}/{STACK}/*")],
    "ecs:task": [_arn("ecs", f"task/{STACK}/*")],
    "ecs:task-definition": [_arn("ecs", f"task-definition/{STACK}:*")],
    "elasticloadbalancing:listener/app": [_arn("elasticloadbalancing", f"listener/app/{STACK}/*/*")],
    "elasticloadbalancing:listener-rule/app": [
        _arn("elasticloadbalancing", f"listener-rule/app/{STACK}/*/*/*")
    ],
    "elasticloadbalancing:loadbalancer": [_arn("elasticloadbalancing", f"loadbalancer/app/{STACK}/*")],
    "elasticloadbalancing:loadbalancer/app/": [_arn("elasticloadbalancing", f"loadbalancer/app/{STACK}/*")],
    "elasticloadbalancing:targetgroup": [_arn("elasticloadbalancing", "targetgroup/*/*")],
    "events:rule-on-default-event-bus": [_arn("events", f"rule/{STACK}-*")],
    "iam:oidc-provider": [_arn("iam", "oidc-provider/token.actions.githubusercontent.com", regional=False)],
    "iam:role": [role(f"{STACK}-{name}-*") for name in ("ExecutionRole", "TaskRole")],
    "logs:log-group": [_arn("logs", f"log-group:{name}{end}") for name in LOG_GROUPS for end in ("", ":*")],
    "logs:log-stream": [_arn("logs", f"log-group:{name}:log-stream:*") for name in LOG_GROUPS],
    "route53:hostedzone": ["arn:${AWS::Partition}:route53:::hostedzone/${HostedZoneId}"],
    "servicequotas:quota": [_arn("servicequotas", "fargate/*")],
    "sts:role": [role(f"{STACK}-{name}-*") for name in ("PlanRole", "DeployRole")],
    "sns:topic": [_arn("sns", f"{STACK}-AlarmTopic-*")],
    "wafv2:loadbalancer/app/": [_arn("elasticloadbalancing", f"loadbalancer/app/{STACK}/*")],
    "wafv2:webacl": [_arn("wafv2", f"regional/webacl/{STACK}/*")],
}
"""The stack's own resources, by their types."""
TYPES = {
    "cloudformation:DescribeEvents": ["cloudformation:stack", "cloudformation:changeset"],
    "cloudformation:TagResource": ["cloudformation:stack", "cloudformation:changeset"],
    "cloudformation:UntagResource": ["cloudformation:stack", "cloudformation:changeset"],
    "ecs:ListTagsForResource": ["ecs:cluster"],
    "ecs:TagResource": ["ecs:task-definition", "ecs:service"],
    "ecs:UntagResource": ["ecs:task-definition"],
}
"""The types that the tool has to do with, where the reference names those of every use of an action."""
ALARMS_OF_POLICIES = "a policy of target tracking keeps alarms, and AWS changes them with the caller's rights"
TAGS = "the tags of the stack go on the stack and on the change set"
ALSO = {
    "application-autoscaling:DeregisterScalableTarget": {"cloudwatch:DeleteAlarms": ALARMS_OF_POLICIES},
    "application-autoscaling:DeleteScalingPolicy": {"cloudwatch:DeleteAlarms": ALARMS_OF_POLICIES},
    "application-autoscaling:PutScalingPolicy": {
        "cloudwatch:DeleteAlarms": ALARMS_OF_POLICIES,
        "cloudwatch:DescribeAlarms": ALARMS_OF_POLICIES,
        "cloudwatch:PutMetricAlarm": ALARMS_OF_POLICIES,
    },
    "application-autoscaling:RegisterScalableTarget": {
        "application-autoscaling:TagResource": "a new target is given tags",
        "ecs:DescribeServices": "AWS looks at what shall scale with the caller's rights",
        "iam:CreateServiceLinkedRole": "the account's first target makes the role that scales",
    },
    "cloudformation:CreateChangeSet": {
        "cloudformation:TagResource": TAGS,
        "cloudformation:UntagResource": TAGS,
        "ec2:DescribeAccountAttributes": "CloudFormation finds the zones with the caller's rights",
        "ec2:DescribeAvailabilityZones": "CloudFormation finds the zones with the caller's rights",
        "ec2:DescribeSubnets": "CloudFormation finds the zones with the caller's rights",
    },
    "cloudformation:DetectStackDrift": {
        "cloudformation:BatchDescribeTypeConfigurations": "CloudFormation looks up how it reads each type",
        "cloudformation:DetectStackResourceDrift": "it compares one resource after the other",
    },
    "cloudformation:ExecuteChangeSet": {
        "cloudformation:TagResource": TAGS,
        "cloudformation:UntagResource": TAGS,
    },
    "ecr:DescribeImageScanFindings": {
        "inspector2:ListCoverage": "with enhanced scanning the findings are Inspector's",
        "inspector2:ListFindings": "with enhanced scanning the findings are Inspector's",
    },
    "ecr:GetAuthorizationToken": dict.fromkeys(
        (
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:GetDownloadUrlForLayer",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ),
        "`docker push` uses the token",
    ),
    "ecs:CreateService": {"ecs:TagResource": "the service is given tags"},
    "ecs:RegisterTaskDefinition": {"ecs:TagResource": "the revision is given tags"},
    "ecs:RunTask": {"ecs:TagResource": "the task is given tags"},
}
"""What AWS checks besides the action of the call's own name, with the reason."""
PASSED = {
    "ecs:CreateService": (["InfrastructureRole"], "ecs.amazonaws.com"),
    "ecs:RegisterTaskDefinition": (["ExecutionRole", "TaskRole"], "ecs-tasks.amazonaws.com"),
    "ecs:RunTask": (["ExecutionRole", "TaskRole"], "ecs-tasks.amazonaws.com"),
    "ecs:UpdateService": (["InfrastructureRole"], "ecs.amazonaws.com"),
}
"""The roles that a call passes, and to which service."""
BALANCED = [
    "elasticloadbalancing:listener-rule/app",
    "elasticloadbalancing:listener/app",
    "elasticloadbalancing:targetgroup",
]
UNLISTED = {
    "cloudformation:CreateChangeSet": ["cloudformation:changeset"],
    "cloudformation:DeleteChangeSet": ["cloudformation:changeset"],
    "cloudformation:DescribeChangeSet": ["cloudformation:changeset"],
    "cloudformation:ExecuteChangeSet": ["cloudformation:changeset"],
    "elasticloadbalancing:AddTags": BALANCED,
    "elasticloadbalancing:RemoveTags": BALANCED,
}
"""Types that an action is checked against too, though the reference does not say so."""
NO_PERMISSION = {"sts:GetCallerIdentity"}
"""Calls that IAM always allows."""
TRUSTED = {"sts:AssumeRole": "the role trusts the caller by name, which is enough within an account"}
"""Calls that no policy of the caller has to allow, with the reason."""
SCALING_ROLE = "ecs.application-autoscaling.amazonaws.com"
ONLY = {
    "cloudwatch:DeleteAlarms": [_arn("cloudwatch", f"alarm:{SCALING_ALARM}")],
    "cloudwatch:PutMetricAlarm": [_arn("cloudwatch", f"alarm:{SCALING_ALARM}")],
    "iam:CreateServiceLinkedRole": [linked_role(f"{SCALING_ROLE}/")],
    "logs:GetLogEvents": [_arn("logs", f"log-group:/ecs/{STACK}:log-stream:*")],
}
"""Actions that the tool has for some resources of a type only."""

_CLUSTER: Context = {"ecs:cluster": _arn("ecs", f"cluster/{STACK}")}
_RELEASE: Context = {
    **_CLUSTER,
    "ecs:subnet": ["subnet-FirstSubnet", "subnet-SecondSubnet"],
    "ecs:task-definition": _arn("ecs", f"task-definition/{STACK}:*"),
}
_SCALING: Context = {
    "application-autoscaling:service-namespace": "ecs",
    "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
}
_CHANGE_SET: Context = {"cloudformation:ChangeSetName": f"*--{STACK}--*"}
REQUEST_TAGS: Context = {
    "aws:RequestTag/Project": "${Project}",
    "aws:RequestTag/Environment": "${Environment}",
}
RESOURCE_TAGS: Context = {
    "aws:ResourceTag/Project": "${Project}",
    "aws:ResourceTag/Environment": "${Environment}",
}
CONTEXTS: dict[str, list[Context]] = {
    "application-autoscaling:DeleteScalingPolicy": [_SCALING | RESOURCE_TAGS],
    "application-autoscaling:DeregisterScalableTarget": [_SCALING | RESOURCE_TAGS],
    "application-autoscaling:PutScalingPolicy": [_SCALING | RESOURCE_TAGS],
    "application-autoscaling:RegisterScalableTarget": [_SCALING | REQUEST_TAGS, _SCALING | RESOURCE_TAGS],
    "application-autoscaling:TagResource": [REQUEST_TAGS],
    "cloudformation:CreateChangeSet": [_CHANGE_SET],
    "cloudformation:DeleteChangeSet": [_CHANGE_SET],
    "cloudformation:DescribeChangeSet": [_CHANGE_SET],
    "cloudformation:ExecuteChangeSet": [_CHANGE_SET],
    "ecs:ContinueServiceDeployment": [_CLUSTER],
    "ecs:CreateService": [_RELEASE],
    "ecs:DeleteService": [_CLUSTER],
    "ecs:DescribeServiceDeployments": [_CLUSTER],
    "ecs:DescribeServiceRevisions": [_CLUSTER],
    "ecs:DescribeServices": [_CLUSTER],
    "ecs:DescribeTasks": [_CLUSTER],
    "ecs:ListServiceDeployments": [_CLUSTER],
    "ecs:ListServices": [_CLUSTER],
    "ecs:ListTasks": [_CLUSTER],
    "ecs:RegisterTaskDefinition": [
        {
            "ecs:task-cpu": "${TaskCpu}",
            "ecs:task-memory": "${TaskMemory}",
            "ecs:compute-compatibility": ["FARGATE"],
        }
    ],
    "ecs:RunTask": [_CLUSTER],
    "ecs:StopServiceDeployment": [_CLUSTER],
    "ecs:StopTask": [_CLUSTER],
    "ecs:UpdateService": [_RELEASE, _CLUSTER],  # the second only scales the service
    "iam:CreateServiceLinkedRole": [{"iam:AWSServiceName": SCALING_ROLE}],
}
"""The values of the condition keys, one set for each way in which the tool makes the call."""


@dataclass(frozen=True)
class Need:
    """An action on a resource, as a pattern."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    unlisted: bool = False

    def of(self, policy: str, stack: Stack, change_set: str = "plan") -> Request:
        """Return the request for one stack, with change sets whose names begin with `change_set`."""

        def named(pattern: str) -> str:
            text = str(stack.resolve({"Fn::Sub": pattern}))
            return text.replace("*--", f"{change_set}--").replace("*", "0123")

        context = {
            key: [named(item) for item in value] if isinstance(value, list) else named(value)
            for key, value in self.context.items()
        }
        resource = self.resource if self.resource == "*" else named(self.resource)
        return Request(policy, self.action, resource, context, self.unlisted)


def resources(action: str) -> list[str]:
    """Return the ARN patterns of the stack's own resources that IAM checks for an action."""
    if action in ONLY:
        return ONLY[action]
    types = TYPES.get(action) or resource_types(action)
    assert set(types) <= OWN.keys(), f"OWN has no patterns of {set(types) - OWN.keys()}, for {action}"
    return [pattern for kind in types for pattern in OWN[kind]] or ["*"]


def unlisted(action: str) -> list[str]:
    """Return the ARN patterns of further resources that IAM checks for an action."""
    return [pattern for kind in UNLISTED.get(action, ()) for pattern in OWN[kind]]


def needs(call: str) -> Iterator[Need]:
    """Return all that one call of the tool needs."""
    if call in NO_PERMISSION:
        return
    for action in (call, *ALSO.get(call, {})):
        contexts = CONTEXTS.get(action, [{}])
        for resource, context in product(resources(action), contexts):
            yield Need(action, resource, context)
        for resource in unlisted(action):
            yield Need(action, resource, contexts[0], unlisted=True)
    passed, service = PASSED.get(call, ([], ""))
    for name in passed:
        yield Need("iam:PassRole", role(f"{STACK}-{name}-*"), {"iam:PassedToService": service})
