"""`make destroy`: take the stacks away, and say what stays."""

from __future__ import annotations

from infra.deploy import regional, stacks, tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError

DELETION_ORDER = ("dashboard", "alarms", "reporter", "processor")


def destroy(context: Context) -> None:
    """Delete every stack of this table, the last made first. What Retain keeps is listed with how to remove it."""
    console, names, regions = context.console, context.names, context.regions
    table_stack = context.find(context.primary, "table")
    if table_stack.exists:
        _check_regions(context, table_stack)
    retained = _retained_resources(context, table_stack.exists)

    console.plan(f"make destroy {names.arguments()}", [
        "switch deletion protection on for the table and the ledgers, where it is off: they stay, and no stack holds them",
        f"delete dashboard, alarms, reporter and processor in {', '.join(regions)}: from then on lost writes of "
        f"{names.table} are not found",
        f"delete the stack of the table in {context.primary}; the table itself stays" if table_stack.exists
        else f"leave the table {names.table} alone: it was attached, not made here",
        "delete the stacks of keys and artifact buckets; keys and buckets stay",
    ])
    console.title("This stays (Retain), and is paid for, until you remove it:")
    for line in retained:
        console.step(line)
    console.confirm_always(f"Destroy the system of {names.table} in {', '.join(regions)} of account "
                           f"{context.aws.account}.")

    deployer = context.deployer()
    kept = {region: [ledger] if (ledger := context.find(region, "processor").outputs.get("LedgerTableName")) else []
            for region in regions}
    if table_stack.exists:
        kept = {region: [names.table, *ledgers] for region, ledgers in kept.items()}

    def one(region: str) -> None:
        for part in DELETION_ORDER:
            deployer.delete(region, names.stack(part))

    console.title("1. Deletion protection of what stays")
    for region, kept_tables in kept.items():
        for table in kept_tables:
            _protect(context, region, table)
    console.title("2. Processors and what belongs to them")
    regional.each(regions, one)
    console.title("3. Table")
    deployer.delete(context.primary, names.stack("table"))
    console.title("4. Keys: the replicas first, then the primary")
    regional.each(regions[1:], lambda region: deployer.delete(region, names.stack("key")))
    deployer.delete(context.primary, names.stack("key"))
    console.title("5. Artifact buckets")
    regional.each(regions, lambda region: deployer.delete(region, names.stack("artifacts")))
    console.title("The stacks are gone. What stays, and how to remove it, in this order:")
    for line in retained:
        console.step(line)
    console.title(f"To bring it back under stacks: make {'deploy' if table_stack.exists else 'attach'} "
                  f"{names.arguments()} REGIONS={','.join(regions)} IMPORT=1")


def _check_regions(context: Context, table_stack: stacks.Stack) -> None:
    """All Regions or none: a processor that is forgotten would go on reading, and cost."""
    current = table_stack.parameters.get("GlobalTableRegions", "").split(",")
    if sorted(current) != sorted(context.regions):
        raise DeployError(
            f"{context.names.table} has the Regions {','.join(current)}, and REGIONS says "
            f"{','.join(context.regions)}. Nothing was changed.", f"use REGIONS={','.join(current)}",
        )


def _protect(context: Context, region: str, table: str) -> None:
    """Switch deletion protection on for a table that stays, where it is off: no stack watches over it any more."""
    replica = tables.find(context.aws, region, table)
    if replica is None or replica.deletion_protection:
        return
    context.aws.client("dynamodb", region).update_table(TableName=table, DeletionProtectionEnabled=True)

    def done() -> bool | None:
        found = tables.find(context.aws, region, table)
        return True if found is None or (found.deletion_protection and found.status == "ACTIVE") else None

    context.waiter.until(done, f"the deletion protection of {table} in {region}", 600)
    context.console.step(f"{region} {table}: deletion protection is on now")


def _retained_resources(context: Context, ours: bool) -> list[str]:
    """What Retain keeps, each with the command that removes it, found while the stacks still name it."""
    names, lines = context.names, []
    if ours:
        lines.append(f"table {names.table}, with deletion protection: switch it off in each Region "
                     "(aws dynamodb update-table --no-deletion-protection-enabled), then delete first its replicas, one at a "
                     "time, then the table. A table that a replica "
                     "was added from cannot be deleted for 24 hours after that.")
        lines += [
            f"  aws dynamodb update-table --region {context.primary} --table-name {names.table} "
            f"--replica-updates 'Delete={{RegionName={region}}}'" for region in context.regions[1:]
        ]
        lines.append(f"  aws dynamodb delete-table --region {context.primary} --table-name {names.table}")
    for region in context.regions:
        processor = context.find(region, "processor")
        if ledger := processor.outputs.get("LedgerTableName"):
            lines.append(f"ledger {ledger} in {region}, which holds the lost writes (switch its deletion protection off first):")
            lines.append(f"  aws dynamodb delete-table --region {region} --table-name {ledger}")
        buckets = (processor.outputs.get("FailureBucketName"),
                   context.find(region, "artifacts").outputs.get("BucketName"))
        for bucket in filter(None, buckets):
            lines.append(f"bucket {bucket} in {region} (versioned: empty it in the console first):")
            lines.append(f"  aws s3api delete-bucket --region {region} --bucket {bucket}")
    for region in (*context.regions[1:], context.primary):
        if key := context.find(region, "key").outputs.get("KeyArn"):
            lines.append(f"key {key}: last of all, for whatever it encrypts is lost with it:")
            lines.append(f"  aws kms schedule-key-deletion --region {region} --key-id {key} "
                         "--pending-window-in-days 30")
    return lines or ["nothing that the stacks still name"]
