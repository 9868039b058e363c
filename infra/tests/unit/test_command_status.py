"""`status` counts this system's own parts, and its exit status says whether anything needs attention."""

from __future__ import annotations

import pytest
from doubles import ACCOUNT, StubbedAws, stack, table
from doubles import context as make_context

from infra.deploy.commands import status
from infra.deploy.names import STACKS

REGION = "us-east-1"
STREAM = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/stream/2026-11-22T12:00:00.000"
MAPPING = "0" * 36
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:lastwriter-dev-orders-stream-processor"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:lastwriter-dev-orders-alarms"
OUTPUTS = {"FunctionName": "lastwriter-dev-orders-stream-processor", "EventSourceMappingId": MAPPING}


@pytest.fixture(name="context")
def _context(aws: StubbedAws):  # type: ignore[no-untyped-def]
    return make_context(aws, regions=[REGION])


def lay_out(aws: StubbedAws, alarm_state: str = "OK", mapping_state: str = "Enabled", present: str = "true",
            subscriptions: tuple[str, ...] = (f"{TOPIC}:0a1b",), table_status: str = "ACTIVE") -> None:
    aws.answer("dynamodb", REGION, "describe_table", table(
        REGION, TableStatus=table_status, Replicas=[{"RegionName": "eu-west-1", "ReplicaStatus": table_status}]))
    mapping = {"UUID": MAPPING, "State": mapping_state, "FunctionArn": FUNCTION, "LastProcessingResult": "OK"}
    aws.answer("lambda", REGION, "list_event_source_mappings", {"EventSourceMappings": [mapping]})
    aws.answer("pipes", REGION, "list_pipes", {"Pipes": []})
    for part in STACKS:
        aws.answer("cloudformation", REGION, "describe_stacks", stack(f"lastwriter-dev-orders-{part}", "CREATE_COMPLETE"))
    aws.answer("cloudformation", REGION, "describe_stacks", stack(
        "lastwriter-dev-orders-processor", "CREATE_COMPLETE", {"HasEventSourceMapping": present}, OUTPUTS))
    if present == "true":
        aws.answer("lambda", REGION, "get_function_configuration", {"CodeSha256": "abc"})
        aws.answer("lambda", REGION, "get_event_source_mapping", mapping)
    processor = stack("lastwriter-dev-orders-processor", "CREATE_COMPLETE", outputs={"TopicArn": TOPIC})
    aws.answer("cloudformation", REGION, "describe_stacks", processor)
    aws.answer("sns", REGION, "list_subscriptions_by_topic", {"Subscriptions": [
        {"SubscriptionArn": arn} for arn in subscriptions]}, {"TopicArn": TOPIC})
    aws.answer("cloudwatch", REGION, "describe_alarms", {"MetricAlarms": [
        {"AlarmName": "lastwriter-dev-orders.conflicts", "StateValue": alarm_state, "StateReason": "because"}]},
        {"AlarmNamePrefix": "lastwriter-dev-orders.", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]})


def test_a_sound_system_ends_with_0(aws: StubbedAws, context, said) -> None:
    lay_out(aws)
    assert status.status(context) == 0
    assert "Nothing needs attention." in said()


def test_a_table_that_is_being_updated_works(aws: StubbedAws, context, said) -> None:
    lay_out(aws, table_status="UPDATING")
    assert status.status(context) == 0
    assert "UPDATING" in said() and "Nothing needs attention." in said()


@pytest.mark.parametrize(("changes", "expected"), [
    ({"table_status": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}, "the table is INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
    ({"table_status": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}, "the replica in eu-west-1 is INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
    ({"alarm_state": "ALARM"}, "alarm lastwriter-dev-orders.conflicts: because"),
    ({"mapping_state": "Disabled"}, "the mapping is Disabled (`make resume`)"),
    ({"subscriptions": ()}, f"alarms tell nobody: {TOPIC} has no subscriber"),
    ({"subscriptions": ("PendingConfirmation",)}, "1 subscription(s) to"),
    ({"present": "false"}, "`make rejudge` was interrupted"),
])
def test_what_needs_attention_is_named_and_ends_with_2(aws: StubbedAws, context, said, changes, expected: str) -> None:
    lay_out(aws, **changes)
    assert status.status(context) == 2
    assert "Needs attention:" in said() and expected in said()
