"""The examples for programmers, each really run: in the README, and on the page of the API."""

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
    """Run an example against a server; give what it prints."""
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
    """Give the block that follows an example in the README."""
    found = re.match(r"```\n\n```\w+\n(.*?)```", README.partition(code)[2], re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("file", EXAMPLES.values())
def test_the_readme_has_it_as_it_is(file: str) -> None:
    assert (FOLDER / file).read_text() in README


def test_the_page_of_the_api_has_them_all_with_its_own_address(base_url: str) -> None:
    page = httpx.get(f"{base_url}/api/docs").text.replace("&#39;", "'").replace("&#34;", '"')
    page = page.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
    for file in EXAMPLES.values():
        assert (FOLDER / file).read_text().replace("http://localhost:8000", base_url) in page


def test_curl_gets_the_answer_that_stands_below_it(base_url: str) -> None:
    expected = json.loads(answer_below((FOLDER / "ask.sh").read_text()))
    expected["image_url"] = expected["image_url"].replace("http://localhost:8000", base_url)
    assert json.loads(run("ask.sh", base_url)) == expected


def test_a_batch_gets_the_answer_that_stands_below_it(base_url: str) -> None:
    assert run("batch.sh", base_url) == answer_below((FOLDER / "batch.sh").read_text())


def test_python_says_the_puppy(base_url: str) -> None:
    assert run("ask.py", base_url) == "Dachshund, 86%\n"


def test_javascript_says_the_puppy(base_url: str) -> None:
    assert run("ask.mjs", base_url) == "German Shepherd, 96%\n"
