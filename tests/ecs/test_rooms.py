"""Imports in `ecs/` go one way, from the command line down to settings and errors, never back."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.serving import ROOT

# A module may import from its own package, and from the lines below its own.
ORDER = (
    "__main__",
    "cli",
    "commands",
    "run checks",
    "release",
    "foundation failure",
    "aws output",
    "settings",
    "errors",
)
RANKS = {name: rank for rank, names in enumerate(ORDER) for name in names.split()}
MODULES = sorted((ROOT / "ecs").rglob("*.py"))


def room(module: str) -> str:
    """Return the package below `ecs` of a module, or its own name: `release` for `ecs.release.task`."""
    return module.split(".")[1]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ecs"):
            yield from (
                f"{node.module}.{name.name}" if node.module == "ecs" else node.module for name in node.names
            )


def test_no_module_imports_from_a_room_above_it() -> None:
    for path in MODULES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module == "ecs.__init__":
            continue
        for other in imported(path):
            same = room(other) == room(module)
            assert same or RANKS[room(other)] > RANKS[room(module)], f"{module} imports {other}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    needs = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): set(imported(path))
        for path in MODULES
    }
    while free := [module for module, others in needs.items() if not others & needs.keys()]:
        for module in free:
            del needs[module]
    assert not needs, f"a circle among {sorted(needs)}"
