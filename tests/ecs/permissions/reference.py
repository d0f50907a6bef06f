"""AWS's service authorization reference, and IAM's decisions: from npm, locked in `.ci/iam-simulate`."""

import atexit
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from tests.serving import ROOT

FOLDER = ROOT / ".ci" / "iam-simulate"
DATA = FOLDER / "node_modules" / "@cloud-copilot" / "iam-data" / "data"
NO_NODE = (
    "The tests of the permissions need Node.js 20 or newer, with npm: install it from https://nodejs.org."
)

Context = dict[str, str | list[str]]
Policy = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request that IAM decides on.

    Attributes:
        policy: The identity whose policies decide.
        action: For example `ecs:UpdateService`.
        resource: An ARN, or `*` if the action can't be limited to a resource.
        context: The values of the condition keys.
        unlisted: Whether AWS checks a resource type that its reference does not list for the action.
    """

    policy: str
    action: str
    resource: str
    context: Context
    unlisted: bool = False

    def __hash__(self) -> int:
        return hash((self.policy, self.action, self.resource))


def install() -> None:
    """Install the locked npm packages unless they are installed; raise `RuntimeError` if that fails."""
    lock, done = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    if not shutil.which("npm"):
        raise RuntimeError(NO_NODE)
    command = ["npm", "ci", "--silent", "--no-audit", "--no-fund"]
    result = subprocess.run(command, check=False, cwd=FOLDER, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"npm could not install .ci/iam-simulate:\n{result.stderr}{result.stdout}")
    done.touch()


@cache
def actions(service: str) -> dict[str, Any]:
    """Return the reference's entries of a service's actions by their names in lower case."""
    install()
    path = DATA / "actions" / f"{service}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def described(action: str) -> dict[str, Any] | None:
    """Return the reference's entry of an action, or None."""
    service, _, name = action.partition(":")
    return actions(service).get(name.lower())


def resource_types(action: str) -> list[str]:
    """Return the resource types that IAM checks for an action; none if it can't be limited to a resource."""
    entry = described(action)
    assert entry, f"AWS has no action {action}"
    return [f"{action.partition(':')[0]}:{item['name']}" for item in entry["resourceTypes"]]


@cache
def _simulator() -> "subprocess.Popen[str]":
    """Start the simulator once; it ends with this process."""
    install()
    command = ["node", str(FOLDER / "simulate.mjs")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def decide(policies: Mapping[str, Sequence[Policy]], requests: Sequence[Request]) -> list[bool]:
    """Return whether IAM allows each request.

    Raises:
        AssertionError: a request is invalid, for example has a condition key that the action does not have.
    """
    simulator = _simulator()
    assert simulator.stdin
    assert simulator.stdout
    given = {"policies": policies, "requests": [asdict(request) for request in requests]}
    simulator.stdin.write(json.dumps(given) + "\n")
    simulator.stdin.flush()
    decisions = json.loads(simulator.stdout.readline())
    for request, decision in zip(requests, decisions, strict=True):
        assert not decision.get("error"), f"{request}: {decision['error']}"
        assert not decision["ignored"], f"{request}: {request.action} has no keys {decision['ignored']}"
    return [decision["decision"] == "Allowed" for decision in decisions]
