"""What can go wrong, as sentences with an exit code: the one place that knows AWS's error codes.

DeployError
├── Failed         1  the release failed and was taken back
├── WrongUse       2  wrong use, wrong settings, or not now
├── NotAllowed     3  no credentials, or no permission
└── NotTakenBack   4  the release failed and is not taken back
"""

import re
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError as AwsConnectionError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)


class DeployError(Exception):
    """The tool can't go on; `str()` is the sentence, `cure` what to do."""

    exit_code = 4

    def __init__(self, sentence: str, *, cure: str = "", evidence: Path | None = None) -> None:
        super().__init__(sentence)
        self.cure = cure
        self.evidence = evidence


class Failed(DeployError):
    """The release failed; what served before serves again."""

    exit_code = 1


class WrongUse(DeployError):
    """The command, a setting or the moment is wrong; nothing was changed by this step."""

    exit_code = 2


class NotAllowed(DeployError):
    """There are no credentials, or they may not do this."""

    exit_code = 3


class NotTakenBack(DeployError):
    """Something failed half-way, and nothing took it back."""

    exit_code = 4


_SIGN_IN = "Sign in (aws sso login, or set AWS_PROFILE or AWS_ACCESS_KEY_ID), then run this again."
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_INVALID = {
    "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "AuthFailure", "IncompleteSignature", "InvalidSignatureException", "MissingAuthenticationToken",
}  # fmt: skip
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_THROTTLED = {
    "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
    "RequestLimitExceeded", "ProvisionedThroughputExceededException",
}  # fmt: skip


def in_words(error: BotoCoreError | ClientError) -> DeployError:
    """Turn an error of botocore's into a sentence with an exit code."""
    if isinstance(error, ClientError):
        return _client_error(error)
    match error:
        case NoCredentialsError() | PartialCredentialsError() | ProfileNotFound():
            return NotAllowed(f"There are no AWS credentials to use: {_sentence(error)}.", cure=_SIGN_IN)
        case SSOTokenLoadError() | UnauthorizedSSOTokenError() | TokenRetrievalError():
            return NotAllowed(f"The AWS sign-in has expired: {_sentence(error)}.", cure=_SIGN_IN)
        case NoRegionError():
            return WrongUse(
                "No AWS region is set.", cure="Set region in ecs/settings.toml, AWS_REGION, or give --region."
            )
        case InvalidRegionError():
            return WrongUse(f"The AWS region can't be: {_sentence(error)}.", cure="Give --region, for example eu-west-1.")
        case EndpointConnectionError() | AwsConnectionError() | HTTPClientError():
            return NotTakenBack(
                f"AWS can't be reached: {_sentence(error)}.",
                cure="Check the network and that the region exists, then run this again: it goes on.",
            )
    return NotTakenBack(f"AWS's client failed: {_sentence(error)}.", cure="Run this again: it goes on.")


def _client_error(error: ClientError) -> DeployError:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "").strip()
    call = error.operation_name
    if code in _EXPIRED:
        return NotAllowed("The AWS credentials have expired.", cure=_SIGN_IN)
    if code in _INVALID:
        return NotAllowed(f"AWS does not know these credentials ({code}).", cure=_SIGN_IN)
    if code in _DENIED:
        action = denied_action(message) or call
        return NotAllowed(
            f"These credentials may not do {action}: {_sentence(message)}.",
            cure=f"Ask for a policy that allows {action}, then run this again: it goes on.",
        )
    if code in _THROTTLED:
        return NotTakenBack(
            f"AWS went on throttling {call} after {MAX_ATTEMPTS} attempts.",
            cure="Wait a minute, then run this again: it goes on.",
        )
    if code == "OptInRequired":
        return NotAllowed(f"This account has not opted in to the region: {_sentence(message)}.")
    return NotTakenBack(
        f"AWS refused {call}: {_sentence(message) or code} ({code}).",
        cure="Mend what it names, then run this again: it goes on.",
    )


MAX_ATTEMPTS = 8
"""How often a call is tried before throttling or a fault of AWS's counts as an error."""


def denied_action(message: str) -> str | None:
    """Find the action that AWS denied, such as `ecs:UpdateService`, in its message."""
    found = re.search(r"not authorized to perform:? ([\w-]+:\w+)", message)
    return found[1] if found else None


def _sentence(text: object) -> str:
    return str(text).strip().rstrip(".")
