"""The checks that `verify` prints and that `up` requires before a release."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from ecs.aws import Aws
from ecs.errors import AWS_ERRORS, DeployError, NotAllowedError, SkippedError, UsageError, translate
from ecs.foundation import domain, github
from ecs.foundation.changeset import TEMPLATE
from ecs.foundation.stack import find_foundation
from ecs.foundation.stack_outputs import Foundation
from ecs.release import docker, image, traffic
from ecs.release.candidate import Candidate, read_candidate, read_predictor
from ecs.settings import PORT
from model.predictor import Predictor

Found = TypeVar("Found")
State = Literal["OK", "SKIP", "FAIL"]
LATER = "`up` makes it"
ROLE_SERVICE = "ecs-tasks.amazonaws.com"


@dataclass(frozen=True)
class Check:
    """The result of one check: `detail` says what was found, `hint` what to do about a failure."""

    name: str
    state: State
    detail: str
    hint: str = ""
    error: DeployError | None = field(default=None, repr=False)


@dataclass
class CheckContext:
    """The state that all checks share: each check stores its result here for later checks and the release."""

    aws: Aws
    allow_dirty: bool
    foundation: Foundation | None = None
    predictor: Predictor | None = None
    candidate: Candidate | None = None


def require(found: Found | None, reason: str = "needs the result of a check above") -> Found:
    """Return the result of an earlier check; if it is None, skip the current check with this reason."""
    if found is None:
        raise SkippedError(reason)
    return found


def read_context(aws: Aws, *, allow_dirty: bool) -> CheckContext:
    """Run only the checks that a plan needs, and return what they found; raise the first `DeployError`."""
    context = CheckContext(aws, allow_dirty)
    for find in (_artifact, _candidate, _credentials, _region):
        find(context)
    github.check_provider(aws)
    return context


def run_checks(context: CheckContext) -> Iterator[Check]:
    """Yield the result of each check in order; without credentials, skip those that call AWS."""
    signed_in: bool | None = True
    for name, needs_aws, function in CHECKS:
        try:
            if needs_aws:
                require(signed_in, "needs credentials")
            yield Check(name, "OK", function(context))
        except SkippedError as skip:
            yield Check(name, "SKIP", str(skip))
        except (DeployError, *AWS_ERRORS) as error:
            failed = translate(error)
            yield Check(name, "FAIL", str(failed), failed.hint, failed)
            signed_in = None if name == "credentials" else signed_in


def _credentials(context: CheckContext) -> str:
    account = context.aws.account
    return f"account {account['Account']}, as {account['Arn']}"


def _region(context: CheckContext) -> str:
    context.foundation = find_foundation(context.aws.cloudformation, context.aws.settings.stack)
    there = "is there" if context.foundation else "is not there yet"
    return f"{context.aws.region}, where {context.aws.settings.stack} {there}"


def _artifact(context: CheckContext) -> str:
    context.predictor = read_predictor(context.aws.settings)
    return f"model {context.predictor.model_version} gives its known answers"


def _candidate(context: CheckContext) -> str:
    model = require(context.predictor).model_version
    context.candidate = read_candidate(context.aws.settings, model, allow_dirty=context.allow_dirty)
    return f"revision {context.candidate.git}"


def _template(context: CheckContext) -> str:
    answer = context.aws.cloudformation.validate_template(TemplateBody=TEMPLATE.read_text(encoding="utf-8"))
    return f"{TEMPLATE.name}, {len(answer.get('Parameters', []))} parameters"


def _image(context: CheckContext) -> str:
    candidate = require(context.candidate)
    wanted = context.aws.settings.docker_platform
    if context.foundation and image.is_pushed(context.aws, context.foundation, candidate.tag):
        return f"{candidate.tag} is in the registry, for {wanted}"
    platform = docker.inspect(image.local_name(context.aws, candidate), docker.PLATFORM)
    if not platform:
        raise SkippedError(f"`up` builds {candidate.tag}, for {wanted}")
    if platform != wanted:
        raise UsageError(
            f"The image {candidate.tag} here is for {platform}, and the tasks run on {wanted}.",
            hint="Remove it (docker image rm), and `up` builds it anew.",
        )
    return f"{candidate.tag} is built here, for {wanted}, and not pushed"


def _roles(context: CheckContext) -> str:
    foundation = require(context.foundation, LATER)
    for arn in (foundation.execution_role_arn, foundation.task_role_arn):
        name = arn.rpartition("/")[2]
        trust: Any = context.aws.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        if ROLE_SERVICE not in str(trust):
            raise NotAllowedError(
                f"The role {name} does not trust {ROLE_SERVICE}, so no task could start with it.",
                hint="Somebody changed it: give it back its trust policy of ecs/foundation/template.yaml.",
            )
    return f"both trust {ROLE_SERVICE}"


def _target_group(context: CheckContext) -> str:
    arn = require(context.foundation, LATER).target_group_arn
    [group] = context.aws.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    if group["Port"] != PORT or group["TargetType"] != "ip":
        raise UsageError(
            f"The target group has port {group['Port']} and type {group['TargetType']}, not {PORT} and ip.",
            hint="Somebody changed it; make the foundation anew with destroy and up.",
        )
    return f"port {PORT}, checked on {group.get('HealthCheckPath')}"


def _rules(context: CheckContext) -> str:
    foundation = require(context.foundation, LATER)
    if context.aws.settings.strategy == "rolling":
        return "not needed: the strategy is rolling"
    traffic.require_rules(context.aws, foundation)
    return "of production and test"


CHECKS: tuple[tuple[str, bool, Callable[[CheckContext], str]], ...] = (
    ("credentials", False, _credentials),
    ("region", True, _region),
    ("docker", False, lambda _: f"Docker {docker.version()}"),
    ("artifact", False, _artifact),
    ("revision", False, _candidate),
    ("template", True, _template),
    ("image", True, _image),
    ("roles", True, _roles),
    ("target group", True, _target_group),
    ("rules", True, _rules),
    ("domain", True, lambda context: domain.check_domain(context.aws)),
    ("github", True, lambda context: github.check_provider(context.aws)),
)
