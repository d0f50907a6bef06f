"""The calls to AWS in the tool's syntax tree, and the commands that can reach each."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.client import BaseClient

from ecs.aws import Aws
from ecs.settings import load_settings
from tests.serving import ROOT

PREFIXES = {"monitoring": "cloudwatch"}
"""IAM's prefix for services that sign requests with another name."""


class Place(NamedTuple):
    """A function, method, class or variable of a module."""

    module: str
    name: str


@cache
def clients() -> dict[str, BaseClient]:
    """Return the clients of `Aws` by the names of its properties."""
    aws = Aws(load_settings("prod"), boto3.Session("none", "none", region_name="eu-west-1"))
    return {name: getattr(aws, name) for name, kind in Aws.__annotations__.items() if "Client" in str(kind)}


def _client_of(node: ast.AST, local: Mapping[str, BaseClient]) -> BaseClient | None:
    """Return the client that an expression stands for: a known name, or a call that makes one."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="client" | "_client"), args=[ast.Constant(value=str(service)), *_]
        ):
            return _made(service)
        case ast.Name(id=name):
            return local.get(name) or clients().get(name)
        case ast.Attribute(attr=name):
            return clients().get(name)
    return None


def _local_clients(tree: ast.AST) -> dict[str, BaseClient]:
    """Return the variables to which a new client is assigned."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                names = target.elts if several else [target]  # type: ignore[attr-defined]
                values = node.value.elts if several else [node.value]  # type: ignore[attr-defined]
                for name, value in zip(names, values, strict=False):
                    if (
                        isinstance(name, ast.Name)
                        and isinstance(value, ast.Call)
                        and (client := _client_of(value, {}))
                    ):
                        found[name.id] = client
    return found


@cache
def _made(service: str) -> BaseClient:
    made: BaseClient = boto3.client(service, region_name="eu-west-1")
    return made


def _operations(tree: ast.AST) -> Iterator[str]:
    """Yield the calls to AWS in a syntax tree, as IAM's prefix and the operation, such as `ecs:RunTask`."""
    local = _local_clients(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        client, method = _client_of(node.func.value, local), node.func.attr
        if client is None:
            continue
        if method == "get_waiter":
            config: Any = client.get_waiter(ast.literal_eval(node.args[0])).config
            operation = config.operation
        else:
            called = ast.literal_eval(node.args[0]) if method == "get_paginator" else method
            operation = client.meta.method_to_api_mapping.get(called)
        if operation:  # None for attributes such as `exceptions` and `meta`
            signed = str(client.meta.service_model.signing_name)
            yield f"{PREFIXES.get(signed, signed)}:{operation}"


@cache
def _places() -> dict[Place, ast.stmt]:
    """Return what each module defines; methods as `.NAME`, because a caller's class is unknown."""
    found: dict[Place, ast.stmt] = {}
    for path in sorted((ROOT / "ecs").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                found[Place(module, node.name)] = node
            elif isinstance(node, ast.ClassDef):
                methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
                found |= {Place(module, f".{item.name}"): item for item in methods}
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {Place(module, item.id): node for item in targets if isinstance(item, ast.Name)}
            elif isinstance(node, ast.ImportFrom):
                found |= {Place(module, item.asname or item.name): node for item in node.names}
    return found


@cache
def _methods() -> Mapping[str, list[Place]]:
    found = defaultdict(list)
    for place in _places():
        if place.name.startswith("."):
            found[place.name].append(place)
    return found


def _origin(place: Place) -> Place | None:
    """Return the place that an imported name stands for; None if the module does not import it."""
    node = _places().get(place)
    if not isinstance(node, ast.ImportFrom):
        return None
    original = next(item.name for item in node.names if (item.asname or item.name) == place.name)
    return Place(str(node.module), original)


def _resolved(place: Place) -> Place | None:
    """Follow imports to the definition of a name; None if it is outside the tool."""
    while origin := _origin(place):
        place = origin
    return place if place in _places() else None


def _references(place: Place) -> Iterator[Place]:
    """Yield what a definition refers to: names, members of modules, and every method with a name it uses."""
    for node in ast.walk(_places()[place]):
        if isinstance(node, ast.Name) and (found := _resolved(Place(place.module, node.id))):
            yield found
        elif isinstance(node, ast.Attribute):
            yield from _methods().get(f".{node.attr}", ())
            module = _origin(Place(place.module, getattr(node.value, "id", "")))
            if module and (found := _resolved(Place(".".join(module), node.attr))):
                yield found


def calls(path: Path = ROOT / "ecs") -> set[str]:
    """Return every call to AWS in the tool, such as `ecs:UpdateService`."""
    return {
        operation
        for module in path.rglob("*.py")
        for operation in _operations(ast.parse(module.read_text(encoding="utf-8")))
    }


def calls_of(command: str) -> set[str]:
    """Return the calls that a command can reach; some too many, if two methods have the same name."""
    seen: set[Place] = set()
    left = [Place(f"ecs.commands.{command}", command)]
    while left:
        place = left.pop()
        if place not in seen:
            seen.add(place)
            left += _references(place)
    return {operation for place in seen for operation in _operations(_places()[place])}
