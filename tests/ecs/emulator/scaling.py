"""Application Auto Scaling by moto, because ministack lacks it."""

import threading
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from ministack import app
from ministack.core.responses import get_region
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.backends import get_backend
from moto.core.botocore_stubber import BotocoreStubber

SERVICE = "application-autoscaling"
_moto = BotocoreStubber()


def install() -> None:
    app.SERVICE_HANDLERS[SERVICE] = handle
    # moto would not find the service, which exists in ministack only.
    ApplicationAutoscalingBackend._ecs_service_exists_for_target = lambda _self, _resource: True
    # Import it now, because the first call would take seconds.
    threading.Thread(target=get_backend, args=(SERVICE.replace("-", ""),), daemon=True).start()


async def handle(method: str, _path: str, headers: dict[str, str], body: bytes, _query: Any) -> Any:
    """Answer a call to Application Auto Scaling."""
    url = f"https://{SERVICE}.{get_region()}.amazonaws.com/"
    kept = HTTPHeaders.from_dict({name: value for name, value in headers.items() if name != "host"})
    answer = _moto.process_request(AWSPreparedRequest(method, url, kept, body, stream_output=False))
    assert answer
    status, given, text = answer
    body = text.encode() if isinstance(text, str) else text
    if status == 400 and b"No scal" in body:  # "No scalable target found", "No scaling policy found"
        body = body.replace(b"ValidationException", b"ObjectNotFoundException")
    return status, dict(given), body
