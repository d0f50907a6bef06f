"""Controls by which a test changes the stand-in while it runs: `PUT /_stand_in` with a JSON object."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ministack import app


@dataclass
class Controls:
    """The settings of the stand-in, with their values at the start."""

    bake_seconds: float = 1.0
    """How long ECS goes on watching a deployment's alarms; AWS computes minutes from the alarms."""
    minute_seconds: float = 0.4
    """How long a minute of `bakeTimeInMinutes` takes: each release of a test waits for some."""
    early_validation: list[dict[str, str]] = field(default_factory=list)
    """Failures of validation for the next change set: fields of DescribeEvents."""
    emails_confirmed: bool = True
    """Whether those who subscribe to a topic by e-mail confirm it at once."""
    scan_status: str = "COMPLETE"
    """What DescribeImageScanFindings answers from now on; empty for no scan,"""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """... and what was found, as its `findings`."""
    pushed_bytes: int = 0
    """How many bytes of layers and configurations the registry has taken."""


CONTROLS = Controls()


def install() -> None:
    """Handle `/_stand_in` before ministack sees the request."""
    served = app.app

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/_stand_in":
            await served(scope, receive, send)
            return
        status, answer = 200, asdict(CONTROLS)
        if scope["method"] == "PUT":
            status, answer = change(await _body(receive))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    app.app = asgi


def change(body: bytes) -> tuple[int, dict[str, Any]]:
    """Set the controls that a JSON object names; refuse unknown names."""
    given = json.loads(body)
    if unknown := set(given) - set(asdict(CONTROLS)):
        return 400, {"error": f"The stand-in has no control {', '.join(sorted(unknown))}."}
    vars(CONTROLS).update(given)
    return 200, asdict(CONTROLS)


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
