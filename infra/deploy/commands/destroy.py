"""`make destroy`: take the stacks away, and say what stays."""

from __future__ import annotations

from infra.deploy import regional, stacks
from infra.deploy.context import Context
from infra.deploy.errors import DeployError
from infra.deploy.retained import protect, retained_resources

DELETION_ORDER = ("dashboard", "alarms", "reporter", "processor")


def destroy(context: Context) -> None:
    """Delete every stack of this table, the last made first. What Retain keeps is listed with how to remove it."""
    console, names, regions = context.console, context.names, context.regions
    table_stack = context.find(context.primary, "table")
    if table_stack.exists:
        _check_regions(context, table_stack)
    kept_resources = retained_resources(context, context.regions, table_stack.exists)

    console.plan(f"make destroy {names.arguments()}", [
        "switch deletion protection on for the table and the ledgers, where it is off: they stay, and no stack holds them",
        f"delete dashboard, alarms, reporter and processor in {', '.join(regions)}: from then on lost writes of "
        f"{names.table} are not found",
        f"delete the stack of the table in {context.primary}; the table itself stays" if table_stack.exists
        else f"leave the table {names.table} alone: it was attached, not made here",
        "delete the stacks of keys and artifact buckets; keys and buckets stay",
    ])
    console.title("This stays (Retain), and is paid for, until you remove it:")
    for line in kept_resources:
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
            protect(context, region, table)
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
    for line in kept_resources:
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
