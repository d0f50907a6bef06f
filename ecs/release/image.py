"""The image in the registry: whether it is there, its push, and its tag as a good one."""

import base64
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import DeployError
from ecs.foundation.outputs import Foundation
from ecs.release import docker, record
from ecs.release.revision import Revision

GOOD_PREFIX = "good-"
"""Begins the tags by which the lifecycle policy of `foundation/template.yaml` knows the good images."""


def is_pushed(aws: Aws, foundation: Foundation, tag: str) -> bool:
    """Whether the repository has an image of this tag."""
    name, known = foundation.repository_name, aws.ecr.exceptions
    try:
        found = aws.ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
        return bool(found["imageDetails"])
    except (known.ImageNotFoundException, known.RepositoryNotFoundException):
        return False


def local_name(aws: Aws, revision: Revision) -> str:
    """Name the image on this machine."""
    return f"{aws.settings.stack}:{revision.tag}"


def build(aws: Aws, revision: Revision, *, pull: bool) -> Path:
    """Build a revision's image, with `pull` on the newest base; give the folder of SBOM and provenance."""
    labels = {
        "org.opencontainers.image.revision": revision.git,
        "org.opencontainers.image.version": revision.tag,
        "perfect-puppy.model-version": revision.model,
    }
    base = record.base_image(aws.settings, pull=pull)
    given = base if pull or aws.settings.base_image else ""
    docker.build(local_name(aws, revision), aws.settings, labels, given)
    return record.write(local_name(aws, revision), aws.settings, revision, base)


def push(aws: Aws, foundation: Foundation, revision: Revision) -> None:
    """Push the image; one that is there already, perhaps by another run, is left alone."""
    [authorization] = aws.ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    registry = aws.settings.registry
    target = f"{registry}/{foundation.repository_name}" if registry else foundation.repository_uri
    try:
        docker.push(local_name(aws, revision), f"{target}:{revision.tag}", user=user, password=password)
    except DeployError:
        if not is_pushed(aws, foundation, revision.tag):
            raise


def keep(aws: Aws, foundation: Foundation, tag: str, warn: Callable[[str], None]) -> None:
    """Give a good image a second tag, by which the repository's lifecycle policy keeps it.

    A second tag, as those of this repository can't be moved. If it fails, `warn` is called with a sentence.
    """
    name = foundation.repository_name
    try:
        [image] = aws.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": tag}])["images"]
        aws.ecr.put_image(
            repositoryName=name,
            imageManifest=image["imageManifest"],
            imageManifestMediaType=image["imageManifestMediaType"],
            imageDigest=image["imageId"]["imageDigest"],
            imageTag=GOOD_PREFIX + tag,
        )
    except aws.ecr.exceptions.ImageAlreadyExistsException:
        return
    except (ClientError, ValueError) as error:  # ValueError: the registry does not have it
        warn(f"The image {tag} could not be tagged as good, so it expires after 20 newer ones: {error}.")
