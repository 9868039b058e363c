"""Whether a table is one that global-table.yaml could have made, and the parameters that describe it as it is."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import key_parameters, templates
from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError
from infra.deploy.names import TEMPLATE_OF
from infra.deploy.tables import Replica


def check_shape(replicas: dict[str, Replica]) -> None:
    """The table's keys and indexes are some that the template can make, and its key is one that the template can name.

    What differs here, an update after the import could only bring about by a new table.
    """
    problems = []
    for region, replica in replicas.items():
        problems += [f"{region}: {problem}" for problem in key_parameters.problems(replica.description)]
        if not re.search(r":key/mrk-[0-9a-f]{32}$", replica.key_arn):
            problems.append(f"{region}: it is encrypted with {replica.key_arn or 'a key that DynamoDB owns'}, and the "
                            "template names a multi-Region key (mrk-...)")
    if len({replica.key_arn.rsplit("/", 1)[-1] for replica in replicas.values()}) > 1:
        problems.append("its replicas are encrypted with different keys, and the template names one multi-Region key")
    if problems:
        raise DeployError(
            f"The table {next(iter(replicas.values())).table} exists, belongs to no stack of ours, and cannot be taken into "
            "one: global-table.yaml would ask for a new table. Nothing was changed.\n"
            + "\n".join(f"  {problem}" for problem in dict.fromkeys(problems)),
            "run `make attach`, which watches any table and leaves it as it is.",
        )


def parameters_of(aws: Aws, replicas: dict[str, Replica], regions: list[str]) -> dict[str, str]:
    """The template's parameters as the table is now, so that the update after the import changes only what PARAMS says.

    No replica's resource policy is taken for granted (ReplicasWithPolicy 0): that update sets them all.
    """
    first = replicas[regions[0]]
    client, found = aws.client("dynamodb", first.region), first.description
    ttl = client.describe_time_to_live(TableName=first.table)["TimeToLiveDescription"]
    recovery = client.describe_continuous_backups(TableName=first.table)["ContinuousBackupsDescription"].get(
        "PointInTimeRecoveryDescription", {})
    recovers = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    protected = all(replica.deletion_protection for replica in replicas.values())
    limits = found.get("OnDemandThroughput", {})
    witnesses = [one["RegionName"] for one in found.get("GlobalTableWitnesses", [])]
    answer = {
        "TableName": first.table,
        "GlobalTableRegions": ",".join(regions),
        "ReplicasWithPolicy": "0",
        "TableKeyId": first.key_arn.rsplit("/", 1)[-1],
        "BillingMode": first.billing_mode,
        "TableClass": found.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        "ConsistencyMode": first.consistency,
        "WitnessRegion": witnesses[0] if witnesses else "none",
        "StreamViewType": first.view_type or "NEW_AND_OLD_IMAGES",
        "DeletionProtectionEnabled": _text(protected),
        "PointInTimeRecoveryEnabled": _text(recovers),
        "TtlAttribute": ttl.get("AttributeName", "") if ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else "",
        "MaxReadRequestUnits": str(max(0, limits.get("MaxReadRequestUnits", 0))),
        "MaxWriteRequestUnits": str(max(0, limits.get("MaxWriteRequestUnits", 0))),
        "ContributorInsightsMode": _contributor_insights(client, first.table),
        "KinesisStreamName": _kinesis_stream(client, first.table),
        **_warm_throughput(found),
        **key_parameters.of_table(found),
    }
    if recovers and recovery.get("RecoveryPeriodInDays"):
        answer["RecoveryPeriodInDays"] = str(recovery["RecoveryPeriodInDays"])
    if first.billing_mode == "PROVISIONED":
        for kind in ("Read", "Write"):
            units = found["ProvisionedThroughput"][f"{kind}CapacityUnits"]
            answer[f"{kind}CapacityUnits"] = str(units)
            answer[f"Max{kind}CapacityUnits"] = str(max(units, 100))
    return answer


def _contributor_insights(client: Any, table: str) -> str:
    """The mode that the table has. One that says none was switched on when there was only one: every request."""
    try:
        answer = client.describe_contributor_insights(TableName=table)
    except ClientError:
        return "OFF"
    if answer.get("ContributorInsightsStatus") not in ("ENABLED", "ENABLING"):
        return "OFF"
    return answer.get("ContributorInsightsMode", "ACCESSED_AND_THROTTLED_KEYS")


def _kinesis_stream(client: Any, table: str) -> str:
    """The Kinesis data stream that gets the table's changes, by its name; the template takes one of that name in each Region."""
    try:
        destinations = client.describe_kinesis_streaming_destination(TableName=table)["KinesisDataStreamDestinations"]
    except ClientError:
        return ""
    active = [one["StreamArn"] for one in destinations if one["DestinationStatus"] in ("ACTIVE", "ENABLING", "UPDATING")]
    return active[0].rsplit("/", 1)[-1] if active else ""


def _warm_throughput(description: dict[str, Any]) -> dict[str, str]:
    """What the table takes at once, where that is more than each table takes: it can rise, and never fall."""
    warm, least = description.get("WarmThroughput", {}), templates.parameters(TEMPLATE_OF["table"])
    return {
        name: str(max(int(least[name]["Default"]), warm.get(f"{kind}UnitsPerSecond", 0)))
        for kind in ("Read", "Write") for name in [f"Warm{kind}UnitsPerSecond"]
    }


def _text(value: bool) -> str:
    return str(value).lower()
