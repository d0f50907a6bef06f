"""The tool's errors, each with an exit code, and the translation of AWS's errors to them (`errors.toml`).

DeployError
├── RolledBackError     1  the release failed and was rolled back
├── UsageError          2  wrong use or settings, or another operation is in progress
├── NotAllowedError     3  no credentials, or no permission
└── NotRolledBackError  4  something failed half-way and was not rolled back
"""

import re
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError


class DeployError(Exception):
    """The tool can't go on; `str()` says why, `hint` what to do, `evidence` where the details are."""

    exit_code = 4

    def __init__(self, sentence: str, *, hint: str = "", evidence: Path | None = None) -> None:
        super().__init__(sentence)
        self.hint = hint
        self.evidence = evidence


class RolledBackError(DeployError):
    """The release failed, and the revision that served before serves again."""

    exit_code = 1


class UsageError(DeployError):
    """The command or a setting is wrong, or another operation is in progress; this step changed nothing."""

    exit_code = 2


class NotAllowedError(DeployError):
    """There are no credentials, or they lack a permission."""

    exit_code = 3


class NotRolledBackError(DeployError):
    """Something failed half-way, and the changes made until then remain."""

    exit_code = 4


class SkippedError(Exception):
    """A check of `verify` can't be made, which is no failure; the message says why."""


REGION_HINT = "Set region in ecs/settings.toml or AWS_REGION, or give --region, for example eu-west-1."
MAX_ATTEMPTS = 8
"""How often botocore tries a call, in all, when AWS throttles it or fails."""
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError, EOFError)
"""The exceptions of a call to AWS. botocore raises `EOFError` if it needs an MFA code and has no terminal."""
_BY_EXIT_CODE = {kind.exit_code: kind for kind in DeployError.__subclasses__()}


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of `errors.toml`, whose first comment explains the fields."""

    exit_code: int
    names: frozenset[str]
    sentence: str
    hint: str
    pattern: str = ""


_TABLE = Path(__file__).with_name("errors.toml").read_bytes()
_ROWS = msgspec.toml.decode(_TABLE, type=dict[str, list[_Row]])["error"]


def translate(error: BaseException) -> DeployError:
    """Turn an error that `errors.toml` has into a `DeployError`; return a `DeployError` unchanged."""
    if isinstance(error, DeployError):
        return error
    code, call, message = "", "", " ".join(str(error).split())
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, call = details.get("Code", ""), error.operation_name
        message = " ".join(details.get("Message", "").split()) or code
    message = message.rstrip(".")
    # botocore has a ConnectionError and an SSLError of its own, some of whose kinds are also an OSError.
    of_machine = isinstance(error, OSError) and not isinstance(error, AWS_ERRORS)
    names = {code, *(kind.__name__ for kind in ((OSError,) if of_machine else type(error).__mro__))}
    words = {"message": message, "code": code, "call": call, "action": denied_action(message) or call}
    words |= {"attempts": str(MAX_ATTEMPTS), "region_hint": REGION_HINT}
    return explain(names, f"{code}: {message}", **words)


def explain(names: set[str], told: str = "", **words: str) -> DeployError:
    """Make the error of the first row of `errors.toml` that has one of the names, and a pattern that fits."""
    named = (row for row in _ROWS if row.names & names or not row.names)
    row = next(row for row in named if re.search(row.pattern, told, re.IGNORECASE))
    return _BY_EXIT_CODE[row.exit_code](row.sentence.format(**words), hint=row.hint.format(**words))


def denied_action(message: str) -> str | None:
    """Return the action that AWS's message says is denied, such as `ecs:UpdateService`, or None."""
    found = re.search(r"[Nn]ot authorized to perform:? ([\w-]+:\w+)", message)
    return found[1] if found else None
