"""The SBOM lists each locked Python package with its version, and Debian's packages."""

import json
import re

import msgspec
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from ecs.release import docker, provenance
from ecs.release.candidate import Candidate
from ecs.settings import load_settings
from tests.serving import ROOT


def test_each_package_in_the_image_is_listed(image: str) -> None:
    architecture = "ARM64" if docker.inspect(image, docker.PLATFORM) == "linux/arm64" else "X86_64"
    settings = msgspec.structs.replace(load_settings("prod"), architecture=architecture)
    found = docker.run(image, settings, provenance.PACKAGES.read_text())
    listed = json.loads(provenance.sbom(found, Candidate("0123456789ab", "25f1f87a5e3d", "X86_64")))
    urls = {item["purl"] for item in listed["components"] if "purl" in item}
    named = (url.removeprefix("pkg:pypi/").split("@") for url in urls if url.startswith("pkg:pypi/"))
    pypi = {(canonicalize_name(name), version) for name, version in named}
    lock = (ROOT / "requirements" / "serve.txt").read_text()
    for name, version, only in re.findall(r"^([a-z0-9-]+)==(\S+)(?: ; (.*))? \\", lock, re.MULTILINE):
        if not only or Marker(only).evaluate({"sys_platform": "linux", "python_full_version": "3.13.5"}):
            assert (name, version) in pypi, f"{name} {version}"
    for start in ("pkg:deb/debian/libc6@", "pkg:generic/python@3.13", "pkg:generic/tini@0."):
        assert any(url.startswith(start) for url in urls), start
