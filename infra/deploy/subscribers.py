"""Whether an alarm reaches anybody: who subscribes to the topic."""

from __future__ import annotations

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.errors import code_of


def problem(aws: Aws, region: str, topic_arn: str) -> str:
    """What is wrong with a topic's subscriptions, with the way out; empty where somebody is told."""
    try:
        pages = aws.client("sns", region).get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        arns = [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]
    except ClientError as error:
        return f"who subscribes to {topic_arn} cannot be told ({code_of(error)})"
    if any(arn.startswith("arn:") for arn in arns):
        return ""
    if arns:
        return (f"alarms tell nobody: {len(arns)} subscription(s) to {topic_arn} wait for their confirmation (the link in "
                "the mail)")
    return (f"alarms tell nobody: {topic_arn} has no subscriber. Subscribe to it, or deploy with PARAMS=\"AlarmEmail=...\" "
            f"or PARAMS=\"{region}:AlarmTopicArn=...\"")
