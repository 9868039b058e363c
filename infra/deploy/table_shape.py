"""Whether a table is one that global-table.yaml could have made, and the parameters that describe it as it is."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import templates
from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError
from infra.deploy.names import TEMPLATE_OF
from infra.deploy.tables import Replica


def _schema(keys: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(key["KeyType"], key["AttributeName"]) for key in sorted(keys, key=lambda key: key["KeyType"])]


def _indexes(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["IndexName"]: (_schema(one["KeySchema"]), one["Projection"]["ProjectionType"]) for one in found}


def check_shape(replicas: dict[str, Replica]) -> None:
    """The table's keys and indexes are the template's, and its key is one that the template can name.

    What differs here, an update after the import could only bring about by a new table.
    """
    wanted = templates.read(TEMPLATE_OF["table"])["Resources"]["GlobalTable"]["Properties"]
    types = {one["AttributeName"]: one["AttributeType"] for one in wanted["AttributeDefinitions"]}
    problems = []
    for region, replica in replicas.items():
        found = replica.description
        if _schema(found["KeySchema"]) != _schema(wanted["KeySchema"]):
            problems.append(f"{region}: its key is {_names(found['KeySchema'])}, not {_names(wanted['KeySchema'])}")
        actual = {one["AttributeName"]: one["AttributeType"] for one in found["AttributeDefinitions"]}
        wrong = sorted(name for name, kind in actual.items() if types.get(name, kind) != kind)
        if wrong:
            problems.append(f"{region}: {', '.join(wrong)} is not of the template's type")
        if _indexes(found.get("GlobalSecondaryIndexes", [])) != _indexes(wanted["GlobalSecondaryIndexes"]):
            problems.append(f"{region}: its global secondary indexes ({', '.join(replica.indexes) or 'none'}) are not "
                            f"{', '.join(_indexes(wanted['GlobalSecondaryIndexes']))} as the template makes them")
        if found.get("LocalSecondaryIndexes"):
            problems.append(f"{region}: it has local secondary indexes, and the template has none")
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


def _names(keys: list[dict[str, str]]) -> str:
    return ", ".join(name for _, name in _schema(keys))


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


def _text(value: bool) -> str:
    return str(value).lower()
