"""Imports in `ecs/` go one way, from the command line down to settings and errors, never back."""

from tests.imports import imports, modules

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
ECS = modules("ecs")


def room(module: str) -> str:
    """Return the package below `ecs` of a module, or its own name: `release` for `ecs.release.task`."""
    return module.split(".")[1]


def test_no_module_imports_from_a_room_above_it() -> None:
    for name in ECS.keys() - {"ecs"}:
        for other in ECS.keys() & set(imports(ECS[name])) - {"ecs"}:
            assert room(other) == room(name) or RANKS[room(other)] > RANKS[room(name)], (
                f"{name} imports {other}"
            )
