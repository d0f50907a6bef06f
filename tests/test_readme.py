"""The README names settings, make verbs, paths and links that exist."""

import re
from pathlib import Path

import pytest

from webapp.config import ROOT, settings_table

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_table_of_settings_is_generated_from_the_settings() -> None:
    assert settings_table() in README


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"\bmake ([a-z-]+)\b", README))))
def test_every_make_verb_in_the_readme_exists(verb: str) -> None:
    assert re.search(rf"^{verb}:.*## ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "path", re.findall(r"^\| `([\w./]+)`[,| ]", README.partition("## Train")[0], re.MULTILINE)
)
def test_every_path_on_the_readmes_map_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", re.findall(r"(?:\]\(|src=\")(?!https?:)([^)#\"]+)[)\"]", README))
def test_every_file_the_readme_links_to_exists(link: str) -> None:
    assert (Path(ROOT) / link).exists()
