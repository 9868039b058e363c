"""Parameters that make each template a stack, for the tests that look at what a stack would hold."""

from __future__ import annotations

from cfn import ACCOUNT, Stack, load

FIVE = ["us-east-1", "eu-west-1", "ap-southeast-2", "sa-east-1", "us-gov-west-1"]
KEY_ID = "mrk-0123456789abcdef0123456789abcdef"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
STREAM_ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Orders.v2/stream/2026-11-22T12:00:00.000"
MAPPING_ID = "0a1b2c3d-1111-2222-3333-444455556666"
LABEL = {"TableLabel": "orders-a1b2c3"}
TABLE = LABEL | {"TableName": "Orders.v2"}
CODE = {"CodeBucket": "code", "CodeKey": "stream-processor/abc.zip", "KeyArn": KEY_ARN}
TOPIC_ARN = f"arn:aws:sns:us-east-1:{ACCOUNT}:lastwriter-dev-orders-a1b2c3-alarms"

REQUIRED = {
    "artifact-bucket.yaml": LABEL,
    "encryption-key.yaml": LABEL,
    "global-table.yaml": TABLE | {"GlobalTableRegions": ",".join(FIVE[:2]), "TableKeyId": KEY_ID},
    "stream-processor.yaml": TABLE | CODE | {"StreamArn": STREAM_ARN},
    "table-reporter.yaml": TABLE | CODE,
    "alarms.yaml": TABLE | {"Regions": ",".join(FIVE[:2]), "EventSourceMappingId": MAPPING_ID, "TopicArn": TOPIC_ARN},
    "backup-plan.yaml": TABLE | {"KeyArn": KEY_ARN},
    "drill.yaml": TABLE | {"StopAlarmArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:errors"},
    "dashboard.yaml": TABLE
    | {"Regions": ",".join(FIVE[:2]), "EventSourceMappingId": MAPPING_ID, "PrimaryRegion": "us-east-1"},
}


def stack(name: str, region: str = "us-east-1", template: dict | None = None, **parameters: str) -> Stack:
    """A stack of this template (or of a changed copy of it), with what it requires and the given parameters."""
    return Stack(template or load(name), REQUIRED[name] | parameters, region)
