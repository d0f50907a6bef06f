"""The README's chapter "Your own table in ten minutes", run word for word in a copy of the project."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.serving import ROOT, START_CEILING, copy_project, free_port

CHAPTER = re.findall(r"(?ms)^## Your own table in ten minutes$(.*?)^## ", (ROOT / "README.md").read_text())[0]
FIRST, IMAGE = (block.strip().splitlines() for block in re.findall(r"(?s)```bash\n(.*?)```", CHAPTER))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all files that git does not ignore, with the environment that is set up here."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def test_the_chapter_has_make_targets_only() -> None:
    assert all(line.startswith("make ") for line in (*FIRST, *IMAGE))


def test_the_chapter_serves_the_penguins_and_leaves_the_puppy_alone(project: Path) -> None:
    # As in a shell of a person: below another make, make prints lines about folders, into the draft too.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    *before, run = FIRST
    shipped = (project / "model" / "artifact" / "manifest.json").read_bytes()
    for line in before:
        done = subprocess.run(
            line, shell=True, cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    port = free_port()
    settings = {"PORT": str(port), "METRICS_BIND": "off", "STOP_WAIT_SECONDS": "0"}
    server = subprocess.Popen(
        run, shell=True, cwd=project, env=environment | settings, stdout=subprocess.DEVNULL, process_group=0
    )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_CEILING
        while True:
            try:
                page = httpx.get(f"{url}/")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                assert server.poll() is None
                time.sleep(0.05)
        assert "<h1>Which species?</h1>" in page.text
        asked = {"island": "Biscoe", "flipper_length": 220, "bill_depth": 14.2, "year": 2008}
        answer = httpx.post(f"{url}/api/predict", json=asked).json()
        assert (answer["species"], answer["name"]) == ("Gentoo", "Gentoo")
        assert answer["bill_length"] is None
        everything = (page, httpx.get(f"{url}/model"), httpx.get(f"{url}/api/openapi.json"))
        for answered in everything:
            assert not re.search(r"\b(pupp(y|ies)|homes?|breeds?|dogs?)\b", answered.text, re.IGNORECASE)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
    assert (project / "model" / "artifact" / "manifest.json").read_bytes() == shipped
