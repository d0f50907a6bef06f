"""Which modules import which, read from their source."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.serving import ROOT


def modules(*places: str) -> dict[str, Path]:
    """Return the modules in these files and folders of the tree, by their full names."""
    files = [file for place in places for file in [*ROOT.glob(f"{place}.py"), *(ROOT / place).rglob("*.py")]]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return {name.removesuffix(".__init__"): file for name, file in zip(names, files, strict=True)}


def imports(file: Path) -> Iterator[str]:
    """Yield the full name of each module that a file imports, also inside functions and for types only.

    Of `from package import name` it yields `package` and `package.name`, which may be a module too.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{file} has a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(module: str, *packages: str) -> bool:
    """Say whether a module is one of these, or inside one of them."""
    return any(f"{module}.".startswith(f"{package}.") for package in packages)
