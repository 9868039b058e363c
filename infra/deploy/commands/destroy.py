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
        _check_protection(context)
    retained = _retained_resources(context, table_stack.exists)

    console.plan(f"make destroy {names.arguments()}", [
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

    def one(region: str) -> None:
        for part in DELETION_ORDER:
            deployer.delete(region, names.stack(part))

    console.title("1. Processors and what belongs to them")
    regional.each(regions, one)
    console.title("2. Table")
    deployer.delete(context.primary, names.stack("table"))
    console.title("3. Keys: the replicas first, then the primary")
    regional.each(regions[1:], lambda region: deployer.delete(region, names.stack("key")))
    deployer.delete(context.primary, names.stack("key"))
    console.title("4. Artifact buckets")
    regional.each(regions, lambda region: deployer.delete(region, names.stack("artifacts")))
    console.title("The stacks are gone. What stays, and how to remove it, in this order:")
    for line in retained:
        console.step(line)


def _check_regions(context: Context, table_stack: stacks.Stack) -> None:
    """All Regions or none: a processor that is forgotten would go on reading, and cost."""
    current = table_stack.parameters.get("GlobalTableRegions", "").split(",")
    if sorted(current) != sorted(context.regions):
        raise DeployError(
            f"{context.names.table} has the Regions {','.join(current)}, and REGIONS says "
            f"{','.join(context.regions)}. Nothing was changed.", f"use REGIONS={','.join(current)}",
        )


def _check_protection(context: Context) -> None:
    protected = [
        region for region in context.regions
        if (replica := tables.find(context.aws, region, context.names.table)) and replica.deletion_protection
    ]
    if protected:
        raise DeployError(
            f"Deletion protection of {context.names.table} is on in {', '.join(protected)}. Nothing was changed.",
            f"if the table may go, switch it off first: make deploy {context.names.arguments()} "
            f'REGIONS={",".join(context.regions)} PARAMS="DeletionProtectionEnabled=false"',
        )


def _retained_resources(context: Context, ours: bool) -> list[str]:
    """What Retain keeps, each with the command that removes it, found while the stacks still name it."""
    names, lines = context.names, []
    if ours:
        lines.append(f"table {names.table}: first its replicas, one at a time, then the table. A table that a replica "
                     "was added from cannot be deleted for 24 hours after that.")
        lines += [
            f"  aws dynamodb update-table --region {context.primary} --table-name {names.table} "
            f"--replica-updates 'Delete={{RegionName={region}}}'" for region in context.regions[1:]
        ]
        lines.append(f"  aws dynamodb delete-table --region {context.primary} --table-name {names.table}")
    for region in context.regions:
        processor = context.find(region, "processor")
        if ledger := processor.outputs.get("LedgerTableName"):
            lines.append(f"ledger {ledger} in {region}, which holds the lost writes:")
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
