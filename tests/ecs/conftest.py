import boto3
import pytest

from ecs.aws import Aws
from ecs.release.revision import Revision
from ecs.settings import Settings, load_settings


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings("prod")


@pytest.fixture(scope="session")
def aws(settings: Settings) -> Aws:
    """A session that nothing is asked of."""
    return Aws(settings, boto3.Session("none", "none", region_name="eu-west-1"))


@pytest.fixture(scope="session")
def revision() -> Revision:
    return Revision("0123456789ab", "25f1f87a5e3d", "X86_64")
