"""Write an image's bill of materials (SBOM, in CycloneDX's format) and its provenance to files."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from dulwich.repo import Repo
from packageurl import PackageURL

from ecs.output import to_json
from ecs.release import docker
from ecs.release.candidate import Candidate
from ecs.settings import ROOT, Settings

FOLDER = ROOT / ".ecs" / "releases"
FILES = ("Dockerfile", "requirements/serve.txt")
PACKAGES = Path(__file__).with_name("packages.sh")


def base_image(settings: Settings, *, pull: bool) -> str:
    """Return the name of the base image, with its digest if Docker knows it; with `pull`, pull it first."""
    name = settings.base_image or re.findall(r"(?m)^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text())[0]
    if pull:
        docker.call("pull", "--platform", settings.docker_platform, name)
    return name if "@" in name else docker.inspect(name, "{{index .RepoDigests 0}}") or name


def write(image: str, settings: Settings, candidate: Candidate, base: str) -> Path:
    """Write `sbom.cdx.json` and `provenance.json` of a local image, and return their folder."""
    folder = FOLDER / candidate.tag
    folder.mkdir(parents=True, exist_ok=True)
    listed = docker.run(image, settings, PACKAGES.read_text(encoding="utf-8"))
    (folder / "sbom.cdx.json").write_text(sbom(listed, candidate) + "\n")
    (folder / "provenance.json").write_text(to_json(provenance(image, settings, candidate, base)) + "\n")
    return folder


def sbom(listed: str, candidate: Candidate) -> str:
    """Return the SBOM of the model and of the packages, which are listed as one package URL per line."""
    urls = {PackageURL.from_string(line) for line in listed.splitlines() if line.startswith("pkg:")}
    whole = Component(type=ComponentType.CONTAINER, name="image", version=candidate.tag, bom_ref="image")
    model = ComponentType.MACHINE_LEARNING_MODEL
    bom = Bom(components=[Component(type=model, name="model", version=candidate.model, bom_ref="model")])
    for url in urls:
        bom.components.add(Component(name=url.name, version=url.version, purl=url, bom_ref=str(url)))
    bom.metadata.component = whole
    bom.register_dependency(whole, bom.components)
    return str(JsonV1Dot6(bom).output_as_string(indent=2))


def provenance(image: str, settings: Settings, candidate: Candidate, base: str) -> dict[str, Any]:
    """Return what the image was built from (names and digests), by which Docker, and when."""
    files = (*FILES, f"{settings.artifact}/manifest.json")
    return {
        "image": image,
        "image_id": docker.inspect(image, "{{.Id}}"),
        "platform": settings.docker_platform,
        "git_commit": Repo.discover(ROOT).head().decode(),
        "git_revision": candidate.git,
        "model_version": candidate.model,
        "base_image": base,
        "sha256": {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in files},
        "docker": docker.version(),
        "built_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
