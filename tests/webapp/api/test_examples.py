"""The examples for programmers, in the README and on the docs page: shown unchanged, and run."""

import json
import os
import re
import shutil
import subprocess
import sys

import httpx
import pytest

from webapp.api.docs import EXAMPLES
from webapp.config import ROOT

README = (ROOT / "README.md").read_text()
FOLDER = ROOT / "webapp" / "api" / "examples"


def node() -> str:
    found = shutil.which("node")
    if found:
        return found
    missing = "The JavaScript example needs Node.js 18 or newer, and `node` is not on the PATH."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def run(file: str, base_url: str) -> str:
    """Run an example against a server; return what it prints."""
    code = (FOLDER / file).read_text().replace("http://localhost:8000", base_url)
    command = {
        "sh": ["bash", "-euo", "pipefail", "-c", code],
        "py": [sys.executable, "-c", code],
        "mjs": ["node", "--input-type=module", "--eval", code],
    }[file.rpartition(".")[2]]
    if command[0] == "node":
        command[0] = node()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer_below(code: str) -> str:
    """Return the block of output that follows an example in the README."""
    found = re.match(r"```\n\n```\w+\n(.*?)```", README.partition(code)[2], re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("file", EXAMPLES.values())
def test_the_readme_shows_each_example_unchanged(file: str) -> None:
    assert (FOLDER / file).read_text() in README


def test_the_docs_page_shows_each_example_with_the_servers_own_address(base_url: str) -> None:
    page = httpx.get(f"{base_url}/api/docs").text.replace("&#39;", "'").replace("&#34;", '"')
    page = page.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    for file in EXAMPLES.values():
        assert (FOLDER / file).read_text().replace("http://localhost:8000", base_url) in page


def test_the_curl_example_prints_the_answer_in_the_readme(base_url: str) -> None:
    expected = json.loads(answer_below((FOLDER / "ask.sh").read_text()))
    expected["image_url"] = expected["image_url"].replace("http://localhost:8000", base_url)
    assert json.loads(run("ask.sh", base_url)) == expected


def test_the_batch_example_prints_the_answer_in_the_readme(base_url: str) -> None:
    assert run("batch.sh", base_url) == answer_below((FOLDER / "batch.sh").read_text())


def test_the_python_example_prints_the_puppy(base_url: str) -> None:
    assert run("ask.py", base_url) == "Dachshund, 86%\n"


def test_the_javascript_example_prints_the_puppy(base_url: str) -> None:
    assert run("ask.mjs", base_url) == "German Shepherd, 96%\n"
