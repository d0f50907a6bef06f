"""The files and the configuration of the image."""

import stat
import subprocess
import sys
import zlib
from pathlib import PurePosixPath
from typing import IO, cast

from tests.container.docker import File, inspect
from tests.load.clients import say
from tests.serving import ROOT
from webapp.config import load_settings

MB = 1_000_000


def test_the_image_is_small(image: str, files: dict[PurePosixPath, File]) -> None:
    parts: dict[str, int] = {}
    for path, file in files.items():
        part = "/".join(path.parts[1:6] if "site-packages" in path.parts else path.parts[1:2])
        parts[part] = parts.get(part, 0) + file.size
    largest = sorted(parts.items(), key=lambda part: -part[1])[:5]
    size = inspect("image", image)["Size"]
    packer, packed = zlib.compressobj(6), 0
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as process:
        while block := cast(IO[bytes], process.stdout).read(1 << 20):
            packed += len(packer.compress(block))
    packed += len(packer.flush())
    assert process.returncode == 0
    say(
        f"{size / MB:.0f} MB on disk, {packed / MB:.0f} MB compressed; "
        + ", ".join(f"{part} {bytes_ / MB:.0f} MB" for part, bytes_ in largest)
    )
    assert size <= 345 * MB
    assert packed <= 118 * MB


def test_the_image_holds_nothing_that_serving_does_not_need(files: dict[PurePosixPath, File]) -> None:
    unwanted = {".git", "tests", "test", "pip", "ecs", "train.py", "homes.csv", "Makefile", "requirements"}
    packages = PurePosixPath("/venv/lib/python3.13/site-packages")
    assert packages in files
    # Only whole names count: XGBoost has a module `testing`, which stays.
    assert [path for path in files if path.name in unwanted] == []
    training = {"pandas", "sklearn", "matplotlib", "boto3", "pytest", "playwright", "rich"}
    assert training & {path.name for path in files if path.parent == packages} == set()


def test_the_image_holds_only_the_modules_of_the_model_that_serving_imports(
    files: dict[PurePosixPath, File],
) -> None:
    script = "import sys, webapp; webapp.create_app(); print(*(m for m in sys.modules if m[:6] == 'model.'))"
    imported = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True).split()
    model = PurePosixPath("/app/model")
    there = {
        path.relative_to(model).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for path in files
        if path.is_relative_to(model) and path.suffix == ".py"
    }
    assert there == {name.removeprefix("model.") for name in imported} | {"__init__", "check"}


def test_every_file_belongs_to_root_and_only_root_can_write_to_it(
    files: dict[PurePosixPath, File],
) -> None:
    wrong = [
        path
        for path, file in files.items()
        if file.uid or file.gid or (not file.link and file.mode & (stat.S_IWGRP | stat.S_IWOTH))
    ]
    assert wrong == []


def test_every_module_has_byte_code_that_is_never_checked_again(
    files: dict[PurePosixPath, File],
) -> None:
    sources = {path for path in files if path.suffix == ".py"}
    compiled = {path for path in files if path.suffix == ".pyc"}
    from_source = {path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" for path in sources}
    assert compiled <= from_source
    # Some packages carry templates in files named `.py` that are no valid Python.
    assert len(from_source - compiled) < 5
    assert {files[path].head[4] for path in compiled} == {1}, "PEP 552: by hash, unchecked"


def test_the_labels_name_version_revision_and_model(image: str) -> None:
    labels = inspect("image", image)["Config"]["Labels"]
    revision = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True).strip()
    assert labels["org.opencontainers.image.revision"].removesuffix("-dirty") == revision
    assert (
        f'version = "{labels["org.opencontainers.image.version"]}"' in (ROOT / "pyproject.toml").read_text()
    )
    assert (ROOT / f"model/artifact/model-{labels['perfect-puppy.model-version']}.ubj").exists()


def test_the_images_configuration(image: str) -> None:
    config = inspect("image", image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert (config["Entrypoint"], config["Cmd"]) == (["tini", "--"], ["gunicorn"]), (
        "the exec form, for signals"
    )
    environ = dict(line.split("=", 1) for line in config["Env"])
    assert environ["OMP_NUM_THREADS"] == "1"
    assert load_settings(environ).web_concurrency == 2, "and not the host's count"
