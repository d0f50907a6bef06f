"""SBOM and provenance of a release: valid by their schemas, with every package and every input."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from ecs.errors import DeployError, NotAllowedError, UsageError
from ecs.release import docker, provenance
from ecs.release.candidate import Candidate
from ecs.settings import Settings
from tests.serving import ROOT

PACKAGES = """pkg:generic/python@3.13.5
pkg:pypi/Flask@3.1.3
pkg:pypi/Flask@3.1.3
pkg:pypi/zope.event@6.2
pkg:deb/debian/libstdc++6@1:14.2.0-19+deb13u1~x?arch=amd64&distro=trixie
"""
BASE = "docker.io/library/python@sha256:" + "ab" * 32
DOCKER = """#!/usr/bin/env python3
import os, sys
with open(os.environ["CALLS"], "a") as file:
    file.write("\\t".join(sys.argv[1:]) + "\\n")
words = " ".join(sys.argv[1:])
print(next((answer for pattern, answer in ANSWERS if pattern in words), ""))
sys.exit(bool(FAILS) and FAILS in words)
"""


class Docker:
    """A fake Docker that answers as a test says, and records its calls."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = folder / "docker"
        self.calls_file = folder / "calls"
        self.calls_file.touch()
        monkeypatch.setenv("CALLS", str(self.calls_file))
        monkeypatch.setenv("PATH", str(folder), prepend=":")
        self.says({})

    def says(self, answers: dict[str, str], *, fails: str = "") -> None:
        known = {
            **answers,
            "Architecture}}": "linux/amd64",
            ".Id": "sha256:0123",
            "version": "28.1, linux/amd64",
        }
        text = DOCKER.replace("ANSWERS", repr(list(known.items()))).replace("FAILS", repr(fails))
        self.program.write_text(text)
        self.program.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        return [line.split("\t") for line in self.calls_file.read_text().splitlines()]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    return Docker(tmp_path, monkeypatch)


def test_the_sbom_is_of_the_schema_with_each_package_once_and_the_model(candidate: Candidate) -> None:
    text = provenance.sbom(PACKAGES, candidate)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert document["metadata"]["component"]["version"] == candidate.tag
    assert {item.get("purl", item["name"]) for item in document["components"]} == {
        "model",
        "pkg:generic/python@3.13.5",
        "pkg:pypi/flask@3.1.3",
        "pkg:pypi/zope.event@6.2",
        "pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19%2Bdeb13u1~x?arch=amd64&distro=trixie",
    }
    assert len(document["components"]) == 5


def test_the_provenance_names_each_input(asked: Docker, settings: Settings, candidate: Candidate) -> None:
    told = provenance.provenance("perfect-puppy:x", settings, candidate, BASE)
    assert (told["image_id"], told["base_image"], told["docker"]) == (
        "sha256:0123",
        BASE,
        "28.1, linux/amd64",
    )
    assert (told["git_revision"], told["model_version"]) == (candidate.git, candidate.model)
    assert len(told["git_commit"]) == 40
    lock = (ROOT / "requirements" / "serve.txt").read_bytes()
    assert told["sha256"]["requirements/serve.txt"] == hashlib.sha256(lock).hexdigest()
    assert asked.calls


def test_both_are_files_beside_the_release(
    asked: Docker, settings: Settings, candidate: Candidate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "FOLDER", tmp_path)
    warning = "WARNING: The requested image's platform does not match"
    asked.says({"run": f"{warning}\n{PACKAGES}"})
    folder = provenance.write("perfect-puppy:x", settings, candidate, BASE)
    assert folder == tmp_path / candidate.tag
    assert {path.name for path in folder.iterdir()} == {"sbom.cdx.json", "provenance.json"}
    assert all(json.loads(path.read_text()) for path in folder.iterdir())


def test_they_are_written_to_a_folder_that_git_ignores() -> None:
    assert provenance.FOLDER.relative_to(ROOT).parts[0] == ".ecs"
    assert ".ecs/" in (ROOT / ".gitignore").read_text().splitlines()


class TestBase:
    def test_is_the_dockerfiles_with_its_digest_where_docker_knows_it(
        self, asked: Docker, settings: Settings
    ) -> None:
        asked.says({"RepoDigests": BASE})
        assert provenance.base_image(settings, pull=False) == BASE
        assert [call[0] for call in asked.calls] == ["image"]
        assert asked.calls[0][-1] == "python:3.13-slim-trixie"

    def test_is_the_dockerfiles_by_its_tag_where_docker_does_not(
        self, asked: Docker, settings: Settings
    ) -> None:
        asked.says({}, fails="RepoDigests")
        assert provenance.base_image(settings, pull=False) == "python:3.13-slim-trixie"

    def test_is_fetched_before_it_is_named(self, asked: Docker, settings: Settings) -> None:
        asked.says({"RepoDigests": BASE})
        assert provenance.base_image(settings, pull=True) == BASE
        assert asked.calls[0] == ["pull", "--platform", "linux/amd64", "python:3.13-slim-trixie"]

    def test_is_that_of_the_settings(self, asked: Docker, settings: Settings) -> None:
        pinned = msgspec.structs.replace(settings, base_image=BASE)
        assert provenance.base_image(pinned, pull=False) == BASE
        assert asked.calls == []

    def test_is_given_to_the_build_as_an_argument_and_only_if_named(
        self, asked: Docker, settings: Settings
    ) -> None:
        docker.build("perfect-puppy:x", settings, {}, BASE)
        docker.build("perfect-puppy:x", settings, {})
        with_base, without = [call for call in asked.calls if call[0] == "build"]
        assert with_base[with_base.index("--build-arg") + 1] == f"BASE={BASE}"
        of_model = ["--build-arg", "ARTIFACT=model/artifact"]
        assert without == [
            *("build", "--platform", "linux/amd64"),
            *of_model,
            "--tag",
            "perfect-puppy:x",
            str(ROOT),
        ]


class TestFailures:
    """A Docker command that fails changes nothing that serves: exit code 2, or 3 for a missing permission."""

    def build(self, settings: Settings) -> DeployError:
        with pytest.raises(DeployError) as caught:
            docker.build("perfect-puppy:x", settings, {})
        return caught.value

    def push(self) -> DeployError:
        with pytest.raises(DeployError) as caught:
            docker.push("perfect-puppy:x", "registry/perfect-puppy:x", user="AWS", password="x")
        return caught.value

    def test_a_failed_build_has_changed_nothing(self, asked: Docker, settings: Settings) -> None:
        asked.says({"build": "ERROR: failed to solve: process pip did not complete"}, fails="build")
        error = self.build(settings)
        assert (type(error).exit_code, str(error)) == (
            2,
            "docker build failed:\nERROR: failed to solve: process pip did not complete",
        )

    @pytest.mark.usefixtures("asked")
    def test_an_image_for_another_platform_has_changed_nothing(self, settings: Settings) -> None:
        with pytest.raises(UsageError, match=r"built the image for linux/amd64, not for linux/arm64"):
            docker.build("perfect-puppy:x", msgspec.structs.replace(settings, architecture="ARM64"), {})

    @pytest.mark.parametrize(
        "said",
        [
            "error parsing HTTP 500 response body",
            "Error response from daemon: Get https://x: dial tcp 10.0.0.1:443: connect: connection refused",
            "no space left on device",
        ],
    )
    def test_a_failed_push_leaves_what_serves(self, asked: Docker, said: str) -> None:
        asked.says({"push": said}, fails="push")
        error = self.push()
        assert (error.exit_code, str(error)) == (2, f"docker push failed:\n{said}")

    def test_a_push_that_is_not_allowed_names_the_action(self, asked: Docker) -> None:
        said = (
            "denied: User: arn:aws:sts::1:assumed-role/x is not authorized to perform: "
            "ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-west-1:1:repository/x"
        )
        asked.says({"push": said}, fails="push")
        error = self.push()
        assert isinstance(error, NotAllowedError)
        assert "allows ecr:InitiateLayerUpload" in error.hint

    @pytest.mark.parametrize(
        "said",
        [
            "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?",
            "failed to connect to the docker API at unix:///x; check if the daemon is running",
            "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
            "error during connect: open //./pipe/docker_engine: The system cannot find the file specified.",
        ],
    )
    def test_docker_that_does_not_run_is_named_as_the_cause(
        self, asked: Docker, settings: Settings, said: str
    ) -> None:
        asked.says({"build": said}, fails="build")
        error = self.build(settings)
        assert isinstance(error, UsageError)
        assert str(error) == f"Docker does not run: {said}"
