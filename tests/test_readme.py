"""The README, CONTRIBUTING.md and SECURITY.md name verbs, files and settings that exist."""

import re
from pathlib import Path

import pytest

from webapp.config import ROOT, settings_table

README = (ROOT / "README.md").read_text()
ALL = "".join((ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_table_of_settings_is_generated_from_the_settings() -> None:
    assert settings_table() in README


@pytest.mark.parametrize("verb", sorted(set(re.findall(r"(?:`|^)make ([a-z-]+)\b", ALL, re.MULTILINE))))
def test_every_make_verb_it_names_exists(verb: str) -> None:
    assert re.search(rf"^{verb}:.*## ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "path",
    sorted(set(re.findall(r"`((?:\.?\w+/)+[\w./-]*|\w+\.(?:py|md|toml|txt))`", ALL)) - {"my-artifact/"}),
)
def test_every_path_it_names_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", re.findall(r"(?:\]\(|src=\")(?!https?:)([^)#\"]+)[)\"]", ALL))
def test_every_file_it_links_to_exists(link: str) -> None:
    assert (Path(ROOT) / link).exists()
