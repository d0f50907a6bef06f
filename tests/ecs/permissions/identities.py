"""Who calls AWS: the roles for pull requests and for releases, and a person with the operator's policy."""

from collections.abc import Iterable
from functools import cache

from ecs.foundation.operator_policy import operator_policy
from ecs.foundation.parameters import parameters
from ecs.settings import load_settings
from tests.ecs.permissions.calls import calls
from tests.ecs.permissions.needs import Need, needs
from tests.ecs.permissions.policies import Stack
from tests.ecs.permissions.reference import Policy, Request, decide

WHO = ("plan", "deploy", "operator")
SUBNETS = ["subnet-FirstSubnet", "subnet-SecondSubnet"]


def stack(name: str, env: str, **given: object) -> Stack:
    """Return a stack with the default settings, except for its name and these parameters."""
    known = parameters(load_settings("prod")) | {
        "GithubRepository": "owner/repository",
        "CertificateArn": f"arn:aws:acm:eu-west-1:123456789012:certificate/{env}",
        "HostedZoneId": f"Z{env}",
    }
    return Stack(f"{name}-{env}", {**known, "Project": name, "Environment": env, **given})


OURS = stack("perfect-puppy", "prod")
OTHERS = (stack("perfect-puppy", "prod-eu"), stack("perfect-puppy", "staging"), stack("perfect", "prod"))
"""Other stacks, whose names begin or end as this one's does."""


@cache
def policies(of: Stack = OURS) -> dict[str, list[Policy]]:
    """Return the policies of each identity for a stack."""
    return {
        "plan": of.policies_of("PlanRole"),
        "deploy": of.policies_of("DeployRole"),
        "operator": [operator_policy(of.name, of.region, str(of.parameters["HostedZoneId"]))],
    }


def ask(requests: Iterable[Request], of: Stack = OURS) -> dict[Request, bool]:
    """Return whether the policies for a stack allow each request."""
    listed = list(requests)
    return dict(zip(listed, decide(policies(of), listed), strict=True))


def change_set(who: str) -> str:
    """Return the command that names the change sets of an identity; the roles use only those of `plan`."""
    return "up" if who == "operator" else "plan"


def request(need: Need, who: str, of: Stack = OURS) -> Request:
    """Turn a need of a call into a request of an identity."""
    return need.of(who, of, change_set(who))


def denied(who: str, of: Stack = OURS) -> dict[str, list[Request]]:
    """Return, for each call of the tool, the needs that an identity is denied."""
    asked = {call: [request(need, who, of) for need in needs(call)] for call in sorted(calls())}
    decided = ask({item for items in asked.values() for item in items}, of)
    return {call: [item for item in items if not decided[item]] for call, items in asked.items()}


def allowed() -> dict[str, dict[str, bool]]:
    """Return, for each call of the tool, the identities that may make it."""
    by = {who: denied(who) for who in WHO}
    return {call: {who: not by[who][call] for who in WHO} for call in sorted(calls())}


def table() -> str:
    """Return `allowed` as lines of a table."""
    lines = [f"{'call':52}{''.join(f'{who:10}' for who in WHO)}".rstrip()]
    for call, may in allowed().items():
        said = ("allow" if may[who] else "deny" for who in WHO)
        lines.append(f"{call:52}{''.join(f'{word:10}' for word in said)}".rstrip())
    return "\n".join(lines) + "\n"
