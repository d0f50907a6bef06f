"""What an image holds (its SBOM, in CycloneDX's form) and what it was built from, as files."""

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
from ecs.release.revision import Revision
from ecs.settings import ROOT, Settings

FOLDER = ROOT / ".ecs" / "releases"
FILES = ("Dockerfile", "requirements/serve.txt", "model/artifact/manifest.json")
PACKAGES = Path(__file__).with_name("packages.sh")


def base_image(settings: Settings, *, pull: bool) -> str:
    """Name the base image, by digest where it is known here; with `pull`, fetch the newest before."""
    name = settings.base_image or re.findall(r"(?m)^ARG BASE=(\S+)", (ROOT / "Dockerfile").read_text())[0]
    if pull:
        docker.call("pull", "--platform", settings.docker_platform, name)
    return name if "@" in name else docker.inspect(name, "{{index .RepoDigests 0}}") or name


def write(image: str, settings: Settings, revision: Revision, base: str) -> Path:
    """Write `sbom.cdx.json` and `provenance.json` of an image that was built here; give their folder."""
    folder = FOLDER / revision.tag
    folder.mkdir(parents=True, exist_ok=True)
    listed = docker.run(image, settings, PACKAGES.read_text(encoding="utf-8"))
    (folder / "sbom.cdx.json").write_text(sbom(listed, revision) + "\n")
    (folder / "provenance.json").write_text(to_json(provenance(image, settings, revision, base)) + "\n")
    return folder


def sbom(listed: str, revision: Revision) -> str:
    """Give the bill of materials: the model, and the packages that are listed, a package URL a line."""
    urls = {PackageURL.from_string(line) for line in listed.splitlines() if line.startswith("pkg:")}
    whole = Component(type=ComponentType.CONTAINER, name="image", version=revision.tag, bom_ref="image")
    model = ComponentType.MACHINE_LEARNING_MODEL
    bom = Bom(components=[Component(type=model, name="model", version=revision.model, bom_ref="model")])
    for url in urls:
        bom.components.add(Component(name=url.name, version=url.version, purl=url, bom_ref=str(url)))
    bom.metadata.component = whole
    bom.register_dependency(whole, bom.components)
    return str(JsonV1Dot6(bom).output_as_string(indent=2))


def provenance(image: str, settings: Settings, revision: Revision, base: str) -> dict[str, Any]:
    """Say what an image was built from, by name and digest, by which Docker, and when."""
    return {
        "image": image,
        "image_id": docker.inspect(image, "{{.Id}}"),
        "platform": settings.docker_platform,
        "git_commit": Repo.discover(ROOT).head().decode(),
        "git_revision": revision.git,
        "model_version": revision.model,
        "base_image": base,
        "sha256": {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in FILES},
        "docker": docker.version(),
        "built_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
