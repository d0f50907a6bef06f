"""Account, region and architecture come from the settings, so nothing is deployed elsewhere by accident."""

import platform
from pathlib import Path

import pytest

from ecs.aws import connect
from ecs.commands import COMMANDS
from ecs.errors import UsageError
from ecs.settings import load_settings
from tests.ecs.fake_aws import FakeAws, fake_aws, refusal
from tests.ecs.project import Project, Result
from tests.ecs.settings_file import refusal as refused_setting
from tests.ecs.settings_file import written

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
THEIRS, OURS = "123456789012", "999999999999"
ARGUMENTS = {
    "up": ("--yes",),
    "rollback": ("--yes",),
    "redeploy": ("--yes",),
    "run": ("--", "check"),
    "destroy": ("--yes", "perfect-puppy-prod"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tool with settings for account 999999999999 in eu-central-1, unlike the credentials."""
    return Project(tmp_path_factory.mktemp("project"), {"account": OURS, "region": "eu-central-1"})


def run(project: Project, aws: FakeAws, *arguments: str) -> Result:
    return project.run(*arguments, AWS_ENDPOINT_URL=aws.url, **KEYS)


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_another_account_stops_every_command_before_any_other_call(project: Project, command: str) -> None:
    env = "acceptance" if command == "acceptance" else "prod"
    with fake_aws() as aws:
        result = run(project, aws, command, "--env", env, *ARGUMENTS.get(command, ()))
        assert set(aws.called) == {"GetCallerIdentity"}
    assert result.code == 3, result.said
    assert f"for account {THEIRS}, and ecs/settings.toml has account {OURS} for {env}" in result.said
    assert "AWS_PROFILE" in result.said


def test_an_unknown_identity_stops_every_command_too(project: Project) -> None:
    with fake_aws(GetCallerIdentity=[(403, refusal("AccessDenied", "explicit deny"))]) as aws:
        assert run(project, aws, "status").code == 3
        assert set(aws.called) == {"GetCallerIdentity"}


def test_the_account_of_the_settings_is_accepted(project: Project) -> None:
    project.set({"account": THEIRS})
    try:
        with fake_aws(DescribeStacks=[(400, refusal("ValidationError", "Stack does not exist"))]) as aws:
            result = run(project, aws, "status")
            assert aws.called == ["GetCallerIdentity", "DescribeStacks"]
    finally:
        project.run_git("checkout", "--quiet", "ecs/settings.toml")
    assert "There is no stack perfect-puppy-prod in eu-central-1" in result.err


@pytest.mark.parametrize("command", ["verify", "plan", "up", "status", "destroy"])
def test_a_region_beside_another_in_the_settings_is_wrong_use(project: Project, command: str) -> None:
    with fake_aws() as aws:
        result = run(project, aws, command, "--region", "eu-west-1")
        assert aws.called == []
    assert result.code == 2, result.said
    assert "--region eu-west-1, and ecs/settings.toml has region eu-central-1 for prod" in result.err


def test_the_region_comes_from_settings_then_command_then_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    pinned, free = (
        load_settings("prod", written(tmp_path, ("region", '"eu-central-1"'))),
        load_settings("prod"),
    )
    assert connect(pinned).region == connect(pinned, "eu-central-1").region == "eu-central-1"
    assert (connect(free, "eu-west-1").region, connect(free).region) == ("eu-west-1", "eu-west-3")
    with pytest.raises(UsageError):
        connect(pinned, "eu-west-1")


@pytest.mark.parametrize(
    "account",
    [
        '"12345678901"',
        '"1234567890123"',
        '"1234-5678-9012"',
        '"123456789012\\\\n"',
        '"١٢٣٤٥٦٧٨٩٠١٢"',
        "123456789012",
    ],
)
def test_an_account_is_twelve_digits(tmp_path: Path, account: str) -> None:
    assert refused_setting(written(tmp_path, ("account", account))).startswith("settings.toml: account: ")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_architecture_comes_from_the_settings_on_any_machine(
    monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    """A release from an ARM laptop must not change the architecture that CI released on x86."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert load_settings("prod").docker_platform == "linux/amd64"


def test_an_architecture_must_be_chosen(tmp_path: Path) -> None:
    path = written(tmp_path, ("architecture", '""'))
    assert refused_setting(path).startswith("settings.toml: architecture: ")
