"""`make backup`: an on-demand backup of the table, beside its point-in-time recovery."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from infra.deploy import tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError


def backup(context: Context, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Make a backup in the primary Region and list those there are."""
    console, names, region = context.console, context.names, context.primary
    tables.describe(context.aws, region, names.table)
    name = f"{names.table}-{now().strftime('%Y%m%dT%H%M%SZ')}"
    console.plan(f"make backup {names.arguments()}", [
        f"make the backup {name} of {names.table} in {region}; it is kept, and paid for, until you delete it",
    ])
    console.step(f"point-in-time recovery: {tables.recovery_window(context.aws, region, names.table)}")
    console.confirm(names.env, f"back up {names.table}.")

    client = context.aws.client("dynamodb", region)
    arn = client.create_backup(TableName=names.table, BackupName=name)["BackupDetails"]["BackupArn"]

    def poll() -> dict[str, Any] | None:
        details = client.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
        if details["BackupStatus"] == "DELETED":
            raise DeployError(f"The backup {name} was deleted while it was being made.", "run it again.")
        return details if details["BackupStatus"] == "AVAILABLE" else None

    details = context.waiter.until(poll, f"backup {name}", 3600)
    console.title(f"Made {name}, {details.get('BackupSizeBytes', 0)} bytes.")
    console.step(f"To restore it: make restore {names.arguments()} REGIONS={region} TO={names.table}-restored "
                 f"BACKUP={arn}")
    console.title(f"Backups of {names.table} in {region}:")
    pages = client.get_paginator("list_backups").paginate(TableName=names.table)
    console.table(("MADE", "NAME", "STATUS", "BYTES"), [
        (b["BackupCreationDateTime"], b["BackupName"], b["BackupStatus"], b.get("BackupSizeBytes", ""))
        for page in pages for b in page["BackupSummaries"]
    ])
