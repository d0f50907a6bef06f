"""The image of a release: build it, push it, find it in the registry, and tag it as good."""

import base64
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import DeployError
from ecs.foundation.stack_outputs import Foundation
from ecs.release import docker, provenance
from ecs.release.candidate import Candidate

GOOD_PREFIX = "good-"
"""The prefix of the tags whose images the lifecycle policy in `foundation/template.yaml` keeps as good."""


def is_pushed(aws: Aws, foundation: Foundation, tag: str) -> bool:
    """Return whether the repository has an image with this tag."""
    name, errors = foundation.repository_name, aws.ecr.exceptions
    try:
        found = aws.ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
        return bool(found["imageDetails"])
    except (errors.ImageNotFoundException, errors.RepositoryNotFoundException):
        return False


def local_name(aws: Aws, candidate: Candidate) -> str:
    """Return the name of the image on this machine."""
    return f"{aws.settings.stack}:{candidate.tag}"


def build(aws: Aws, candidate: Candidate, *, pull: bool) -> Path:
    """Build the image, with `pull` on the newest base image; return the folder of SBOM and provenance."""
    labels = {
        "org.opencontainers.image.revision": candidate.git,
        "org.opencontainers.image.version": candidate.tag,
        "perfect-puppy.model-version": candidate.model,
    }
    base = provenance.base_image(aws.settings, pull=pull)
    chosen = base if pull or aws.settings.base_image else ""
    docker.build(local_name(aws, candidate), aws.settings, labels, chosen)
    return provenance.write(local_name(aws, candidate), aws.settings, candidate, base)


def push(aws: Aws, foundation: Foundation, candidate: Candidate) -> None:
    """Push the image; ignore an error if the registry has the tag, perhaps from another run."""
    [authorization] = aws.ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    registry = aws.settings.registry
    target = f"{registry}/{foundation.repository_name}" if registry else foundation.repository_uri
    try:
        docker.push(local_name(aws, candidate), f"{target}:{candidate.tag}", user=user, password=password)
    except DeployError:
        if not is_pushed(aws, foundation, candidate.tag):
            raise


def tag_as_good(aws: Aws, foundation: Foundation, tag: str, warn: Callable[[str], None]) -> None:
    """Give an image a second tag, by which the lifecycle policy of the repository keeps it.

    Tags in the repository are immutable, so the first can't be changed. If AWS refuses, only `warn`.
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
    except (ClientError, ValueError) as error:  # ValueError: there is no such image
        warn(f"The image {tag} could not be tagged as good, so it expires after 20 newer ones: {error}.")
