"""The command line, run as a person runs it: its help, and a sentence and exit code for each error."""

import re
from pathlib import Path

import pytest

from ecs.commands import COMMANDS
from tests.ecs.fake_aws import fake_aws, refusal
from tests.ecs.project import Project, Result

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
NOBODY = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-west-1", "HOME": "/nonexistent"}
NO_STACK = refusal("ValidationError", "Stack with id perfect-puppy-prod does not exist")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"), {})


def check(result: Result, code: int, *words: str) -> None:
    """Check the exit code, that these words are printed, and that no traceback is."""
    assert result.code == code, result.said
    for text in words:
        assert text in result.said
    assert "Traceback" not in result.said


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_each_command_has_help(project: Project, command: str) -> None:
    result = project.run(command, "--help")
    check(result, 0, "--env", "--region", "--json", "Exit codes: 0 done;")


def test_all_commands_are_listed(project: Project) -> None:
    result = project.run("--help")
    check(result, 0, "Begin with `verify`")
    listed = re.findall(r"^  ([a-z]+)  ", result.out.partition("Commands:")[2], re.MULTILINE)
    assert sorted(listed) == sorted(command.name or "" for command in COMMANDS)


@pytest.mark.parametrize("command", ["up", "redeploy", "rollback", "destroy"])
def test_commands_that_change_something_have_a_dry_run(project: Project, command: str) -> None:
    check(project.run(command, "--help"), 0, "--dry-run", "--yes")


def test_a_wrong_verb_or_option_is_wrong_use(project: Project) -> None:
    check(project.run("upp"), 2, "No such command 'upp'", "up")
    check(project.run("up", "--yess"), 2, "No such option", "--yes")
    check(project.run("logs", "--since", "yesterday"), 2, "no length of time such as 30m")


def test_no_credentials(project: Project) -> None:
    check(project.run("plan", **NOBODY), 3, "no AWS credentials", "aws sso login")


def test_verify_goes_on_without_credentials(project: Project) -> None:
    result = project.run("verify", **NOBODY)
    check(result, 3, "FAIL credentials", "SKIP region", "needs credentials", "OK   artifact")


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_expired_credentials(project: Project, code: str) -> None:
    with fake_aws(DescribeStacks=[(403, refusal(code, "The security token is expired"))]) as aws:
        check(project.run("status", AWS_ENDPOINT_URL=aws.url, **KEYS), 3, "have expired", "Sign in")


def test_unknown_credentials(project: Project) -> None:
    with fake_aws(DescribeStacks=[(403, refusal("InvalidClientTokenId", "not valid"))]) as aws:
        check(project.run("status", AWS_ENDPOINT_URL=aws.url, **KEYS), 3, "does not know these credentials")


def test_a_missing_permission_names_the_action(project: Project) -> None:
    message = "User: arn:me is not authorized to perform: cloudformation:DescribeStacks on resource: x"
    with fake_aws(DescribeStacks=[(403, refusal("AccessDenied", message))]) as aws:
        result = project.run("status", AWS_ENDPOINT_URL=aws.url, **KEYS)
        check(result, 3, "may not do cloudformation:DescribeStacks", "Ask for a policy that allows")


def test_a_captive_portal_that_answers_in_place_of_aws(project: Project) -> None:
    with fake_aws(DescribeStacks=[(200, "<html><p>Sign in to the hotel")]) as aws:
        result = project.run("status", AWS_ENDPOINT_URL=aws.url, **KEYS)
        check(result, 4, "Something else than AWS answered", "HTTPS_PROXY")


def test_a_wrong_region(project: Project) -> None:
    check(project.run("plan", "--region", "mars-east-1", **KEYS), 2, "mars-east-1")
    check(project.run("plan", "--region", "us-east-9", **KEYS), 2, "no region 'us-east-9'", "us-east-1")


def test_no_region(project: Project) -> None:
    keys = {name: value for name, value in KEYS.items() if name != "AWS_REGION"}
    check(project.run("plan", HOME="/nonexistent", **keys), 2, "No AWS region is set", "--region")


def test_throttled_calls_are_retried(project: Project) -> None:
    throttled = (400, refusal("Throttling", "Rate exceeded"))
    with fake_aws(DescribeStacks=[throttled, throttled, (400, NO_STACK)]) as aws:
        result = project.run("status", AWS_ENDPOINT_URL=aws.url, **KEYS)
        check(result, 2, "There is no stack perfect-puppy-prod in eu-west-1", "python -m ecs up")
        assert aws.called.count("DescribeStacks") == 3


def test_no_docker(project: Project, tmp_path: Path) -> None:
    check(project.run("verify", PATH=str(tmp_path), **NOBODY), 3, "FAIL docker", "Docker is not installed")


def test_docker_that_does_not_run(project: Project, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        "#!/bin/sh\necho 'Cannot connect to the Docker daemon at unix:///x. Is it running?' >&2; exit 1\n"
    )
    docker.chmod(0o755)
    result = project.run("verify", PATH=f"{tmp_path}:/bin:/usr/bin", **NOBODY)
    check(result, 3, "FAIL docker", "Docker does not run", "Start Docker")


def test_uncommitted_changes_are_refused(project: Project) -> None:
    project.append("README.md", "\n")
    try:
        check(project.run("plan", **KEYS), 2, "uncommitted changes: README.md.", "--allow-dirty")
    finally:
        project.run_git("checkout", "--quiet", "README.md")


def test_a_wrong_setting_is_refused_before_any_call(project: Project) -> None:
    with fake_aws() as aws:
        project.set({"memory_mb": 4096})
        try:
            check(
                project.run("up", "--yes", AWS_ENDPOINT_URL=aws.url, **KEYS),
                2,
                "memory_mb = 4096: with cpu = 256",
            )
        finally:
            project.run_git("checkout", "--quiet", "ecs/settings.toml")
        assert aws.called == []


def test_json_is_one_object_after_an_error_too(project: Project) -> None:
    result = project.run("status", "--json", **NOBODY)
    assert result.json["exit_code"] == result.code == 3
    assert "credentials" in result.json["error"]


@pytest.mark.parametrize(("command", "option"), [("logs", "--follow"), ("status", "--watch")])
def test_options_that_run_until_ctrl_c_refuse_json(project: Project, command: str, option: str) -> None:
    result = project.run(command, option, "--json")
    assert (result.code, f"{option} goes on without end" in result.err) == (2, True), result.said
