"""The examples for programmers on the docs page, run; the README shows one of them."""

import html
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


def node() -> str:
    found = shutil.which("node")
    if found:
        return found
    missing = "The JavaScript example needs Node.js 18 or newer, and `node` is not on the PATH."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def examples(base_url: str) -> dict[str, str]:
    """Return the examples on the docs page, by their names."""
    page = httpx.get(f"{base_url}/api/docs").text
    found = re.findall(r"<summary>(.*?)</summary>\s*<pre><code>(.*?)</code></pre>", page, re.DOTALL)
    return {name: html.unescape(code) for name, code in found}


def run(name: str, base_url: str) -> str:
    """Run an example against a server; return what it prints."""
    code = examples(base_url)[name]
    command = {
        "sh": ["bash", "-euo", "pipefail", "-c", code],
        "py": [sys.executable, "-c", code],
        "mjs": ["node", "--input-type=module", "--eval", code],
    }[EXAMPLES[name].rpartition(".")[2]]
    if command[0] == "node":
        command[0] = node()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_docs_page_shows_every_example_with_the_servers_own_address(base_url: str) -> None:
    found = examples(base_url)
    assert found.keys() == EXAMPLES.keys()
    assert all(base_url in code for code in found.values())


def test_the_readme_shows_the_curl_example_and_its_answer(base_url: str) -> None:
    code = examples(base_url)["curl"].replace(base_url, "http://localhost:8000")
    found = re.search(re.escape(code) + r"\n```\n\n```json\n(.*?)```", README, re.DOTALL)
    assert found
    expected = json.loads(found[1].replace("http://localhost:8000", base_url))
    assert json.loads(run("curl", base_url)) == expected


def test_the_batch_example_prints_a_line_for_its_home(base_url: str) -> None:
    header, line = run("Many at once, in CSV", base_url).splitlines()
    assert header == "breed,probability,outside_training_range,error"
    assert line.startswith("dachshund,0.8")


def test_the_python_and_the_javascript_example_print_the_puppy(base_url: str) -> None:
    assert run("Python", base_url) == run("JavaScript", base_url) == "Dachshund, 84%\n"
