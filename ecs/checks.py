"""What can be wrong before a release, found out one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from ecs.aws import Aws
from ecs.errors import AWS_ERRORS, DeployError, NotAllowedError, UsageError, in_words
from ecs.foundation import domain, github
from ecs.foundation.changeset import TEMPLATE
from ecs.foundation.outputs import Foundation
from ecs.foundation.stack import find_foundation
from ecs.release import docker, image
from ecs.release.revision import Revision, read_predictor, read_revision
from ecs.settings import PORT
from model.predictor import Predictor

Found = TypeVar("Found")
State = Literal["OK", "SKIP", "FAIL"]
LATER = "`up` makes it"
ROLE_SERVICE = "ecs-tasks.amazonaws.com"


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is in order, what was seen, and what to do."""

    name: str
    state: State
    detail: str
    hint: str = ""
    error: DeployError | None = field(default=None, repr=False)


@dataclass
class Scene:
    """What a release starts from: the first checks find it, the later ones and the release use it."""

    aws: Aws
    allow_dirty: bool
    foundation: Foundation | None = None
    predictor: Predictor | None = None
    revision: Revision | None = None


def needed(found: Found | None, without: str = "wants what a check above finds") -> Found:
    """Give what a check has found; where it has not, leave the check that needs it out."""
    if found is None:
        raise _SkipError(without)
    return found


class _SkipError(Exception):
    """The check can't be made yet, and need not."""


def look_up(aws: Aws, *, allow_dirty: bool) -> Scene:
    """Find what a release starts from, without the other checks; raise `DeployError` where some can't be."""
    scene = Scene(aws, allow_dirty)
    for find in (_artifact, _revision, _credentials, _region):
        find(scene)
    github.check_provider(aws)
    return scene


def run_checks(scene: Scene) -> Iterator[Check]:
    """Make the checks in order; without credentials those of AWS are left out."""
    signed_in = True
    for name, needs_aws, function in CHECKS:
        if needs_aws and not signed_in:
            yield Check(name, "SKIP", "wants credentials")
            continue
        check = _make(name, function, scene)
        if name == "credentials":
            signed_in = check.state == "OK"
        yield check


def _make(name: str, function: Callable[[Scene], str], scene: Scene) -> Check:
    try:
        return Check(name, "OK", function(scene))
    except (_SkipError, domain.UnseenError) as skip:
        return Check(name, "SKIP", str(skip))
    except (DeployError, *AWS_ERRORS) as error:
        known = in_words(error)
        return Check(name, "FAIL", str(known), known.hint, known)


def _credentials(scene: Scene) -> str:
    account = scene.aws.account
    return f"account {account['Account']}, as {account['Arn']}"


def _region(scene: Scene) -> str:
    scene.foundation = find_foundation(scene.aws.cloudformation, scene.aws.settings.stack)
    there = "is there" if scene.foundation else "is not there yet"
    return f"{scene.aws.region}, where {scene.aws.settings.stack} {there}"


def _artifact(scene: Scene) -> str:
    scene.predictor = read_predictor()
    return f"model {scene.predictor.model_version} gives its known answers"


def _revision(scene: Scene) -> str:
    model = needed(scene.predictor).model_version
    scene.revision = read_revision(scene.aws.settings, model, allow_dirty=scene.allow_dirty)
    return f"revision {scene.revision.git}"


def _template(scene: Scene) -> str:
    answer = scene.aws.cloudformation.validate_template(TemplateBody=TEMPLATE.read_text(encoding="utf-8"))
    return f"{TEMPLATE.name}, {len(answer.get('Parameters', []))} parameters"


def _image(scene: Scene) -> str:
    revision = needed(scene.revision)
    wanted = scene.aws.settings.docker_platform
    if scene.foundation and image.is_pushed(scene.aws, scene.foundation, revision.tag):
        return f"{revision.tag} is in the registry, for {wanted}"
    platform = docker.inspect(image.local_name(scene.aws, revision), docker.PLATFORM)
    if not platform:
        raise _SkipError(f"`up` builds {revision.tag}, for {wanted}")
    if platform != wanted:
        raise UsageError(
            f"The image {revision.tag} here is for {platform}, and the tasks run on {wanted}.",
            hint="Remove it (docker image rm), and `up` builds it anew.",
        )
    return f"{revision.tag} is built here, for {wanted}, and not pushed"


def _roles(scene: Scene) -> str:
    foundation = needed(scene.foundation, LATER)
    for arn in (foundation.execution_role_arn, foundation.task_role_arn):
        name = arn.rpartition("/")[2]
        trust: Any = scene.aws.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        if ROLE_SERVICE not in str(trust):
            raise NotAllowedError(
                f"The role {name} does not trust {ROLE_SERVICE}, so no task could start with it.",
                hint="Somebody changed it: give it back its trust policy of ecs/foundation/template.yaml.",
            )
    return f"both trust {ROLE_SERVICE}"


def _target_group(scene: Scene) -> str:
    arn = needed(scene.foundation, LATER).target_group_arn
    [group] = scene.aws.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    if group["Port"] != PORT or group["TargetType"] != "ip":
        raise UsageError(
            f"The target group has port {group['Port']} and type {group['TargetType']}, not {PORT} and ip.",
            hint="Somebody changed it; make the foundation anew with destroy and up.",
        )
    return f"port {PORT}, checked on {group.get('HealthCheckPath')}"


CHECKS: tuple[tuple[str, bool, Callable[[Scene], str]], ...] = (
    ("credentials", False, _credentials),
    ("region", True, _region),
    ("docker", False, lambda _: f"Docker {docker.version()}"),
    ("artifact", False, _artifact),
    ("revision", False, _revision),
    ("template", True, _template),
    ("image", True, _image),
    ("roles", True, _roles),
    ("target group", True, _target_group),
    ("domain", True, lambda scene: domain.check_domain(scene.aws)),
    ("github", True, lambda scene: github.check_provider(scene.aws)),
)
