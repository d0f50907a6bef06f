"""Releases from GitHub: the account's OpenID Connect provider, and the workflow that assumes the roles."""

from typing import Any

import boto3
import msgspec
import pytest
import yaml  # type: ignore[import-untyped]
from botocore.stub import Stubber

from ecs.aws import Aws
from ecs.errors import UsageError
from ecs.foundation import github
from ecs.settings import load_settings
from tests.ecs.permissions.calls import calls_of
from tests.serving import ROOT

ARN = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
WORKFLOWS = ROOT / ".github" / "workflows"


def asked(repository: str, *, partition: str = "aws", **answer: Any) -> tuple[Aws, Stubber]:
    """Return an account that answers GetOpenIDConnectProvider with this, or refuses it with this code."""
    settings = msgspec.structs.replace(load_settings("prod"), github_repository=repository)
    aws = Aws(settings, boto3.Session("none", "none", region_name="eu-west-1"))
    vars(aws)["account"] = {"Account": "123456789012", "Arn": f"arn:{partition}:iam::123456789012:user/me"}
    stubber = Stubber(aws.iam)
    if code := answer.pop("refused", ""):
        stubber.add_client_error("get_open_id_connect_provider", code)
    elif repository:
        arn = ARN.replace("arn:aws:", f"arn:{partition}:")
        stubber.add_response("get_open_id_connect_provider", answer, {"OpenIDConnectProviderArn": arn})
    stubber.activate()
    return aws, stubber


class TestProvider:
    @pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
    def test_a_provider_that_takes_tokens_for_aws_passes(self, partition: str) -> None:
        aws, stubber = asked(
            "owner/repository", partition=partition, ClientIDList=["other", "sts.amazonaws.com"]
        )
        assert "takes tokens" in github.check_provider(aws)
        stubber.assert_no_pending_responses()

    def test_without_a_repository_the_provider_is_not_checked(self) -> None:
        aws, _ = asked("")
        assert "not used" in github.check_provider(aws)

    def test_the_hint_for_a_missing_provider_is_the_command_that_makes_it(self) -> None:
        aws, _ = asked("owner/repository", refused="NoSuchEntity")
        with pytest.raises(UsageError, match="has no OpenID Connect provider") as caught:
            github.check_provider(aws)
        assert caught.value.hint.endswith(
            "aws iam create-open-id-connect-provider "
            "--url https://token.actions.githubusercontent.com --client-id-list sts.amazonaws.com"
        )

    def test_the_hint_for_another_audience_is_the_command_that_adds_it(self) -> None:
        aws, _ = asked("owner/repository", ClientIDList=["other"])
        with pytest.raises(UsageError, match="no OpenID Connect provider that takes") as caught:
            github.check_provider(aws)
        assert f"--open-id-connect-provider-arn {ARN} --client-id sts.amazonaws.com" in caught.value.hint

    @pytest.mark.parametrize("command", ["verify", "plan", "up"])
    def test_it_is_checked_before_a_release(self, command: str) -> None:
        assert "iam:GetOpenIDConnectProvider" in calls_of(command)


class TestWorkflow:
    @pytest.fixture
    def jobs(self) -> dict[str, Any]:
        text = (WORKFLOWS / "deploy.yml").read_text(encoding="utf-8")
        return dict(yaml.safe_load(text)["jobs"])

    def test_a_release_runs_in_the_environment_that_the_role_trusts(self, jobs: dict[str, Any]) -> None:
        assert jobs["up"]["environment"] == "prod"
        assert "up --env prod" in jobs["up"]["steps"][-1]["run"]

    def test_a_release_waits_for_all_of_ci(self, jobs: dict[str, Any]) -> None:
        assert jobs["up"]["needs"] == "ci"
        assert jobs["ci"]["uses"] == "./.github/workflows/ci.yml"
        # YAML 1.1 parses the key `on` as true.
        assert "workflow_call" in yaml.safe_load((WORKFLOWS / "ci.yml").read_text(encoding="utf-8"))[True]

    def test_a_release_that_ci_failed_does_not_run(self, jobs: dict[str, Any]) -> None:
        """A condition with a status function such as always() would run it all the same."""
        assert not [word for word in ("always(", "failure(", "cancelled(") if word in jobs["up"]["if"]]

    def test_only_a_pull_request_of_the_repository_itself_plans(self, jobs: dict[str, Any]) -> None:
        assert "head.repo.full_name == github.repository" in jobs["plan"]["if"]
        assert "environment" not in jobs["plan"], "its token would name that in place of pull_request"

    def test_only_jobs_that_assume_a_role_may_request_a_token(self, jobs: dict[str, Any]) -> None:
        may = {name for name, job in jobs.items() if job["permissions"].get("id-token") == "write"}
        takes = {
            name
            for name, job in jobs.items()
            if any("role-to-assume" in step.get("with", {}) for step in job.get("steps", ()))
        }
        assert may == takes == {"plan", "up"}
