"""What the README says is so."""

import re
from pathlib import Path

import msgspec
import pytest

from webapp.config import ROOT, Settings, accepted_values

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_table_of_settings_is_the_settings() -> None:
    rows = ["| variable | default | takes | meaning |", "| --- | --- | --- | --- |"]
    for field in msgspec.structs.fields(Settings):
        [meta] = field.type.__metadata__
        takes = accepted_values(field.type)
        rows.append(f"| `{field.name.upper()}` | `{field.default}` | {takes} | {meta.description} |")
    assert "\n".join(rows) in README


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"\bmake ([a-z-]+)\b", README))))
def test_every_verb_it_names_is_in_the_makefile(verb: str) -> None:
    assert re.search(rf"^{verb}:.*## ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "path", re.findall(r"^\| `([\w./]+)`[,| ]", README.partition("## Train")[0], re.MULTILINE)
)
def test_every_place_on_its_map_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", re.findall(r"(?:\]\(|src=\")(?!https?:)([^)#\"]+)[)\"]", README))
def test_every_file_it_links_to_is_there(link: str) -> None:
    assert (Path(ROOT) / link).exists()
