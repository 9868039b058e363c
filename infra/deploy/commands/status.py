"""`make status`: table, replicas, streams, readers, mappings and alarms, in every Region. Changes nothing."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import readers, subscribers, tables
from infra.deploy.context import Context
from infra.deploy.errors import message_of
from infra.deploy.names import STACKS

ATTENTION = 2
"""The exit status where something needs attention."""


def status(context: Context) -> int:
    """Print the state of everything, and in the end what needs attention; ATTENTION where anything does."""
    console, table = context.console, context.names.table
    attention: list[str] = []
    replicas = {region: tables.find(context.aws, region, table) for region in context.regions}

    console.title(f"Table {table}, account {context.aws.account}")
    console.table(
        ("REGION", "STATUS", "OTHER REPLICAS", "ITEMS", "BYTES", "BILLING", "PROTECTED"),
        [_table_row(region, replica, attention) for region, replica in replicas.items()],
    )
    console.title("Streams and their readers")
    for region, replica in replicas.items():
        if replica:
            _streams(context, region, replica, attention)

    console.title("Stacks")
    console.table(("REGION", *(part.upper() for part in STACKS)), [
        (region, *(_stack_cell(context, region, part, attention) for part in STACKS)) for region in context.regions
    ])
    console.title("Processors")
    console.table(("REGION", "FUNCTION", "CODE", "MAPPING", "LAST RESULT"), [
        row for region in context.regions if (row := _processor_row(context, region, attention))
    ])
    console.title("Alarms")
    for region in context.regions:
        _alarms(context, region, attention)
        topic = context.find(region, "processor").outputs.get("TopicArn")
        if topic and (silent := subscribers.problem(context.aws, region, topic)):
            attention.append(f"{region}: {silent}")

    console.title("Needs attention:" if attention else "Nothing needs attention.")
    for line in attention:
        console.step(f"- {line}")
    return ATTENTION if attention else 0


def _table_row(region: str, replica: tables.Replica | None, attention: list[str]) -> tuple[object, ...]:
    if replica is None:
        attention.append(f"{region}: there is no such table")
        return region, "none", "", "", "", "", ""
    for other, state in replica.other_regions.items():
        if state not in tables.AT_WORK:
            attention.append(f"{region}: the replica in {other} is {state}")
    if replica.status not in tables.AT_WORK:
        attention.append(f"{region}: the table is {replica.status}")
    others = ", ".join(f"{other} {state}" for other, state in sorted(replica.other_regions.items())) or "none"
    facts = replica.description
    return (region, replica.status, others, facts.get("ItemCount", ""), facts.get("TableSizeBytes", ""),
            replica.billing_mode, "yes" if replica.deletion_protection else "no")


def _streams(context: Context, region: str, replica: tables.Replica, attention: list[str]) -> None:
    if not replica.stream_arn:
        context.console.step(f"{region}: no stream")
        attention.append(f"{region}: the table has no stream")
        return
    context.console.step(f"{region}: {replica.stream_arn} ({replica.view_type})")
    found = readers.find_readers(context.aws, region, replica.stream_arn)
    for reader in found:
        context.console.step(f"{region}:   read by {reader.kind} {reader.name}, {reader.state}")
    if len(found) > readers.MAX_READERS:
        attention.append(f"{region}: {len(found)} readers on one stream; DynamoDB allows two for a shard")
    if replica.view_type != tables.NEEDED_VIEW:
        attention.append(f"{region}: the stream's view type is {replica.view_type}, so nothing can be judged")


def _stack_cell(context: Context, region: str, part: str, attention: list[str]) -> str:
    stack = context.find(region, part)
    if stack.exists and not (stack.status.endswith("_COMPLETE") and stack.status != "ROLLBACK_COMPLETE"):
        attention.append(f"{region}: stack {stack.name} is in {stack.status}")
    return stack.status or "-"


def _processor_row(context: Context, region: str, attention: list[str]) -> tuple[object, ...] | None:
    stack = context.find(region, "processor")
    if stack.parameters.get("HasEventSourceMapping") == "false":
        attention.append(f"{region}: `make rejudge` was interrupted: there is no event source mapping; run it again")
        return None
    if "FunctionName" not in stack.outputs:
        attention.append(f"{region}: there is no processor, so lost writes of this Region are not found")
        return None
    client = context.aws.client("lambda", region)
    name = stack.output("FunctionName")
    try:
        function: dict[str, Any] = client.get_function_configuration(FunctionName=name)
        mapping: dict[str, Any] = client.get_event_source_mapping(UUID=stack.output("EventSourceMappingId"))
    except ClientError as error:
        attention.append(f"{region}: {name}: {message_of(error)}")
        return None
    if mapping["State"] != "Enabled":
        attention.append(f"{region}: the mapping is {mapping['State']} (`make resume`); the stream keeps 24 hours")
    result = mapping.get("LastProcessingResult", "")
    if "PROBLEM" in result or "FAIL" in result.upper():
        attention.append(f"{region}: the mapping's last result is: {result}")
    return region, name, function["CodeSha256"][:12], mapping["State"], result


def _alarms(context: Context, region: str, attention: list[str]) -> None:
    """The alarms of this table, with those that are not OK named.

    Their names begin with the system's prefix and a dot, which no label may hold: `orders-eu` is not of `orders`.
    """
    pages = context.aws.client("cloudwatch", region).get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{context.names.prefix}.", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = [alarm for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(kind, [])]
    states = [alarm["StateValue"] for alarm in alarms]
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "none"
    context.console.step(f"{region}: {counts}")
    for alarm in alarms:
        if alarm["StateValue"] == "ALARM":
            attention.append(f"{region}: alarm {alarm['AlarmName']}: {alarm.get('StateReason', '')}")
