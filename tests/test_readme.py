"""The README, CONTRIBUTING.md and SECURITY.md name `make` targets, files and settings that exist."""

import re
from pathlib import Path

import msgspec
import pytest

from webapp.config import ROOT, Settings, accepted_values

README = (ROOT / "README.md").read_text()
DOCUMENTS = "".join((ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_table_of_settings_is_generated_from_the_settings() -> None:
    rows = ["| variable | default | takes | meaning |", "| --- | --- | --- | --- |"]
    for field in msgspec.structs.fields(Settings):
        [meta] = field.type.__metadata__
        takes = accepted_values(field.type)
        rows.append(f"| `{field.name.upper()}` | `{field.default}` | {takes} | {meta.description} |")
    assert "\n".join(rows) in README


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:`|^)make ([a-z-]+)\b", DOCUMENTS, re.MULTILINE)))
)
def test_every_make_target_they_name_exists(target: str) -> None:
    assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "path",
    sorted(
        set(re.findall(r"`((?:\.?\w+/)+[\w./-]*|\w+\.(?:py|md|toml|txt))`", DOCUMENTS)) - {"model/penguins"}
    ),
)
def test_every_path_they_name_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", re.findall(r"(?:\]\(|src=\")(?!https?:)([^)#\"]+)[)\"]", DOCUMENTS))
def test_every_file_they_link_to_exists(link: str) -> None:
    assert (Path(ROOT) / link).exists()
