"""The account's OpenID Connect provider for GitHub: one for all stacks, so it belongs to none of them."""

from ecs.aws import Aws
from ecs.errors import UsageError

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def check_provider(aws: Aws) -> str:
    """Say whether runs on GitHub can take the stack's roles.

    Raises:
        UsageError: the account has no provider for GitHub's tokens, or it does not take those for AWS.
    """
    if not aws.settings.github_repository:
        return "not used: github_repository is empty"
    partition, account = aws.account["Arn"].split(":")[1], aws.account["Account"]
    arn = f"arn:{partition}:iam::{account}:oidc-provider/{ISSUER}"
    try:
        audiences = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    except aws.iam.exceptions.NoSuchEntityException:
        raise UsageError(
            f"The account {account} has no OpenID Connect provider for GitHub, so no run could take a role.",
            hint="Make it, once for all stacks: aws iam create-open-id-connect-provider "
            f"--url https://{ISSUER} --client-id-list {AUDIENCE}",
        ) from None
    if AUDIENCE not in audiences:
        raise UsageError(
            f"The account's OpenID Connect provider for GitHub does not take tokens for {AUDIENCE}.",
            hint="Let it: aws iam add-client-id-to-open-id-connect-provider "
            f"--open-id-connect-provider-arn {arn} --client-id {AUDIENCE}",
        )
    return f"the account has a provider for {ISSUER}"
