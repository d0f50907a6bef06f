"""What can go wrong, as sentences with an exit code: the one place that knows AWS's error codes.

DeployError
├── RolledBackError     1  the release failed and was rolled back
├── UsageError          2  wrong use, wrong settings, or not now
├── NotAllowedError     3  no credentials, or no permission
└── NotRolledBackError  4  something failed half-way, and nothing took it back
"""

import re
import tomllib
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError


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
MAX_ATTEMPTS = 8
"""How often a call is tried before throttling or a fault of AWS's counts as an error."""
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError, EOFError)
"""What a call to AWS raises; `EOFError` where botocore asks for an MFA code and nobody can answer."""
_BY_EXIT_CODE = {kind.exit_code: kind for kind in (UsageError, NotAllowedError, NotRolledBackError)}


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of `errors.toml`, which says what each field means."""

    exit_code: int
    of: frozenset[str]
    sentence: str
    hint: str
    says: str = ""


_TABLE = tomllib.loads(Path(__file__).with_name("errors.toml").read_text(encoding="utf-8"))
_ROWS = msgspec.convert(_TABLE["error"], list[_Row])


def in_words(error: Exception) -> DeployError:
    """Turn one of `AWS_ERRORS` into a sentence with an exit code, by the table; a `DeployError` has both."""
    if isinstance(error, DeployError):
        return error
    code, call, said = "", "", " ".join(str(error).split())
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, call = details.get("Code", ""), error.operation_name
        said = " ".join(details.get("Message", "").split()) or code
    said = said.rstrip(".")
    names = {code, *(kind.__name__ for kind in type(error).__mro__)}
    row = next(
        row
        for row in _ROWS
        if (row.of & names or not row.of) and re.search(row.says, f"{code}: {said}", re.IGNORECASE)
    )
    words = {"said": said, "code": code, "call": call, "action": denied_action(said) or call}
    words |= {"attempts": str(MAX_ATTEMPTS), "region_hint": REGION_HINT}
    return _BY_EXIT_CODE[row.exit_code](row.sentence.format(**words), hint=row.hint.format(**words))


def denied_action(message: str) -> str | None:
    """Find the action that AWS denied, such as `ecs:UpdateService`, in its message."""
    found = re.search(r"[Nn]ot authorized to perform:? ([\w-]+:\w+)", message)
    return found[1] if found else None
