"""What stops no release, and yet is to be known before one."""

import math
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from ecs.aws import Aws
from ecs.errors import in_words
from ecs.foundation.outputs import Foundation
from ecs.release import scaling

VCPUS = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}
NO_HTTPS = (
    "The service answers plain HTTP: anybody on the way can read and change it. Set certificate_arn, or "
    "hosted_zone_id and domain_name, in ecs/settings.toml."
)


def find_warnings(aws: Aws, foundation: Foundation | None) -> list[str]:
    """Give a sentence for each, also for what these credentials can't look at."""
    settings = aws.settings
    found = [] if settings.certificate_arn or settings.hosted_zone_id else [NO_HTTPS]
    for name, look in (("quota", _quota), ("alarm e-mail", _alarm_email), ("scaling policies", _policies)):
        try:
            found += look(aws, foundation)
        except (BotoCoreError, ClientError) as error:
            found.append(f"The {name} could not be looked at. {in_words(error)}")
    return found


def _quota(aws: Aws, _foundation: Foundation | None) -> Iterator[str]:
    """Compare the account's quota of Fargate with what runs at most: a rollout starts all tasks once more."""
    quotas, tasks, each = aws.client("service-quotas"), aws.settings.max_tasks, aws.settings.cpu / 1024
    try:
        value = quotas.get_service_quota(**VCPUS)["Quota"]["Value"]
    except (KeyError, quotas.exceptions.NoSuchResourceException):  # the account has none of its own
        value = quotas.get_aws_default_service_quota(**VCPUS)["Quota"]["Value"]
    if value < 2 * tasks * each:
        yield (
            f"Fargate's quota of this account in {aws.region} is {value:g} vCPUs, for all its services; "
            f"{tasks} tasks of {each:g} take {2 * tasks * each:g} in a rollout. Lower max_tasks, or ask for "
            "more: aws service-quotas request-service-quota-increase --service-code fargate --quota-code "
            f"{VCPUS['QuotaCode']} --desired-value {math.ceil(2 * tasks * each)} --region {aws.region}"
        )


def _alarm_email(aws: Aws, foundation: Foundation | None) -> Iterator[str]:
    """See that somebody hears of an alarm: SNS sends nothing to an address that has not confirmed."""
    email, confirmed = aws.settings.alarm_email, set[str]()
    if topic := foundation.alarm_topic_arn if foundation else "":
        for page in aws.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for item in page["Subscriptions"]:
                if item["SubscriptionArn"].startswith("arn:"):  # else it says what is still wanting
                    confirmed.add(item["Endpoint"].casefold())
    if not email and not confirmed:
        yield "Nobody hears of an alarm: set alarm_email in ecs/settings.toml."
    elif topic and email and email.casefold() not in confirmed:
        yield (
            f"{email} hears of no alarm until it confirms the message that AWS sends there. `up` has it sent "
            f"once; again, or after it unsubscribed: aws sns subscribe --topic-arn {topic} --protocol email "
            f"--notification-endpoint {email} --region {aws.region}"
        )


def _policies(aws: Aws, foundation: Foundation | None) -> Iterator[str]:
    """Name the scaling policies that somebody else made: they pull against ours."""
    for policy in scaling.made_by_hand(aws, foundation) if foundation else ():
        yield (
            f"The scaling policy {policy['PolicyName']} was not made by this tool and pulls against its own. "
            f"Remove it: aws application-autoscaling delete-scaling-policy --region {aws.region} "
            f"--service-namespace ecs --resource-id {policy['ResourceId']} "
            f"--scalable-dimension {scaling.DIMENSION} --policy-name {policy['PolicyName']}"
        )
