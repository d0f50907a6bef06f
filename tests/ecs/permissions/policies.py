"""The policies of the two CI roles in the template, with its functions resolved for one stack."""

import re
from dataclasses import dataclass, field
from typing import Any

from cfnlint.decode.cfn_yaml import load

from ecs.foundation.changeset import TEMPLATE
from tests.ecs.permissions.reference import Policy

TEXT: dict[str, Any] = load(str(TEMPLATE))
RESOURCES: dict[str, dict[str, Any]] = TEXT["Resources"]
NAMED_BY = {
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::Logs::LogGroup": "LogGroupName",
}
"""The property that holds a resource's name, where the template gives one."""
ARNS = {
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/{name}",
    "AWS::ECS::Cluster": "ecs:{region}:{account}:cluster/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
}
IS_ARN = {"AWS::SNS::Topic"}
"""What `Ref` gives the ARN of, not the name."""


@dataclass(frozen=True, eq=False)
class Stack:
    """A stack of the template: its name and parameters."""

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    region: str = "eu-west-1"
    account: str = "123456789012"

    def policies_of(self, role: str) -> list[Policy]:
        """Return the documents of all policies that are attached to a role of the template."""
        return [
            self.resolve(item["Properties"]["PolicyDocument"])
            for item in RESOURCES.values()
            if item["Type"] == "AWS::IAM::Policy" and {"Ref": role} in item["Properties"]["Roles"]
        ]

    def resolve(self, value: Any) -> Any:  # noqa: PLR0911 - one for each function
        """Replace CloudFormation's functions by their values."""
        match value:
            case {"Ref": name}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return self._arn(name)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self._named(found[1]), text)
            case {"Fn::If": [condition, yes, no]}:
                return self.resolve(yes if self.holds(TEXT["Conditions"][condition]) else no)
            case dict():
                return {key: self.resolve(item) for key, item in value.items()}
            case list():
                return [self.resolve(item) for item in value]
        return value

    def holds(self, condition: dict[str, Any]) -> bool:
        """Return whether a condition of the template is true."""
        match condition:
            case {"Condition": name}:
                return self.holds(TEXT["Conditions"][name])
            case {"Fn::Not": [item]}:
                return not self.holds(item)
            case {"Fn::And": items}:
                return all(map(self.holds, items))
            case {"Fn::Or": items}:
                return any(map(self.holds, items))
            case {"Fn::Equals": [one, other]}:
                return bool(self.resolve(one) == self.resolve(other))
        raise ValueError(condition)

    def _named(self, name: str) -> str:
        resource, _, attribute = name.partition(".")
        return self._arn(resource) if attribute == "Arn" else str(self._ref(name))

    def _ref(self, name: str) -> Any:
        known = {
            "AWS::StackName": self.name,
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": "aws",
            **{key: item.get("Default", "") for key, item in TEXT["Parameters"].items()},
            **self.parameters,
        }
        if name in known:
            return known[name]
        kind = RESOURCES[name]["Type"]
        return self._arn(name) if kind in IS_ARN else self._name(name)

    def _name(self, resource: str) -> str:
        kind, given = RESOURCES[resource]["Type"], RESOURCES[resource].get("Properties", {})
        if kind in NAMED_BY:
            return str(self.resolve(given[NAMED_BY[kind]]))
        return f"subnet-{resource}" if kind == "AWS::EC2::Subnet" else f"{self.name}-{resource}-0123"

    def _arn(self, resource: str) -> str:
        form = ARNS[RESOURCES[resource]["Type"]]
        return "arn:aws:" + form.format(region=self.region, account=self.account, name=self._name(resource))
