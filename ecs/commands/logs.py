"""The `logs` command: print what the tasks logged."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from ecs.aws import Aws
from ecs.run import Run, command

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
POLL_SECONDS = 2.0
OVERLAP_MS = 10_000  # how far each poll goes back, because CloudWatch may deliver an older event later


def _length(_context: click.Context, _option: click.Parameter, value: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd])", value)
    if not found:
        raise click.BadParameter(f"{value!r} is no length of time such as 30m, 2h or 1d.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


@command(
    click.option("--follow", is_flag=True, help="Go on with new lines until Ctrl-C."),
    click.option(
        "--since",
        metavar="LENGTH OF TIME",
        default="10m",
        show_default=True,
        callback=_length,
        help="How far back: 30m, 2h, 1d.",
    ),
    click.option(
        "--filter", "pattern", default="", help="CloudWatch's filter, e.g. '{ $.status = 500 }' or \"error\"."
    ),
)
def logs(run: Run, *, follow: bool, since: timedelta, pattern: str) -> dict[str, Any]:
    """Print what the tasks logged: one JSON object a line, each with its task."""
    if follow:
        run.output.refuse_json("--follow")
    aws, group = run.aws, run.foundation().log_group_name
    start = int((datetime.now(UTC) - since).timestamp() * 1000)
    lines = []
    with suppress(KeyboardInterrupt):
        for event in events(aws, group, start, pattern, follow=follow):
            task, message = event["logStreamName"].rpartition("/")[2][:8], event["message"].rstrip()
            if not run.output.as_json:
                click.echo(f"{task} {message}")
            if not follow:
                lines.append({"task": task, "timestamp": event["timestamp"], "message": message})
    return {"lines": lines}


def events(aws: Aws, group: str, start: int, pattern: str, *, follow: bool) -> Iterator[dict[str, Any]]:
    """Yield each log event since `start` (milliseconds since 1970) once; with `follow`, poll for ever."""
    seen, newest = set[str](), start
    wanted: dict[str, Any] = {"logGroupName": group} | ({"filterPattern": pattern} if pattern else {})
    while True:
        begin = max(start, newest - OVERLAP_MS)
        for page in aws.logs.get_paginator("filter_log_events").paginate(**wanted, startTime=begin):
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    newest = max(newest, event["timestamp"])
                    yield dict(event)
        if not follow:
            return
        time.sleep(POLL_SECONDS)
