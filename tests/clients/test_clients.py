"""The OpenAPI document as linters and generators of clients see it, for each problem: `make clients`."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.problems import NAMES
from tests.serving import Server, running

HERE = Path(__file__).parent
NODE_BIN = HERE / "node_modules" / ".bin"


@dataclass(frozen=True)
class Asked:
    """What a client asks of a problem, in Python and in TypeScript, and words of the answer."""

    package: str
    request: str
    said: str
    invalid: str
    body: str
    bad_body: str
    answer: str
    wrong: str


ASKED = {
    "puppy": Asked(
        "perfect_puppy_client",
        "PredictRequest(home_size=1200, unit=PredictRequestUnit.SQFT)",
        "answer.breed, answer.home_size.sqft",
        "PredictRequest(home_size=5)",
        '{ home_size: 1200, unit: "sqft" }',
        "{ home_size: 5 }",
        "dachshund 1200",
        "/home_size",
    ),
    "penguins": Asked(
        "penguin_post_client",
        "PredictRequest(island=PredictRequestIsland.BISCOE, flipper_length=220.0, bill_depth=None)",
        "answer.species, answer.island",
        "PredictRequest(island=PredictRequestIsland.DREAM, flipper_length=5.0)",
        '{ island: "Biscoe", flipper_length: 220, bill_depth: null }',
        '{ island: "Dream", flipper_length: 5 }',
        "Gentoo Biscoe",
        "/flipper_length",
    ),
    "yard": Asked(
        "perfect_puppy_client",
        "PredictRequest(home_size=4000, has_yard=True, hours_away=2.5)",
        "answer.breed, answer.has_yard",
        "PredictRequest(home_size=4000, hours_away=25.0)",
        "{ home_size: 4000, has_yard: true, hours_away: 2.5 }",
        "{ home_size: 4000, hours_away: 25 }",
        "german_shepherd true",
        "/hours_away",
    ),
}

PYTHON = """\
import sys

from {package} import Client
from {package}.api.model import get_model, list_classes
from {package}.api.predictions import predict, predict_batch
from {package}.models import *

client = Client(base_url=sys.argv[1])
answer = predict.sync(client=client, body={request})
assert isinstance(answer, PredictResponse)
print({said})
explained = predict.sync(client=client, body={request}, explain=True)
assert isinstance(explained, PredictResponse) and explained.reasons
wrong = predict.sync(client=client, body={invalid})
assert isinstance(wrong, ProblemDetails) and wrong.status == 422 and wrong.errors
print(wrong.errors[0].pointer)
model = get_model.sync(client=client)
assert isinstance(model, ModelResponse) and model.model_version == answer.model_version
known = list_classes.sync(client=client)
assert isinstance(known, ClassesResponse) and answer.name in [entry.name for entry in known.classes]
"""

TYPESCRIPT = """\
import createClient from "openapi-fetch";
import type {{ components, paths }} from "./api.js";

const client = createClient<paths>({{ baseUrl: process.argv[2] }});
const body: components["schemas"]["PredictRequest"] = {body};
const {{ data, error }} = await client.POST("/api/predict", {{ body }});
if (!data) throw new Error(error.detail);
const answer: components["schemas"]["PredictResponse"] = data;
console.log({said});
const refused = await client.POST("/api/predict", {{ body: {bad_body} }});
const problem: components["schemas"]["ProblemDetails"] | undefined = refused.error;
console.log(problem?.errors?.[0]?.pointer);
"""


@pytest.fixture(scope="module", params=NAMES)
def problem(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def served(
    problem: str, model_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(problem)
    with running(folder / "log", MODEL_DIR=str(model_of(problem))) as server:
        yield server


@pytest.fixture(scope="module")
def document(problem: str, served: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document that a server serves, as a file."""
    path = tmp_path_factory.mktemp(problem) / "openapi.json"
    path.write_bytes(httpx.get(f"{served.url}/api/openapi.json").content)
    return path


def run(*command: str | Path, folder: Path) -> str:
    """Run a command that must succeed; return what it printed."""
    environ = os.environ | {"REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "REDOCLY_TELEMETRY": "off"}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_redoclys_recommended_rules_find_nothing(document: Path) -> None:
    lint = (NODE_BIN / "redocly", "lint", "--extends=recommended", "--format=json", document.name)
    found = json.loads(run(*lint, folder=document.parent))
    assert found["problems"] == []


def test_spectrals_rules_find_nothing(document: Path) -> None:
    rules = ("--ruleset", HERE / "ruleset.yaml", "--fail-severity=hint", "--format=json", "--quiet")
    assert json.loads(run(NODE_BIN / "spectral", "lint", *rules, document.name, folder=document.parent)) == []


def test_a_request_has_one_type(document: Path) -> None:
    schemas = json.loads(document.read_bytes())["components"]["schemas"]
    assert "PredictRequest" in schemas
    assert not {"anyOf", "oneOf", "allOf"} & schemas["PredictRequest"].keys()
    assert all("anyOf" not in prop for prop in schemas["PredictRequest"]["properties"].values())


def test_a_python_client_asks_and_gets_typed_answers_and_typed_problems(
    problem: str, served: Server, document: Path
) -> None:
    asked, folder = ASKED[problem], document.parent
    tool = Path(sys.executable).with_name("openapi-python-client")
    options = (
        "--path",
        document.name,
        "--config",
        HERE / "python.yaml",
        "--fail-on-warning",
        "--meta",
        "none",
    )
    run(tool, "generate", *options, "--output-path", asked.package, folder=folder)
    (folder / "ask.py").write_text(
        PYTHON.format(package=asked.package, request=asked.request, said=asked.said, invalid=asked.invalid)
    )
    (folder / "mypy.ini").write_text(
        f"[mypy]\nstrict = True\n[mypy-{asked.package}.*]\nignore_errors = True\n"
    )
    run(sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "ask.py", folder=folder)
    answer, pointer = run(sys.executable, "ask.py", served.url, folder=folder).splitlines()
    assert answer.lower().removesuffix(".0") == asked.answer.lower()
    assert pointer == asked.wrong


def test_a_typescript_client_asks_and_gets_typed_answers_and_typed_problems(
    problem: str, served: Server, document: Path
) -> None:
    asked, folder = ASKED[problem], document.parent
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    run(NODE_BIN / "openapi-typescript", document.name, "--output", "api.d.ts", folder=folder)
    script = TYPESCRIPT.format(body=asked.body, said=asked.said, bad_body=asked.bad_body)
    (folder / "ask.ts").write_text(script)
    strict = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "node")
    run(NODE_BIN / "tsc", *strict, "ask.ts", folder=folder)
    assert run("node", "ask.js", served.url, folder=folder).splitlines() == [asked.answer, asked.wrong]
