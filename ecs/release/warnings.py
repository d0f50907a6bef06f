"""Warnings before a release, of problems that do not stop it."""

import math
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from ecs.aws import Aws
from ecs.errors import translate
from ecs.foundation.stack_outputs import Foundation
from ecs.release import scaling

VCPUS = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}
NO_HTTPS = (
    "The service answers plain HTTP: anybody on the way can read and change it. Set certificate_arn, or "
    "hosted_zone_id and domain_name, in ecs/settings.toml."
)

ONE_TASK = (
    "min_tasks = 1: while that task is replaced, after it failed or its zone did, nobody is served. Set 2 "
    "where that matters."
)


def find_warnings(aws: Aws, foundation: Foundation | None) -> list[str]:
    """Return a sentence for each problem, and for each check that AWS refuses to these credentials."""
    settings = aws.settings
    found = [] if settings.certificate_arn or settings.hosted_zone_id else [NO_HTTPS]
    if settings.min_tasks == 1:
        found.append(ONE_TASK)
    for name, look in (("quota", _quota), ("alarm e-mail", _alarm_email), ("scaling policies", _policies)):
        try:
            found += look(aws, foundation)
        except (BotoCoreError, ClientError) as error:
            found.append(f"The {name} could not be looked at. {translate(error)}")
    return found


def _quota(aws: Aws, _foundation: Foundation | None) -> Iterator[str]:
    """Warn if the account's Fargate quota is below twice the maximum of tasks, which a rollout can need."""
    quotas, tasks, each = aws.client("service-quotas"), aws.settings.max_tasks, aws.settings.cpu / 1024
    try:
        value = quotas.get_service_quota(**VCPUS)["Quota"]["Value"]
    except (KeyError, quotas.exceptions.NoSuchResourceException):  # the account has the default
        value = quotas.get_aws_default_service_quota(**VCPUS)["Quota"]["Value"]
    if value < 2 * tasks * each:
        yield (
            f"Fargate's quota of this account in {aws.region} is {value:g} vCPUs, for all its services; "
            f"{tasks} tasks of {each:g} take {2 * tasks * each:g} in a rollout. Lower max_tasks, or ask for "
            "more: aws service-quotas request-service-quota-increase --service-code fargate --quota-code "
            f"{VCPUS['QuotaCode']} --desired-value {math.ceil(2 * tasks * each)} --region {aws.region}"
        )


def _alarm_email(aws: Aws, foundation: Foundation | None) -> Iterator[str]:
    """Warn if nobody is notified of an alarm: SNS sends nothing until an address has confirmed."""
    email, confirmed = aws.settings.alarm_email, set[str]()
    if topic := foundation.alarm_topic_arn if foundation else "":
        for page in aws.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for item in page["Subscriptions"]:
                if item["SubscriptionArn"].startswith("arn:"):  # "PendingConfirmation" until confirmed
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
    """Warn of scaling policies that this tool did not make, because they work against its own."""
    for policy in scaling.foreign_policies(aws, foundation) if foundation else ():
        yield (
            f"The scaling policy {policy['PolicyName']} was not made by this tool and pulls against its own. "
            f"Remove it: aws application-autoscaling delete-scaling-policy --region {aws.region} "
            f"--service-namespace ecs --resource-id {policy['ResourceId']} "
            f"--scalable-dimension {scaling.DIMENSION} --policy-name {policy['PolicyName']}"
        )
