"""Each error of AWS's is a sentence, a hint, and the exit code that a script can act on."""

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st

from ecs.errors import DeployError, NotAllowedError, NotRolledBackError, UsageError, in_words


def refused(code: str, message: str, call: str = "UpdateService") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, call)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (exceptions.NoCredentialsError(), NotAllowedError, "no AWS credentials"),
        (exceptions.ProfileNotFound(profile="x"), NotAllowedError, "config profile (x)"),
        (exceptions.UnauthorizedSSOTokenError(), NotAllowedError, "sign-in has expired"),
        (exceptions.NoRegionError(), UsageError, "region"),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://x"),
            NotRolledBackError,
            "can't be reached",
        ),
        (exceptions.ConnectTimeoutError(endpoint_url="https://x"), NotRolledBackError, "can't be reached"),
        (exceptions.WaiterError("x", "Max attempts exceeded", {}), NotRolledBackError, "ready in time"),
        (refused("ExpiredTokenException", "expired"), NotAllowedError, "have expired"),
        (refused("UnrecognizedClientException", "?"), NotAllowedError, "does not know these credentials"),
        (refused("ThrottlingException", "Rate exceeded"), NotRolledBackError, "throttling UpdateService"),
        (refused("OptInRequired", "not subscribed"), NotAllowedError, "opted in"),
        (refused("InvalidParameterException", "No such subnet."), NotRolledBackError, "No such subnet (Inv"),
    ],
)
def test_an_error_is_a_sentence_of_its_kind(
    error: BotoCoreError | ClientError, kind: type[DeployError], words: str
) -> None:
    known = in_words(error)
    assert type(known) is kind
    assert words in str(known)


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("User: me is not authorized to perform: ecs:UpdateService on resource: x", "ecs:UpdateService"),
        ("You are not authorized to perform: iam:PassRole", "iam:PassRole"),
        ("Access denied", "UpdateService"),
    ],
)  # fmt: skip
def test_a_missing_permission_names_the_action(message: str, action: str) -> None:
    known = in_words(refused("AccessDeniedException", message))
    assert known.exit_code == 3
    assert f"may not do {action}:" in str(known)
    assert f"allows {action}" in known.hint


@given(st.text(max_size=30), st.text(max_size=60))
def test_whatever_aws_says_it_is_a_sentence_with_an_exit_code(code: str, message: str) -> None:
    known = in_words(refused(code, message))
    assert known.exit_code in {3, 4}
    assert str(known).endswith(".")
