"""What stays when stacks go (Retain): protecting it, and saying how it is removed."""

from __future__ import annotations

from infra.deploy import tables
from infra.deploy.context import Context


def set_protection(context: Context, region: str, table: str, wanted: bool) -> None:
    """Switch a table's deletion protection in one Region, where it is the other way, and wait until it is so."""
    replica = tables.find(context.aws, region, table)
    if replica is None or replica.deletion_protection == wanted:
        return
    context.aws.client("dynamodb", region).update_table(TableName=table, DeletionProtectionEnabled=wanted)

    def done() -> bool | None:
        found = tables.find(context.aws, region, table)
        return True if found is None or (found.deletion_protection == wanted and found.status == "ACTIVE") else None

    context.waiter.until(done, f"the deletion protection of {table} in {region}", 600)
    context.console.step(f"{region} {table}: deletion protection is {'on' if wanted else 'off'} now")


def protect(context: Context, region: str, table: str) -> None:
    """Deletion protection for a table that stays: no stack watches over it any more."""
    set_protection(context, region, table, True)


def retained_resources(context: Context, regions: list[str], with_table: bool) -> list[str]:
    """What Retain keeps, each with the command that removes it, found while the stacks still name it."""
    names, lines = context.names, []
    if with_table:
        lines.append(f"table {names.table}, with deletion protection: switch it off in each Region "
                     "(aws dynamodb update-table --no-deletion-protection-enabled), then delete first its replicas, one at a "
                     "time, then the table. A table that a replica "
                     "was added from cannot be deleted for 24 hours after that.")
        lines += [
            f"  aws dynamodb update-table --region {context.primary} --table-name {names.table} "
            f"--replica-updates 'Delete={{RegionName={region}}}'" for region in context.regions[1:]
        ]
        lines.append(f"  aws dynamodb delete-table --region {context.primary} --table-name {names.table}")
    for region in regions:
        processor = context.find(region, "processor")
        if ledger := processor.outputs.get("LedgerTableName"):
            lines.append(f"ledger {ledger} in {region}, which holds the lost writes (switch its deletion protection off first):")
            lines.append(f"  aws dynamodb delete-table --region {region} --table-name {ledger}")
        buckets = (processor.outputs.get("FailureBucketName"),
                   context.find(region, "artifacts").outputs.get("BucketName"))
        for bucket in filter(None, buckets):
            lines.append(f"bucket {bucket} in {region} (versioned: empty it in the console first):")
            lines.append(f"  aws s3api delete-bucket --region {region} --bucket {bucket}")
    for region in sorted(regions, key=lambda one: one == context.primary):
        if key := context.find(region, "key").outputs.get("KeyArn"):
            lines.append(f"key {key}: last of all, for whatever it encrypts is lost with it:")
            lines.append(f"  aws kms schedule-key-deletion --region {region} --key-id {key} "
                         "--pending-window-in-days 30")
    return lines or ["nothing that the stacks still name"]
