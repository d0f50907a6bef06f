"""Whether the registry has an image, and the tag by which it keeps a good one."""

import pytest
from botocore.stub import Stubber

from ecs.aws import Aws
from ecs.release import image
from ecs.release.pending_changes import placeholder_foundation

NAME = {"repositoryName": "(from the new stack)"}


def test_an_image_that_is_there(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response("describe_images", {"imageDetails": [{}]}, NAME | {"imageIds": [{"imageTag": "one"}]})
    assert image.is_pushed(aws, placeholder_foundation(), "one")


@pytest.mark.parametrize("code", ["ImageNotFoundException", "RepositoryNotFoundException"])
def test_an_image_that_is_not_there(aws: Aws, ecr: Stubber, code: str) -> None:
    ecr.add_client_error("describe_images", code)
    assert not image.is_pushed(aws, placeholder_foundation(), "one")


IMAGE = {
    "imageId": {"imageDigest": "sha256:" + "0" * 64, "imageTag": "one"},
    "imageManifest": '{"schemaVersion": 2}',
    "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
}
TAGGED = {
    "imageTag": "good-one",
    "imageManifest": IMAGE["imageManifest"],
    "imageManifestMediaType": IMAGE["imageManifestMediaType"],
    "imageDigest": IMAGE["imageId"]["imageDigest"],  # type: ignore[index]
}


def keep(aws: Aws) -> list[str]:
    warned: list[str] = []
    image.tag_as_good(aws, placeholder_foundation(), "one", warned.append)
    return warned


def test_a_good_image_gets_a_second_tag_for_the_same_manifest_of_whatever_kind(
    aws: Aws, ecr: Stubber
) -> None:
    ecr.add_response("batch_get_image", {"images": [IMAGE]}, NAME | {"imageIds": [{"imageTag": "one"}]})
    ecr.add_response("put_image", {}, NAME | TAGGED)
    assert keep(aws) == []


def test_an_image_with_the_second_tag_is_left_alone(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response("batch_get_image", {"images": [IMAGE]})
    ecr.add_client_error("put_image", "ImageAlreadyExistsException")
    assert keep(aws) == []


def test_an_image_that_can_not_be_tagged_is_a_warning(aws: Aws, ecr: Stubber) -> None:
    ecr.add_response("batch_get_image", {"images": [IMAGE]})
    ecr.add_client_error("put_image", "AccessDeniedException", "not authorized to perform: ecr:PutImage")
    [warning] = keep(aws)
    assert "could not be tagged as good" in warning
    assert "ecr:PutImage" in warning


def test_a_missing_image_is_a_warning(aws: Aws, ecr: Stubber) -> None:
    failure = {"imageId": {"imageTag": "one"}, "failureCode": "ImageNotFound"}
    ecr.add_response("batch_get_image", {"images": [], "failures": [failure]})
    assert "could not be tagged as good" in keep(aws)[0]
