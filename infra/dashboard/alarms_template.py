"""Makes `templates/alarms.yaml` out of the alarms."""

from __future__ import annotations

import textwrap
from typing import Any

from .alarm_model import Alarm
from .alarms import all_alarms
from .cfn_yaml import dump, indented
from .links import CONSOLE, NAME, URL, partitions
from .names import ALARM_PREFIX, conditions, parameters, ref, sub

HEADER = """\
AWSTemplateFormatVersion: "2010-09-09"
Description: The alarms of one Region.

# Made by infra/dashboard/generate.py out of alarms.py and table_alarms.py there. Change those.
#
# Interface (the whole of it is in INTERFACE.md)
#   Parameters: ProjectName, Environment, TableLabel, TableName, Regions, IndexNames, ConsistencyMode, BillingMode,
#               MetricsNamespace, EventSourceMappingId, TopicArn, RunbookUrl, FunctionTimeout,
#               ReplicationLatencyThresholdMs, RequestLatencyThresholdMs, IteratorAgeThresholdMs, LostWriteRatePercent,
#               ConflictsThreshold, UnstampedWritesPercent, StaleOverwritesThreshold, SuspectedConflictsThreshold,
#               OpenEntryAgeThresholdSeconds, CapacityPercent
#   Outputs:    UnhealthyAlarmName, UnhealthyAlarmArn

"""

THRESHOLDS: dict[str, tuple[float, float, str]] = {
    "FunctionTimeout": (30, 3, "The processor's Timeout, in seconds."),
    "ReplicationLatencyThresholdMs": (
        10000,
        1,
        "Average replication latency, in milliseconds. It is about a second as a rule.",
    ),
    "RequestLatencyThresholdMs": (
        200,
        1,
        "Average latency of GetItem, PutItem, UpdateItem and DeleteItem, each, in milliseconds. It is below ten as a rule; "
        "STRONG adds the way to another Region.",
    ),
    "IteratorAgeThresholdMs": (300000, 1, "Age of the last record of a batch, in milliseconds. The stream keeps 86400000."),
    "LostWriteRatePercent": (1, 0, "Lost writes per hundred replicated writes."),
    "ConflictsThreshold": (0, 0, "Conflicts in five minutes that are still no alarm."),
    "UnstampedWritesPercent": (
        0,
        0,
        "Unstamped writes per hundred writes that are still no alarm. 100 is never: for a table whose writers do not stamp yet.",
    ),
    "StaleOverwritesThreshold": (0, 0, "Stale overwrites in five minutes that are still no alarm."),
    "SuspectedConflictsThreshold": (0, 0, "Suspected conflicts in five minutes that are still no alarm."),
    "OpenEntryAgeThresholdSeconds": (
        259200,
        300,
        "Age of the oldest open entry of the ledger, in seconds. Entries go after LedgerRetentionDays, open or not.",
    ),
    "CapacityPercent": (80, 1, "Used share of the provisioned capacity. Auto scaling aims at 70."),
}

UNHEALTHY_SLUG = "table-unhealthy"
UNHEALTHY_SECTION = "Table unhealthy"
UNHEALTHY_MEANS = "At least one alarm about the table's replication, throttling, capacity, latency, errors or replicas is on."
UNHEALTHY_DO = "Open the dashboard: the tile of alarms shows which one. Act on that one; this alarm goes when it goes."


def anchor(section: str) -> str:
    """The heading's anchor, as Git hosts make it."""
    return section.lower().replace(" ", "-")


def description(means: str, do: str, section: str, instance: Any = None) -> dict:
    """What an alarm's message says: which table, what to do, and two links that can be clicked."""
    which = " ${Instance}." if instance is not None else ""
    text = f"{means}{which} Table ${{TableName}}. Do: {do} {URL}{NAME} More: ${{RunbookUrl}}#{anchor(section)}"
    return {"Fn::Sub": [text, {"Console": CONSOLE, **({"Instance": instance} if instance is not None else {})}]}


def alarm_description(alarm: Alarm) -> dict:
    if alarm.instance is not None:
        return description(alarm.means, alarm.do, alarm.section, alarm.instance.value)
    return description(alarm.means.rstrip(".") + ".", alarm.do, alarm.section)


def alarm_resource(alarm: Alarm) -> dict:
    found: dict[str, Any] = {"Type": "AWS::CloudWatch::Alarm"}
    if alarm.condition:
        found["Condition"] = alarm.condition
    properties: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm_description(alarm),
        "AlarmActions": [ref("TopicArn")],
        **({"OKActions": [ref("TopicArn")]} if alarm.recovers else {}),
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "EvaluationPeriods": alarm.out_of,
        "DatapointsToAlarm": alarm.within,
        "TreatMissingData": alarm.missing,
    }
    if alarm.expression is None:
        (metric,) = alarm.metrics
        properties |= {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": n, "Value": v} for n, v in metric.dimensions],
            "Statistic": metric.stat,
            "Period": alarm.period,
        }
    else:
        result = {"Id": "result", "Expression": alarm.expression, "Label": alarm.section, "ReturnData": True}
        properties["Metrics"] = [result] + [m.query(f"m{i}", alarm.period) for i, m in enumerate(alarm.metrics, 1)]
    found["Properties"] = properties
    return found


def unhealthy_resource(alarms: list[Alarm]) -> dict:
    """The composite. It tells nobody: each alarm under it does, with what is wrong, also while another one is on already."""
    watched = [a for a in alarms if a.unhealthy]
    # A term that is always there comes first, so that every other term can bring its own OR.
    watched.sort(key=lambda a: a.condition is not None)
    terms: list[Any] = []
    for number, alarm in enumerate(watched):
        # The alarm's logical id stands for its name, and makes the composite wait for it.
        term = sub(("" if number == 0 else " OR ") + f'ALARM("${{{alarm.logical_id}}}")')
        terms.append({"Fn::If": [alarm.condition, term, ""]} if alarm.condition else term)
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": sub(f"{ALARM_PREFIX}{UNHEALTHY_SLUG}"),
            "AlarmDescription": description(UNHEALTHY_MEANS, UNHEALTHY_DO, UNHEALTHY_SECTION),
            "AlarmRule": {"Fn::Join": ["", terms]},
        },
    }


def comment(text: str) -> str:
    return "".join(f"  # {line}\n" for line in textwrap.wrap(text, 116))


def used_conditions(parts: list[Any]) -> dict:
    """Of all conditions those that the parts name, directly or through another condition."""
    known, wanted, seen = conditions(), set(), list(parts)

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for v in value:
                walk(v)
        elif isinstance(value, dict):
            for k, v in value.items():
                name = v if k == "Condition" and isinstance(v, str) else v[0] if k == "Fn::If" else None
                if name is not None and name not in wanted:
                    wanted.add(name)
                    walk(known[name])
                walk(v)

    walk(seen)
    return {n: c for n, c in known.items() if n in wanted}


def threshold_parameters() -> dict:
    return {
        name: {"Type": "Number", "Default": default, "MinValue": least, "Description": text}
        for name, (default, least, text) in THRESHOLDS.items()
    }


def render() -> str:
    alarms = all_alarms()
    declared = parameters(
        "ProjectName",
        "Environment",
        "TableLabel",
        "TableName",
        "Regions",
        "IndexNames",
        "ConsistencyMode",
        "BillingMode",
        "MetricsNamespace",
        "EventSourceMappingId",
        "TopicArn",
        "RunbookUrl",
    )
    resources = [(a, alarm_resource(a)) for a in alarms]
    unhealthy = unhealthy_resource(alarms)
    out = [HEADER, dump({"Parameters": declared | threshold_parameters()}), "\n", dump({"Mappings": partitions()}), "\n"]
    out += [dump({"Conditions": used_conditions([r for _, r in resources] + [unhealthy])}), "\nResources:\n"]
    for alarm, resource in resources:
        out += [comment(f"Missing data: {alarm.missing_why}"), indented(dump({alarm.logical_id: resource}), 2), "\n"]
    out += [indented(dump({"TableUnhealthyAlarm": unhealthy}), 2), "\n"]
    outputs = {
        "UnhealthyAlarmName": {"Description": "The composite alarm.", "Value": ref("TableUnhealthyAlarm")},
        "UnhealthyAlarmArn": {"Description": "Its ARN.", "Value": {"Fn::GetAtt": ["TableUnhealthyAlarm", "Arn"]}},
    }
    out.append(dump({"Outputs": outputs}))
    return "".join(out)
