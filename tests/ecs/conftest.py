import boto3
import pytest

from ecs.aws import Aws
from ecs.release.candidate import Candidate
from ecs.settings import Settings, load_settings


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings("prod")


@pytest.fixture(scope="session")
def aws(settings: Settings) -> Aws:
    """A session that nothing is asked of."""
    return Aws(settings, boto3.Session("none", "none", region_name="eu-west-1"))


@pytest.fixture(scope="session")
def candidate() -> Candidate:
    return Candidate("0123456789ab", "e27279efdf8a", "X86_64")
