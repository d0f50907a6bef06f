"""Settings files for tests: write one with some values changed, and read the error it causes."""

import re
from pathlib import Path

import pytest

from ecs.errors import UsageError
from ecs.settings import SETTINGS_FILE, load_settings

TEXT = SETTINGS_FILE.read_text()


def written(folder: Path, *changes: tuple[str, str], more: str = "") -> Path:
    text = TEXT
    for name, value in changes:
        text, count = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, count=1, flags=re.MULTILINE)
        assert count == 1
    path = folder / "settings.toml"
    path.write_text(text + more)
    return path


def refusal(path: Path, env: str = "prod") -> str:
    with pytest.raises(UsageError) as caught:
        load_settings(env, path)
    return str(caught.value)
