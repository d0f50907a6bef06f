"""SNS: an unconfirmed subscription by e-mail, if a test wants one."""

from typing import Any

from ministack.services import sns

from tests.ecs.emulator.control import CONTROLS

PENDING = b"<SubscriptionArn>PendingConfirmation<"

_original = sns._list_subscriptions_by_topic


def install() -> None:
    sns._list_subscriptions_by_topic = list_subscriptions_by_topic


def list_subscriptions_by_topic(parameters: dict[str, Any]) -> Any:
    """Answer ListSubscriptionsByTopic; until an address is confirmed, its ARN is "PendingConfirmation"."""
    status, headers, body = _original(parameters)
    topic = sns._topics.get(sns._p(parameters, "TopicArn"))
    if topic and not CONTROLS.emails_confirmed:
        for item in topic["subscriptions"]:
            if item["protocol"] == "email":
                body = body.replace(f"<SubscriptionArn>{item['arn']}<".encode(), PENDING)
    return status, headers, body
