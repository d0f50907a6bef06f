"""A client of CloudFormation that must get exactly the calls of a test, in their order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.stub import Stubber

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

NAME = "perfect-puppy-prod"
NOW = datetime(2026, 11, 22, tzinfo=UTC)

Step = Callable[[Stubber], None]


@contextmanager
def cloudformation(*steps: Step) -> Iterator["CloudFormationClient"]:
    """Yield a client that must get exactly these calls, in this order."""
    client = boto3.client(
        "cloudformation", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        for step in steps:
            step(stubber)
        yield client
        stubber.assert_no_pending_responses()


def call(name: str, answer: dict[str, Any] | None = None, **expected: object) -> Step:
    return lambda stubber: stubber.add_response(name, answer or {}, expected or None)
