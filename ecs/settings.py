"""The settings, read from `settings.toml` and validated before any call to AWS."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ecs.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_FILE = ROOT / "ecs" / "settings.toml"

PORT = 8000  # the port on which the app listens in a task
HOST_NAME = r"[a-z0-9-]+(\.[a-z0-9-]+)+"

MEMORY_FOR_CPU = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""The memory sizes in MB that Fargate offers, by CPU units (1024 are one vCPU)."""

OWN_VARIABLES = frozenset({
    "ALLOWED_HOSTS", "BIND_HOST", "LOG_FORMAT", "LOG_LEVEL", "METRICS_BIND", "PORT", "REQUEST_SECONDS",
    "STOP_WAIT_SECONDS", "TRUSTED_PROXIES", "WEB_CONCURRENCY",
})  # fmt: skip
"""The environment variables that the tool gives to the task itself."""
VariableName = Annotated[str, Meta(pattern=r"\A[A-Za-z_][A-Za-z0-9_]*\Z")]
ARN_TO_READ = r"\Aarn:aws[\w-]*:(secretsmanager:[\w-]+:\d{12}:secret:|ssm:[\w-]+:\d{12}:parameter/)[^\s,]+\Z"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings; `settings.toml` explains each."""

    name: Annotated[
        str, Meta(pattern=r"^(?!internal(-|$))[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=20)
    ]
    account: Annotated[str, Meta(pattern=r"\A([0-9]{12})?\Z")]
    region: Annotated[str, Meta(pattern=r"^([a-z]{2}(-[a-z]+)+-\d)?$")]
    alarm_email: Annotated[str, Meta(pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")]
    artifact: Annotated[str, Meta(pattern=r"\Amodel/[\w.-]*\w\Z")]
    architecture: Literal["X86_64", "ARM64"]
    base_image: Annotated[str, Meta(pattern=r"\A([\w.:/-]+@sha256:[0-9a-f]{64})?\Z")]
    cpu: int
    memory_mb: int
    web_concurrency: Annotated[int, Meta(ge=1, le=64)]
    stop_wait_seconds: Annotated[int, Meta(ge=21, le=60)]
    request_seconds: Annotated[int, Meta(ge=1, le=25)]
    log_level: Literal["debug", "info"]
    min_tasks: Annotated[int, Meta(ge=1, le=1000)]
    max_tasks: Annotated[int, Meta(ge=1, le=1000)]
    cpu_target: Annotated[int, Meta(ge=10, le=90)]
    requests_per_target: Annotated[int, Meta(ge=1)]
    grace_seconds: Annotated[int, Meta(ge=0, le=3600)]
    strategy: Literal["rolling", "blue_green"]
    deploy_minutes: Annotated[float, Meta(gt=0, le=120)]
    certificate_arn: Annotated[str, Meta(pattern=r"^(arn:aws[\w-]*:acm:.+)?$")]
    hosted_zone_id: Annotated[str, Meta(pattern=r"^(Z[A-Z0-9]+)?$")]
    domain_name: Annotated[str, Meta(pattern=rf"^({HOST_NAME})?$")]
    allowed_hosts: list[Annotated[str, Meta(pattern=rf"^{HOST_NAME}$")]]
    vpc_id: Annotated[str, Meta(pattern=r"^(vpc-[0-9a-f]+)?$")]
    subnet_ids: list[Annotated[str, Meta(pattern=r"^subnet-[0-9a-f]+$")]]
    requests_per_5_minutes: Annotated[int, Meta(ge=0, le=2_000_000_000)]
    monthly_budget_usd: Annotated[int, Meta(ge=0)]
    github_repository: Annotated[str, Meta(pattern=r"^([\w.-]+(@\d+)?/[\w.-]+(@\d+)?)?$")]
    registry: str
    connect_to: Annotated[str, Meta(pattern=r"^([^:]+:\d+)?$")]
    environment: dict[VariableName, str]
    secrets: dict[VariableName, Annotated[str, Meta(pattern=ARN_TO_READ)]]
    env: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=10)]

    def __post_init__(self) -> None:
        """Raise `ValueError` if two settings contradict each other, which the types alone can't tell."""
        if self.cpu not in MEMORY_FOR_CPU:
            raise ValueError(f"cpu = {self.cpu}: Fargate has {_listed(MEMORY_FOR_CPU)} CPU units")
        if self.memory_mb not in MEMORY_FOR_CPU[self.cpu]:
            raise ValueError(
                f"memory_mb = {self.memory_mb}: with cpu = {self.cpu} Fargate takes "
                f"{_listed(MEMORY_FOR_CPU[self.cpu])} MB"
            )
        if self.max_tasks < self.min_tasks:
            raise ValueError(f"max_tasks = {self.max_tasks} is less than min_tasks = {self.min_tasks}")
        if bool(self.vpc_id) != bool(self.subnet_ids) or len(self.subnet_ids) == 1:
            raise ValueError("vpc_id wants two or more subnet_ids beside it, in different zones")
        if 0 < (requests := self.requests_per_5_minutes) < 10:
            raise ValueError(f"requests_per_5_minutes = {requests}: WAF takes 10 or more")
        if self.monthly_budget_usd and not self.alarm_email:
            raise ValueError("monthly_budget_usd wants the alarm_email that shall hear of it")
        if self.hosted_zone_id and not self.domain_name:
            raise ValueError("hosted_zone_id wants the domain_name that the service shall have in it")
        if self.certificate_arn and not self.domain_name:
            raise ValueError("certificate_arn wants the domain_name that it is for")
        self._check_variables()

    def _check_variables(self) -> None:
        if own := OWN_VARIABLES & {*self.environment, *self.secrets}:
            raise ValueError(
                f"{min(own)} is set by this tool itself, from a setting of this file or always alike"
            )
        if both := self.environment.keys() & self.secrets.keys():
            raise ValueError(f"{min(both)} is in both environment and secrets")
        for name, arn in self.secrets.items():
            if self.account not in {"", account := arn.split(":")[4]}:
                raise ValueError(f"secrets.{name} is of account {account}, and the service of {self.account}")

    @property
    def stack(self) -> str:
        """The name of the stack, and of the service, cluster and repository in it."""
        return f"{self.name}-{self.env}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every resource of this service gets."""
        return {"Project": self.name, "Environment": self.env, "ManagedBy": "ecs"}

    @property
    def docker_platform(self) -> str:
        """The platform of image and tasks, as Docker names it."""
        return "linux/arm64" if self.architecture == "ARM64" else "linux/amd64"

    @property
    def stop_timeout(self) -> int:
        """Seconds from SIGTERM to SIGKILL: Gunicorn's graceful timeout and 30 s more; Fargate allows 120."""
        graceful = self.stop_wait_seconds + self.request_seconds + 5
        return min(120, graceful + 30)


def load_settings(env: str, path: Path = SETTINGS_FILE) -> Settings:
    """Read the settings of one environment; raise `UsageError` if the file or a setting is invalid."""
    try:
        document = msgspec.toml.decode(path.read_bytes())
        environments = msgspec.convert(document.pop("env", {}), dict[str, dict[str, Any]])
    except OSError as error:
        raise UsageError(f"The settings {path} can't be read: {error.strerror}.") from error
    except msgspec.ValidationError as error:
        raise UsageError(f"{path.name}: env is for tables only, such as [env.prod].") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not TOML: {error}.") from error
    if env not in environments:
        raise UsageError(
            f"{path.name} has no [env.{env}]{_nearest(env, environments)}",
            hint=f"Add a line [env.{env}] to {path.name}, or choose --env from: {', '.join(environments)}.",
        )
    known = set(Settings.__struct_fields__) - {"env"}
    places = {"": document} | {f" in [env.{name}]": table for name, table in environments.items()}
    for place, table in places.items():
        for key in (key for key in table if key not in known):
            raise UsageError(f"{path.name} has an unknown setting {key!r}{place}{_nearest(key, known)}")
    given: dict[str, Any] = document | environments[env] | {"env": env}
    for table in ("environment", "secrets"):  # of which an environment overrides single entries
        if isinstance(own := environments[env].get(table), dict) and isinstance(document.get(table), dict):
            given[table] = document[table] | own
    try:
        return msgspec.convert(given, Settings)
    except msgspec.ValidationError as error:
        # msgspec says "PROBLEM - at `$.KEY`", or only the problem.
        problem, _, place = str(error).partition(" - at `$.")
        told = f"{place.rstrip('`')}: {problem}" if place else problem
        hint = "The comment above a setting says what it may be."
        raise UsageError(f"{path.name}: {told}.", hint=hint) from error


def _nearest(word: str, known: Any) -> str:
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else "."


def _listed(numbers: Any) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} or {last}"
