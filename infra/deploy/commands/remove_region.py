"""`make remove-region REGION=`: one replica of the table, with its processor and what belongs to it."""

from __future__ import annotations

from infra.deploy import change_sets, regional, tables
from infra.deploy.commands.destroy import DELETION_ORDER
from infra.deploy.context import Context
from infra.deploy.deployer import ChangeSet
from infra.deploy.errors import DeployError
from infra.deploy.regions import MIN_REPLICAS
from infra.deploy.retained import protect, retained_resources, set_protection
from infra.deploy.stacks import Stack, check_usable


def remove_region(context: Context, region: str) -> None:
    """Remove a Region. The others are not touched until it is gone, then only processors, alarms and dashboards."""
    console, names = context.console, context.names
    table = context.find(context.primary, "table")
    remaining = _check(context, region, table)
    replica = tables.find(context.aws, region, names.table)
    for other in remaining:
        for part in ("alarms", "dashboard"):
            check_usable(context.aws, other, names.stack(part))
    change_set = _table_change(context, table, region) if table.exists else None
    kept = retained_resources(context, [region], with_table=False)
    try:
        _say_what_is_lost(context, region, remaining, replica, change_set)
        for line in kept:
            console.step(line)
        console.confirm_always(f"Remove {region} from {names.table} of account {context.aws.account}.")
        console.title("1. The replica")
        if change_set:
            _remove_replica(context, region, change_set)
            change_set = None
        else:
            console.step("is not in a stack of ours, or gone already")
    finally:
        if change_set:
            context.deployer().discard(change_set)

    deployer = context.deployer()
    console.title("2. Its processor and what belongs to it")
    ledger = context.find(region, "processor").outputs.get("LedgerTableName")
    if ledger:
        protect(context, region, ledger)
    for part in (*DELETION_ORDER, "key", "artifacts"):
        deployer.delete(region, names.stack(part))
    console.title("3. Processors, alarms and dashboards of the other Regions")
    regional.each(remaining, lambda other: _shorten(context, other, remaining))
    console.title(f"{region} is removed. What stays there, and how to remove it:")
    for line in kept:
        console.step(line)
    console.step(f"From now on: REGIONS={','.join(remaining)}")


def _check(context: Context, region: str, table: Stack) -> list[str]:
    """The Regions that remain. Raises where this one cannot go."""
    names = context.names
    if region not in context.regions:
        raise DeployError(f"REGION={region} is not one of REGIONS={','.join(context.regions)}. Nothing was changed.",
                          "give REGIONS as it is now, with the Region that is to go.")
    remaining = [one for one in context.regions if one != region]
    if table.exists:
        current = table.parameters["GlobalTableRegions"].split(",")
        if [one for one in current if one != region] != remaining:
            raise DeployError(f"{names.table} has the Regions {','.join(current)}, and REGIONS says "
                              f"{','.join(context.regions)}. Nothing was changed.", f"use REGIONS={','.join(current)}")
    if region == context.primary:
        raise DeployError(
            f"{region} is the primary Region: the stack of the table and the primary key are there. Nothing was changed.",
            "a primary Region cannot be removed alone: `make destroy`, then `make deploy ... IMPORT=1` with another Region "
            "first and without this one.",
        )
    if table.parameters.get("ConsistencyMode") == "STRONG":
        raise DeployError(f"{names.table} has STRONG consistency: it keeps its Regions. Nothing was changed.",
                          "a table with another set of Regions has to be made anew.")
    if len(remaining) < MIN_REPLICAS:
        raise DeployError(
            f"{names.table} would have one Region left, and no conflicts to find. Nothing was changed.",
            "to keep a table of one Region: `make destroy`, then delete the other replica with the commands that it prints.",
        )
    return remaining


def _table_change(context: Context, table: Stack, region: str) -> ChangeSet | None:
    """The update of the table's stack that holds nothing else; None where the Region has left the stack already."""
    current = table.parameters["GlobalTableRegions"].split(",")
    if region not in current:
        return None
    before = check_usable(context.aws, context.primary, table.name)
    regions = [one for one in current if one != region]
    policies = min(int(table.parameters["ReplicasWithPolicy"]), len(regions))
    deployer = context.deployer()
    change_set = deployer.prepare(before, deployer.parameter_request(before, {
        "GlobalTableRegions": ",".join(regions), "ReplicasWithPolicy": str(policies)}))
    refused = change_sets.not_allowed(before.name, change_set.changes, context.allowed) if change_set else []
    if change_set and refused:
        deployer.discard(change_set)
        raise change_sets.refusal((before.region, before.name, change) for change in refused)
    return change_set


def _say_what_is_lost(context: Context, region: str, remaining: list[str], replica: tables.Replica | None,
                      change_set: ChangeSet | None) -> None:
    console, names = context.console, context.names
    console.plan(f"make remove-region {names.arguments()} REGION={region}", [
        f"switch deletion protection off for the replica in {region} alone, and delete it, in an update of the table's "
        "stack that holds nothing else" if change_set else
        f"leave the table alone: its replica in {region} is not in a stack of ours, or gone already",
        f"delete the stacks dashboard, alarms, reporter, processor, key and artifacts in {region}",
        f"update processors, alarms and dashboards in {', '.join(remaining)}, so that they know and show {region} no more",
    ])
    if change_set:
        change_sets.show(console, change_set.changes)
        size = f" ({replica.description.get('ItemCount', 0)} items)" if replica else ""
        console.step(f"LOST: the replica in {region}{size}. Its items stay in the other Regions, except for writes made "
                     "there that have not replicated yet: stop its writers first, and look at ReplicationLatency.")
    console.step(f"LOST: what the processor in {region} has not judged yet: wait until IteratorAge is near 0. Conflicts "
                 "found so far stay in its ledger.")
    console.step(f"Failed batches in {region}: `make redrive ... REGION={region}` first; no processor is left for them.")
    console.title("This stays there (Retain), and is paid for, until you remove it:")


def _remove_replica(context: Context, region: str, change_set: ChangeSet) -> None:
    """Delete the replica. Where the update fails, the replica is protected again."""
    table = context.names.table
    set_protection(context, region, table, False)
    try:
        context.deployer().execute(change_set)
    except Exception:
        protect(context, region, table)
        raise


def _shorten(context: Context, region: str, remaining: list[str]) -> None:
    values = {"Regions": ",".join(remaining), "Replicas": str(len(remaining))}
    for part in ("processor", "alarms", "dashboard"):
        if context.find(region, part).exists:
            context.deployer().set_parameters(region, context.names.stack(part), values)
