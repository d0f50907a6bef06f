from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from ecs.aws import Aws
from ecs.failure import evidence
from ecs.release import watch
from ecs.release.candidate import Candidate
from ecs.settings import Settings, load_settings


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings("prod")


@pytest.fixture(scope="session")
def aws(settings: Settings) -> Aws:
    """A session whose clients must not send anything; tests stub those that they use."""
    return Aws(settings, boto3.Session("none", "none", region_name="eu-west-1"))


@pytest.fixture(scope="session")
def candidate() -> Candidate:
    return Candidate("0123456789ab", "25f1f87a5e3d", "X86_64")


@pytest.fixture
def ecr(aws: Aws) -> Iterator[Stubber]:
    """The stubbed ECR client of `aws`; all its responses must be used."""
    with Stubber(aws.ecr) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def fast_rollout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Poll deployments without a pause, and write evidence to a temporary folder."""
    monkeypatch.setattr(watch, "POLL_SECONDS", 0)
    monkeypatch.setattr(evidence, "FOLDER", tmp_path / "evidence")
