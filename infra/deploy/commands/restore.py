"""`make restore TO=`: a new table from a backup or a point in time, with the settings that a restore leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import table_settings, tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError, code_of
from infra.deploy.names import Names
from infra.deploy.table_settings import TableSettings

RESTORE_TIMEOUT = 6 * 3600.0
"""Seconds. A restore takes minutes to hours, by size and indexes."""


@dataclass(frozen=True)
class RestoreRequest:
    """What to restore: a backup's ARN, or a moment, or neither for the latest moment there is."""

    target: str
    backup_arn: str = ""
    at: str = ""

    def moment(self) -> datetime | None:
        """AT= as a time; UTC where it names no offset."""
        if not self.at:
            return None
        try:
            moment = datetime.fromisoformat(self.at.replace("Z", "+00:00"))
        except ValueError as error:
            raise DeployError(f"AT={self.at!r} is not a time.", "for example AT=2026-11-22T10:30:00Z.") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def restore(context: Context, request: RestoreRequest) -> None:
    """Restore into a new table in the primary Region. Run again, it continues a restore that it started."""
    console, names, region = context.console, context.names, context.primary
    if not request.target:
        raise DeployError("TO is empty.", f"name the new table, for example TO={names.table}-restored.")
    Names(names.project, names.env, request.target)
    if request.target == names.table:
        raise DeployError("TO is the table itself. DynamoDB restores into a new table only.",
                          f"for example TO={names.table}-restored.")
    if request.backup_arn and request.at:
        raise DeployError("BACKUP and AT exclude each other.", "give one of them.")
    moment = request.moment()
    source = tables.find(context.aws, region, names.table)
    kept = _settings(context, region, source, request)
    restarted = _is_restored_from(context, region, request, kept.source_arn)

    what = f"backup {request.backup_arn}" if request.backup_arn else (
        f"its state of {moment:%Y-%m-%d %H:%M:%S %Z}" if moment else "its latest restorable state")
    console.plan(f"make restore {names.arguments()} TO={request.target}", [
        f"go on with the restore that has begun into {request.target}" if restarted else
        f"restore {names.table} ({what}) into the new table {request.target} in {region}; {names.table} stays as it is",
        *kept.lines(),
        "not make it global: a restored table lives in one Region (how to go on is printed at the end)",
    ])
    if source:
        console.step(f"point-in-time recovery: {tables.recovery_window(context.aws, region, names.table)}")
    console.confirm(names.env, f"restore {names.table} into {request.target}.")

    if not restarted:
        _start(context, region, request, moment, kept)
    target = _await(context, region, request.target)
    console.title(f"Setting again on {request.target} what a restore leaves out")
    table_settings.apply(context.aws, console, context.waiter, target, kept)
    _print_next_steps(context, request.target, kept)


def _settings(context: Context, region: str, source: tables.Replica | None, request: RestoreRequest) -> TableSettings:
    if source:
        return table_settings.from_table(context.aws, source)
    if not request.backup_arn:
        raise DeployError(
            f"There is no table {context.names.table} in {region}.",
            "a table that is gone can be restored from a backup: give BACKUP=<ARN> (`aws dynamodb list-backups "
            f"--region {region}` lists them; of a table deleted with point-in-time recovery on, DynamoDB keeps a "
            "system backup for 35 days).",
        )
    try:
        answer = context.aws.client("dynamodb", region).describe_backup(BackupArn=request.backup_arn)
    except ClientError as error:
        if code_of(error) in ("BackupNotFoundException", "ValidationException"):
            raise DeployError(f"There is no backup {request.backup_arn} in {region}.", "check BACKUP.") from error
        raise
    return table_settings.from_backup(answer["BackupDescription"])


def _is_restored_from(context: Context, region: str, request: RestoreRequest, source_arn: str) -> bool:
    """Whether the target exists as a restore of this table; another table of that name is not touched."""
    target = tables.find(context.aws, region, request.target)
    if target is None:
        return False
    if target.description.get("RestoreSummary", {}).get("SourceTableArn") == source_arn:
        return True
    raise DeployError(f"A table {request.target} exists in {region} and is no restore of {context.names.table}. "
                      "Nothing was changed.", "choose another TO.")


def _start(context: Context, region: str, request: RestoreRequest, moment: datetime | None,
           kept: TableSettings) -> None:
    client = context.aws.client("dynamodb", region)
    key: dict[str, Any] = {"SSESpecificationOverride": {
        "Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": kept.key_arn}} if kept.key_arn else {}
    if request.backup_arn:
        client.restore_table_from_backup(TargetTableName=request.target, BackupArn=request.backup_arn, **key)
        return
    when: dict[str, Any] = {"RestoreDateTime": moment} if moment else {"UseLatestRestorableTime": True}
    try:
        client.restore_table_to_point_in_time(
            SourceTableName=context.names.table, TargetTableName=request.target, **when, **key)
    except ClientError as error:
        if code_of(error) == "PointInTimeRecoveryUnavailableException":
            raise DeployError(f"Point-in-time recovery of {context.names.table} is off.",
                              "restore a backup instead: BACKUP=<ARN>.") from error
        if code_of(error) == "InvalidRestoreTimeException":
            window = tables.recovery_window(context.aws, region, context.names.table)
            raise DeployError(f"That moment cannot be restored; the window is {window}.",
                              "choose AT within the window.") from error
        raise


def _await(context: Context, region: str, table: str) -> tables.Replica:
    context.console.step(f"{table}: restoring, minutes to hours ...")

    def poll() -> tables.Replica | None:
        found = tables.find(context.aws, region, table)
        return found if found and found.status == "ACTIVE" else None

    return context.waiter.until(poll, f"the restore into {table} (run it again to go on)", RESTORE_TIMEOUT)


def _print_next_steps(context: Context, target: str, kept: TableSettings) -> None:
    console, names = context.console, context.names
    others = context.regions[1:]
    console.title(f"{target} is ready, in {context.primary} alone. Look at its data first. To make it global:")
    for number, region in enumerate(others or ["<region>"], 1):
        key = kept.key_arn.replace(f":{context.primary}:", f":{region}:") if kept.key_arn else ""
        chosen = f",KMSMasterKeyId={key}" if key else ""
        console.step(f"{number}. aws dynamodb update-table --region {context.primary} --table-name {target} "
                     f"--replica-updates 'Create={{RegionName={region}{chosen}}}'  (wait until it is ACTIVE)")
    console.step(f"{len(others or [1]) + 1}. in each new Region set point-in-time recovery, tags and policy: they "
                 "belong to the replica")
    console.step(f"{len(others or [1]) + 2}. make attach PROJECT={names.project} ENV={names.env} TABLE={target} "
                 f"REGIONS={','.join(context.regions)}")
    console.step("Auto scaling and alarms are not restored either; `make attach` makes the alarms.")
