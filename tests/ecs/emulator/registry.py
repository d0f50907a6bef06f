"""ECR: scans with findings that a test sets, images with several tags as on AWS, and a count of bytes."""

import json
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecr

from tests.ecs.emulator.control import CONTROLS

_original_handle = ecr.handle_request
_original_put = ecr._put_image
_original_get = ecr._batch_get_image
_original_delete = ecr._batch_delete_image


def install() -> None:
    ecr.handle_request = handle
    ecr._put_image = put_image
    ecr._batch_get_image = batch_get_image
    ecr._batch_delete_image = batch_delete_image
    ecr._list_images = list_images
    for name in ("_v2_start_blob_upload", "_v2_patch_blob_upload", "_v2_complete_blob_upload"):
        setattr(ecr, name, counting(getattr(ecr, name)))


def counting(take: Callable[..., Any]) -> Callable[..., Any]:
    """Count the bytes that a step of an upload brings; its last argument is the body of the request."""

    def count(*arguments: Any) -> Any:
        CONTROLS.pushed_bytes += len(arguments[-1] or b"")
        return take(*arguments)

    return count


async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
    """Answer the calls on scans, and leave all others to ministack."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if action in {"StartImageScan", "DescribeImageScanFindings"}:
        return _scan(action, json.loads(body))
    return await _original_handle(method, path, headers, body, query)


def put_image(data: dict[str, Any]) -> Any:
    """Add a tag to a manifest, and keep its other tags; refuse a tag that the image has already."""
    name, tag = data["repositoryName"], data.get("imageTag")
    digest = data.get("imageDigest") or ecr._image_digest(data["imageManifest"])
    image = ecr._find_image(name, {"imageDigest": digest})
    if image and (tag is None or tag in image["imageTags"]):
        said = f"Image with digest '{digest}' and tag '{tag}' already exists in the repository '{name}'"
        return error_response_json("ImageAlreadyExistsException", said, 400)
    return _original_put(data)


def batch_get_image(data: dict[str, Any]) -> Any:
    """Return each image with the tag that was asked for, instead of its newest tag."""
    answer = _original_get(data)
    told = json.loads(answer[2])
    if "images" not in told:
        return answer
    asked = [wanted for wanted in data["imageIds"] if ecr._find_image(data["repositoryName"], wanted)]
    for image, wanted in zip(told["images"], asked, strict=True):
        image["imageId"] = {"imageDigest": image["imageId"]["imageDigest"]} | wanted
    return json_response(told)


def batch_delete_image(data: dict[str, Any]) -> Any:
    """Remove tags; an image is deleted with its last tag, or by its digest."""
    name, kept, left = data["repositoryName"], [], []
    for wanted in data["imageIds"]:
        image = ecr._find_image(name, wanted)
        if image and "imageDigest" not in wanted and len(image["imageTags"]) > 1:
            image["imageTags"].remove(wanted["imageTag"])
            image["imageId"]["imageTag"] = image["imageTags"][-1]
            kept.append({"imageDigest": image["imageDigest"]} | wanted)
        else:
            left.append(wanted)
    answer = _original_delete(data | {"imageIds": left})
    told = json.loads(answer[2])
    return json_response(told | {"imageIds": kept + told["imageIds"]}) if kept else answer


def list_images(data: dict[str, Any]) -> Any:
    """List each image once for each of its tags."""
    name = data["repositoryName"]
    if name not in ecr._repositories:
        return _no_repository(name)
    status = data.get("filter", {}).get("tagStatus", "ANY")
    images = ecr._images[name]
    tagged = [
        {"imageDigest": image["imageDigest"], "imageTag": tag}
        for image in images
        for tag in image["imageTags"]
    ]
    untagged = [{"imageDigest": image["imageDigest"]} for image in images if not image["imageTags"]]
    return json_response(
        {"imageIds": {"TAGGED": tagged, "UNTAGGED": untagged}.get(status, tagged + untagged)}
    )


def _no_repository(name: str) -> Any:
    said = f"The repository with name '{name}' does not exist"
    return error_response_json("RepositoryNotFoundException", said, 400)


def _scan(action: str, data: dict[str, Any]) -> Any:
    name, wanted = data["repositoryName"], data["imageId"]
    if name not in ecr._repositories:
        return _no_repository(name)
    if (image := ecr._find_image(name, wanted)) is None:
        return error_response_json("ImageNotFoundException", f"The image {wanted} does not exist", 400)
    told = {
        "registryId": ecr._registry_id(),
        "repositoryName": name,
        "imageId": {"imageDigest": image["imageDigest"], **wanted},
    }
    if action == "StartImageScan":
        image["_scan_started"] = True
        return json_response(told | {"imageScanStatus": {"status": "IN_PROGRESS"}})
    if not CONTROLS.scan_status and not image.get("_scan_started"):
        return error_response_json("ScanNotFoundException", "Image scan does not exist for the image", 400)
    severities = [finding["severity"] for finding in CONTROLS.findings]
    findings = {
        "imageScanCompletedAt": time.time(),
        "findings": CONTROLS.findings,
        "findingSeverityCounts": {severity: severities.count(severity) for severity in severities},
    }
    status = CONTROLS.scan_status or "COMPLETE"
    found = {"imageScanFindings": findings} if status in {"COMPLETE", "ACTIVE"} else {}
    return json_response(told | {"imageScanStatus": {"status": status}} | found)
