"""What can go wrong, as sentences with an exit code: the one place that knows AWS's error codes.

DeployError
├── RolledBackError     1  the release failed and was rolled back
├── UsageError      2  wrong use, wrong settings, or not now
├── NotAllowedError    3  no credentials, or no permission
└── NotRolledBackError  4  the release failed and is not rolled back
"""

import re
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
    UnknownRegionError,
    WaiterError,
)
from botocore.exceptions import (
    ConnectionError as AwsConnectionError,
)


class DeployError(Exception):
    """The tool can't go on; `str()` is the sentence, `hint` what to do."""

    exit_code = 4

    def __init__(self, sentence: str, *, hint: str = "", evidence: Path | None = None) -> None:
        super().__init__(sentence)
        self.hint = hint
        self.evidence = evidence


class RolledBackError(DeployError):
    """The release failed; what served before serves again."""

    exit_code = 1


class UsageError(DeployError):
    """The command, a setting or the moment is wrong; nothing was changed by this step."""

    exit_code = 2


class NotAllowedError(DeployError):
    """There are no credentials, or they may not do this."""

    exit_code = 3


class NotRolledBackError(DeployError):
    """Something failed half-way, and nothing took it back."""

    exit_code = 4


REGION_HINT = "Set region in ecs/settings.toml or AWS_REGION, or give --region, for example eu-west-1."
_AGAIN = "Run this again: it goes on."
_SIGN_IN = "Sign in (aws sso login, or set AWS_PROFILE or AWS_ACCESS_KEY_ID), then run this again."
MAX_ATTEMPTS = 8
"""How often a call is tried before throttling or a fault of AWS's counts as an error."""

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
    said = _sentence(error)
    known: DeployError
    match error:
        case NoCredentialsError() | PartialCredentialsError() | ProfileNotFound():
            known = NotAllowedError(f"There are no AWS credentials to use: {said}.", hint=_SIGN_IN)
        case SSOTokenLoadError() | UnauthorizedSSOTokenError() | TokenRetrievalError():
            known = NotAllowedError(f"The AWS sign-in has expired: {said}.", hint=_SIGN_IN)
        case NoRegionError() | InvalidRegionError() | UnknownRegionError():
            known = UsageError(f"The AWS region can't be used: {said}.", hint=REGION_HINT)
        case HTTPClientError() | AwsConnectionError():
            known = NotRolledBackError(
                f"AWS can't be reached: {said}.",
                hint="Check the network and that the region exists, then run this again: it goes on.",
            )
        case WaiterError():
            known = NotRolledBackError(f"AWS did not get ready in time: {said}.", hint=_AGAIN)
        case _:
            known = NotRolledBackError(f"AWS's client failed: {said}.", hint=_AGAIN)
    return known


def _client_error(error: ClientError) -> DeployError:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "").strip()
    call = error.operation_name
    if code in _EXPIRED:
        return NotAllowedError("The AWS credentials have expired.", hint=_SIGN_IN)
    if code in _INVALID:
        return NotAllowedError(f"AWS does not know these credentials ({code}).", hint=_SIGN_IN)
    if code in _DENIED:
        action = denied_action(message) or call
        return NotAllowedError(
            f"These credentials may not do {action}: {_sentence(message)}.",
            hint=f"Ask for a policy that allows {action}, then run this again: it goes on.",
        )
    if code in _THROTTLED:
        return NotRolledBackError(
            f"AWS went on throttling {call} after {MAX_ATTEMPTS} attempts.",
            hint="Wait a minute, then run this again: it goes on.",
        )
    if code == "OptInRequired":
        return NotAllowedError(f"This account has not opted in to the region: {_sentence(message)}.")
    return NotRolledBackError(
        f"AWS refused {call}: {_sentence(message) or code} ({code}).",
        hint="Mend what it names, then run this again: it goes on.",
    )


def denied_action(message: str) -> str | None:
    """Find the action that AWS denied, such as `ecs:UpdateService`, in its message."""
    found = re.search(r"not authorized to perform:? ([\w-]+:\w+)", message)
    return found[1] if found else None


def _sentence(text: object) -> str:
    return str(text).strip().rstrip(".")
