"""Each error of AWS becomes a sentence, a hint, and an exit code that a script can act on."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given
from hypothesis import strategies as st

from ecs.errors import DeployError, NotAllowedError, NotRolledBackError, UsageError, translate
from tests.ecs.project import Project

# The exit code for each exception of botocore, and what its hint must say. The hint is "make setup" for those
# that only an error of this tool or its libraries can cause.
DECIDED = """
3 | aws sso login, or set AWS_PROFILE | NoCredentialsError NoAuthTokenError
3 | AWS_SECRET_ACCESS_KEY both        | PartialCredentialsError
3 | configure list-profiles           | ProfileNotFound
3 | AWS_CONFIG_FILE                   | ConfigNotFound ConfigParseError
3 | source_profile, credential_source | InvalidConfigError InfiniteLoopConfigError UnknownCredentialError
3 | source_profile, credential_source | UnknownTokenProviderError
3 | type a new code                   | RefreshWithMFAUnsupportedError
3 | credential_process                | CredentialRetrievalError
3 | role to the machine               | MetadataRetrievalError InvalidIMDSEndpointError
3 | role to the machine               | InvalidIMDSEndpointModeError
3 | aws sso login                     | SSOError SSOTokenLoadError UnauthorizedSSOTokenError
3 | aws sso login                     | TokenRetrievalError
3 | aws login                         | LoginError LoginRefreshRequired LoginTokenLoadError
3 | aws login                         | LoginAuthorizationCodeError
3 | permission that it names          | LoginInsufficientPermissions
3 | Install what it names             | MissingDependencyException
2 | --region                          | NoRegionError InvalidRegionError UnknownRegionError
2 | AWS_ENDPOINT_URL                  | BaseEndpointResolverError EndpointVariantError UnknownEndpointError
2 | AWS_ENDPOINT_URL                  | UnknownFIPSEndpointError EndpointProviderError
2 | AWS_ENDPOINT_URL                  | EndpointResolutionError UnknownEndpointResolutionBuiltInName
2 | AWS_ENDPOINT_URL                  | InvalidEndpointConfigurationError ServiceNotInRegionError
2 | ~/.aws/config                     | InvalidRetryConfigurationError InvalidMaxRetryAttemptsError
2 | ~/.aws/config                     | InvalidRetryModeError InvalidDefaultsMode
2 | ~/.aws/config                     | InvalidSTSRegionalEndpointsConfigError
2 | ~/.aws/config                     | InvalidS3UsEast1RegionalEndpointConfigError
2 | ~/.aws/config                     | InvalidEndpointDiscoveryConfigurationError
2 | ~/.aws/config                     | InvalidChecksumConfigError InvalidProxiesConfigError
4 | HTTPS_PROXY, or list              | ProxyConnectionError
4 | AWS_CA_BUNDLE                     | SSLError
4 | Check the network, HTTPS_PROXY    | ConnectionError EndpointConnectionError ConnectTimeoutError
4 | looks at what is there            | HTTPClientError ConnectionClosedError ReadTimeoutError
4 | looks at what is there            | ResponseStreamingError IncompleteReadError
4 | it goes on                        | WaiterError CapacityNotAvailableError
4 | make setup                        | ApiVersionNotFoundError DataNotFoundError UnknownServiceError
4 | make setup                        | UnknownServiceStyle UnsupportedServiceProtocolsError
4 | make setup                        | ParamValidationError ValidationError UnknownKeyError RangeError
4 | make setup                        | UnknownParameterError AliasConflictParameterError
4 | make setup                        | MissingParametersError PaginationError OperationNotPageableError
4 | make setup                        | InvalidExpressionError WaiterConfigError UnknownClientMethodError
4 | make setup                        | ChecksumError FlexibleChecksumError AwsChunkedWrapperError
4 | make setup                        | MD5UnavailableError UnseekableStreamError
4 | make setup                        | UnknownSignatureVersionError UnsupportedSignatureVersionError
4 | make setup                        | InvalidHostLabelError InvalidDNSNameError
4 | make setup                        | InvalidS3AddressingStyleError UnsupportedS3ArnError
4 | make setup                        | UnsupportedS3ControlArnError UnsupportedOutpostResourceError
4 | make setup                        | UnsupportedS3ConfigurationError
4 | make setup                        | UnsupportedS3AccesspointConfigurationError
4 | make setup                        | UnsupportedS3ControlConfigurationError
"""
EACH = [
    (name, int(code), hint.strip())
    for code, hint, names in (line.split("|") for line in DECIDED.strip().splitlines())
    for name in names.split()
]
STUBS = {
    "StubResponseError",
    "StubAssertionError",
    "UnStubbedResponseError",
}  # used only in botocore's own tests


def derived(kind: type[BotoCoreError]) -> Iterator[type[BotoCoreError]]:
    for below in kind.__subclasses__():
        yield below
        yield from derived(below)


EXCEPTIONS = {
    kind.__name__: kind for kind in derived(BotoCoreError) if kind.__module__ == exceptions.__name__
}


def raised(name: str) -> BotoCoreError:
    """Return an exception of botocore with a value for each placeholder of its message."""
    kind = EXCEPTIONS[name]
    if kind is exceptions.WaiterError:
        return exceptions.WaiterError("stack_exists", "Max attempts exceeded", {})
    fields = [field for _, field, *_ in Formatter().parse(kind.fmt) if field]
    return kind(**dict.fromkeys(fields, "what it is about"))


def refused(code: str, message: str, call: str = "UpdateService") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, call)


def test_each_exception_of_botocore_has_an_expected_exit_code() -> None:
    assert {name for name, _, _ in EACH} == EXCEPTIONS.keys() - STUBS


@pytest.mark.parametrize(("name", "code", "hint"), EACH, ids=[name for name, _, _ in EACH])
def test_an_exception_of_botocore_has_its_exit_code_its_hint_and_its_own_words(
    name: str, code: int, hint: str
) -> None:
    error = raised(name)
    known = translate(error)
    assert known.exit_code == code
    assert hint in known.hint
    assert " ".join(str(error).split()).rstrip(".") in str(known)


def test_credentials_no_credentials_and_an_expired_sign_in_are_told_apart() -> None:
    assert "no AWS credentials" in str(translate(exceptions.NoCredentialsError()))
    assert "sign-in has expired" in str(translate(exceptions.UnauthorizedSSOTokenError()))
    assert "config profile (x)" in str(translate(exceptions.ProfileNotFound(profile="x")))


REFUSALS = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text(encoding="utf-8"))["refusal"]


@pytest.mark.parametrize("refusal", REFUSALS, ids=[f"{row['code']}: {row['hint']}" for row in REFUSALS])
def test_a_refusal_for_credentials_or_permissions_has_its_own_hint_and_the_words_of_aws(
    refusal: dict[str, str],
) -> None:
    code, message = refusal["code"], refusal["message"]
    known = translate(refused(code, message))
    assert type(known) is NotAllowedError
    assert refusal["sentence"] in str(known)
    assert refusal["hint"] in known.hint
    assert f"{message.rstrip('.')} ({code})." in str(known)


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (
            "ThrottlingException",
            "Rate exceeded",
            "throttling UpdateService after 8 attempts: Rate exceeded (",
        ),
        ("ServerException", "Please try again later.", "AWS itself failed at UpdateService"),
        ("InvalidParameterException", "No such subnet.", "AWS refused UpdateService: No such subnet ("),
        ("SlowNews", "", "AWS refused UpdateService: SlowNews (SlowNews)."),
        ("MalformedPolicyDocument", "Field sts:AssumeRole, service control policy", "AWS refused"),
    ],
)
def test_any_other_error_code_of_aws_has_exit_code_4(code: str, message: str, words: str) -> None:
    known = translate(refused(code, message))
    assert type(known) is NotRolledBackError
    assert words in str(known)


def test_the_region_is_wrong_use_and_a_lost_network_is_not() -> None:
    kinds: dict[BotoCoreError, type[DeployError]] = {
        exceptions.NoRegionError(): UsageError,
        exceptions.EndpointConnectionError(endpoint_url="https://x"): NotRolledBackError,
    }
    assert all(type(translate(error)) is kind for error, kind in kinds.items())


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_error_of_aws_gives_a_sentence_and_an_exit_code(code: str, message: str) -> None:
    known = translate(refused(code, message))
    assert known.exit_code in {3, 4}
    assert str(known).endswith(".")


ROLE = "role_arn = arn:aws:iam::123456789012:role/x"
MFA = f"""source_profile = base
{ROLE}
mfa_serial = arn:aws:iam::123456789012:mfa/x
[profile base]
aws_access_key_id = x
aws_secret_access_key = x
"""


@pytest.mark.parametrize(
    ("profile", "words", "hint"),
    [
        ("credential_process = /nowhere/x", "No such file or directory: '/nowhere/x'", "Mend the credential"),
        ("credential_process = echo hello", "can't be used: Expecting value", "Mend the credential_process"),
        ("credential_process = echo {}", "Unsupported version", "Run by hand what the profile fetches"),
        ("credential_process = false", "custom-process", "Run by hand what the profile fetches them with"),
        (f"source_profile = nobody\n{ROLE}", "nobody", "Mend it in ~/.aws/config"),
        (f"credential_source = Moon\n{ROLE}", "Moon", "credential_source"),
        ("sso_session = s\nsso_account_id = 1\nsso_role_name = ops", "sso", "Mend it in ~/.aws/config"),
        ("aws_access_key_id = x", "aws_secret_access_key", "both, or neither"),
        (MFA, "asks for an MFA code, and there is no terminal", "Run this at a terminal"),
        ("[broken", "can't be read", "AWS_CONFIG_FILE"),
    ],
)
def test_a_profile_without_credentials_prints_no_traceback(
    project: Project, tmp_path: Path, profile: str, words: str, hint: str
) -> None:
    (tmp_path / "config").write_text(f"[profile broken]\nregion = eu-west-1\n{profile}\n")
    result = project.run(
        "status",
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_PROFILE="broken",
        AWS_EC2_METADATA_DISABLED="true",
        HOME=str(tmp_path),
    )
    assert result.code == 3, result.said
    assert words in result.said
    assert hint in result.said
    assert "Traceback" not in result.said


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"), {})
