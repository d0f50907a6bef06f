"""Check the account's OpenID Connect provider for GitHub, which all stacks share and none contains."""

from ecs.aws import Aws
from ecs.errors import UsageError

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def check_provider(aws: Aws) -> str:
    """Check that runs on GitHub can assume the stack's roles; raise `UsageError` if no provider lets them."""
    if not aws.settings.github_repository:
        return "not used: github_repository is empty"
    arn = f"arn:{aws.account['Arn'].split(':')[1]}:iam::{aws.account['Account']}:oidc-provider/{ISSUER}"
    command = f"add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {arn} --client-id"
    try:
        if AUDIENCE in aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]:
            return f"the account takes tokens of {ISSUER}"
    except aws.iam.exceptions.NoSuchEntityException:
        command = f"create-open-id-connect-provider --url https://{ISSUER} --client-id-list"
    raise UsageError(
        f"The account has no OpenID Connect provider that takes tokens of {ISSUER} for {AUDIENCE}, so no run "
        "on GitHub could take a role.",
        hint=f"Run this once, for all stacks of the account: aws iam {command} {AUDIENCE}",
    )
