"""TAGS=: reading it, and carrying it to the replicas, which CloudFormation's stack tags do not reach."""

from __future__ import annotations

import re

from infra.deploy import tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError

RESERVED = {"Project", "Environment", "Label", "Table", "ManagedBy"}
"""The tags that templates and commands set themselves."""

_KEY = re.compile(r"[\w.:/=+@-]{1,128}")
_VALUE = re.compile(r"[\w.:/=+@-]{0,256}")


def parse(text: str) -> dict[str, str]:
    """TAGS="Key=value Key=value". An empty value takes the tag away."""
    answer: dict[str, str] = {}
    for part in text.split():
        key, equals, value = part.partition("=")
        if not equals or not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise DeployError(f"TAGS holds {part!r}, which is not Key=value of letters, digits and . : / = + @ _ -",
                              'for example TAGS="Team=shop CostCentre=42". A value with spaces cannot be given here.')
        if key in RESERVED or key.lower().startswith("aws:"):
            raise DeployError(f"TAGS may not set {key}, which is set already.", "choose another key.")
        answer[key] = value
    return answer


def tag_replicas(context: Context, regions: list[str]) -> None:
    """Give each replica of our table the tags of TAGS=.

    AWS::DynamoDB::GlobalTable takes tags for each replica in its template and none from the stack, as its resource schema
    says (it has no tagging), so these go to the replicas directly.
    """
    if not context.tags:
        return
    for region in regions:
        replica = tables.describe(context.aws, region, context.names.table)
        client = context.aws.client("dynamodb", region)
        have = {tag["Key"]: tag["Value"] for page in client.get_paginator("list_tags_of_resource").paginate(
            ResourceArn=replica.arn) for tag in page["Tags"]}
        wanted = [{"Key": key, "Value": value} for key, value in context.tags.items() if value and have.get(key) != value]
        gone = [key for key, value in context.tags.items() if not value and key in have]
        if wanted:
            client.tag_resource(ResourceArn=replica.arn, Tags=wanted)
        if gone:
            client.untag_resource(ResourceArn=replica.arn, TagKeys=gone)
