"""A table's settings that a restore leaves out: read from the table or its backup, and set on the new table.

DynamoDB developer guide, "Restoring a DynamoDB table from a backup": auto scaling, IAM policies, CloudWatch metrics and
alarms, tags, stream settings, TTL, deletion protection, point-in-time recovery and resource policy are not restored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.console import Console
from infra.deploy.errors import code_of
from infra.deploy.tables import NEEDED_VIEW, Replica
from infra.deploy.waiting import Waiter

MAX_RECOVERY_DAYS = 35
"""Days; the most that point-in-time recovery keeps, and its default."""


@dataclass(frozen=True)
class TableSettings:
    """What has to be set again. `policy` holds the old table's ARN, which `apply` replaces."""

    source_arn: str
    view_type: str = NEEDED_VIEW
    ttl_attribute: str = ""
    recovery_days: int = MAX_RECOVERY_DAYS
    deletion_protection: bool = True
    tags: list[dict[str, str]] = field(default_factory=list)
    policy: str = ""
    key_arn: str = ""

    def lines(self) -> list[str]:
        """What `apply` will set, in words."""
        return [
            f"set its stream ({self.view_type})",
            f"set its TTL attribute ({self.ttl_attribute})" if self.ttl_attribute else "set no TTL, as before",
            f"switch on point-in-time recovery ({self.recovery_days} days)" if self.recovery_days else
            "leave point-in-time recovery off, as before",
            f"set {len(self.tags)} tags",
            "set its resource policy" if self.policy else "set no resource policy, as before",
            "switch on deletion protection" if self.deletion_protection else "leave deletion protection off, as before",
        ]


def from_table(aws: Aws, replica: Replica) -> TableSettings:
    """The settings of a table that still exists."""
    client, name = aws.client("dynamodb", replica.region), replica.table
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    recovery = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"].get(
        "PointInTimeRecoveryDescription", {})
    on = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    tags: list[dict[str, str]] = []
    for page in client.get_paginator("list_tags_of_resource").paginate(ResourceArn=replica.arn):
        tags += page["Tags"]
    return TableSettings(
        replica.arn, replica.view_type or NEEDED_VIEW,
        ttl.get("AttributeName", "") if ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else "",
        recovery.get("RecoveryPeriodInDays", MAX_RECOVERY_DAYS) if on else 0,
        replica.deletion_protection,
        [tag for tag in tags if not tag["Key"].startswith("aws:")],
        _policy(client, replica.arn), replica.key_arn,
    )


def from_backup(description: dict[str, Any]) -> TableSettings:
    """The settings that a backup of a table that is gone still knows; the rest takes the safe value."""
    details, features = description["SourceTableDetails"], description.get("SourceTableFeatureDetails", {})
    ttl = features.get("TimeToLiveDescription", {})
    arn = details["TableArn"]
    deny = {
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "RefuseRequestsWithoutTls", "Effect": "Deny", "Principal": "*", "Action": "dynamodb:*",
            "Resource": [arn, f"{arn}/index/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }],
    }
    return TableSettings(
        arn, features.get("StreamDescription", {}).get("StreamViewType", NEEDED_VIEW), ttl.get("AttributeName", ""),
        policy=json.dumps(deny), key_arn=features.get("SSEDescription", {}).get("KMSMasterKeyArn", ""),
    )


def _policy(client: Any, arn: str) -> str:
    try:
        return client.get_resource_policy(ResourceArn=arn)["Policy"]
    except ClientError as error:
        if code_of(error) in ("PolicyNotFoundException", "ResourceNotFoundException"):
            return ""
        raise


def apply(aws: Aws, console: Console, waiter: Waiter, target: Replica, settings: TableSettings) -> None:
    """Set everything again. What is set already is left, so that it can be run again."""
    client, name = aws.client("dynamodb", target.region), target.table

    def active() -> bool | None:
        return True if client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE" else None

    if not target.stream_arn:
        client.update_table(TableName=name, StreamSpecification={
            "StreamEnabled": True, "StreamViewType": settings.view_type})
        waiter.until(active, f"the stream of {name}", 600)
    console.step(f"stream: {target.view_type or settings.view_type}")
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if settings.ttl_attribute and ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification={
            "Enabled": True, "AttributeName": settings.ttl_attribute})
    console.step(f"TTL: {settings.ttl_attribute or 'none'}")
    if settings.recovery_days:
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": settings.recovery_days})
    console.step(f"point-in-time recovery: {settings.recovery_days or 'no'} days")
    if settings.tags:
        client.tag_resource(ResourceArn=target.arn, Tags=settings.tags)
    console.step(f"tags: {len(settings.tags)}")
    if settings.policy:
        client.put_resource_policy(ResourceArn=target.arn,
                                   Policy=settings.policy.replace(settings.source_arn, target.arn))
    console.step(f"resource policy: {'set' if settings.policy else 'none'}")
    if settings.deletion_protection and not target.deletion_protection:
        client.update_table(TableName=name, DeletionProtectionEnabled=True)
        waiter.until(active, f"the deletion protection of {name}", 600)
    console.step(f"deletion protection: {'on' if settings.deletion_protection else 'off'}")
