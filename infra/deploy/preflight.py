"""What deploy, attach and add-region look at before their first change, and refuse."""

from __future__ import annotations

from infra.deploy import readers, tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError


def check_table(context: Context) -> bool:
    """Whether our table exists; an error where a table of that name is not ours, or its Regions differ."""
    names, regions = context.names, context.regions
    stack = context.find(context.primary, "table")
    if stack.exists:
        current = stack.parameters.get("GlobalTableRegions", "").split(",")
        if current != regions:
            _refuse_regions(context, current)
        return True
    for region in regions[1:]:
        other = context.find(region, "table")
        if other.exists:
            raise DeployError(
                f"The primary Region of {names.table} is {region}, not {context.primary}. Nothing was changed.",
                f"put it first: REGIONS={other.parameters.get('GlobalTableRegions', region)}",
            )
    there = [region for region in regions if tables.find(context.aws, region, names.table)]
    if there:
        raise DeployError(
            f"A table {names.table} exists in {', '.join(there)} and belongs to no stack of ours. Nothing was changed.",
            "to watch it as it is, run `make attach` with the same TABLE and REGIONS. If an earlier `make destroy` "
            "left it behind, delete it first, or choose another TABLE.",
        )
    return False


def _refuse_regions(context: Context, current: list[str]) -> None:
    added = [region for region in context.regions if region not in current]
    gone = [region for region in current if region not in context.regions]
    names = context.names
    if added and not gone:
        todo = f"one Region at a time: make add-region {names.arguments()} REGIONS={','.join(current)} " \
               f"REGION={added[0]}"
    elif gone:
        todo = (f"deploy removes no replica, as its data would go with it. Use REGIONS={','.join(current)}; to remove "
                "a replica see infra/COMMANDS.md, Removing a Region.")
    else:
        todo = f"keep the order, the first Region is the primary: REGIONS={','.join(current)}"
    raise DeployError(
        f"The table {names.table} has the Regions {','.join(current)}, and REGIONS says {','.join(context.regions)}. "
        "Nothing was changed.", todo,
    )


def check_readers(context: Context, replicas: dict[str, tables.Replica]) -> None:
    """List the readers that each stream has, and refuse to add a third."""
    for region, replica in replicas.items():
        if not replica.stream_arn:
            continue
        processor = context.find(region, "processor")
        readers.check(context.aws, context.console, region, replica.stream_arn,
                      processor.outputs.get("EventSourceMappingId", ""))


def check_mappings(context: Context, regions: list[str]) -> None:
    """Each processor has its mapping, and PARAMS does not move where one begins to read."""
    for region in regions:
        wanted = context.parameters.of_region(region).get("StartingPosition")
        processor = context.find(region, "processor")
        if not processor.exists:
            continue
        if processor.parameters.get("HasEventSourceMapping") == "false":
            raise DeployError(
                f"The processor in {region} has no event source mapping: `make rejudge` was interrupted before it made "
                "the new one. Nothing was changed.",
                f"finish it: make rejudge {context.names.arguments()} REGIONS={','.join(context.regions)}",
            )
        current = processor.parameters.get("StartingPosition")
        if wanted and current and wanted != current:
            raise DeployError(
                f"The event source mapping in {region} began at {current}, and StartingPosition cannot be changed: "
                "CloudFormation would make a second mapping of the stream before it deletes the first, and Lambda "
                "refuses that. Nothing was changed.",
                "leave StartingPosition out of PARAMS. To judge again what the stream still holds: make rejudge "
                f"{context.names.arguments()} REGIONS={','.join(context.regions)}",
            )


def check_leftovers(context: Context, regions: list[str]) -> None:
    """No ledger stands where a new processor would make one: an earlier `make destroy` leaves it, with its name."""
    ledger = f"{context.names.prefix}-ledger"
    there = [
        region for region in regions
        if not context.find(region, "processor").exists and tables.find(context.aws, region, ledger)
    ]
    if there:
        raise DeployError(
            f"The ledger {ledger} exists in {', '.join(there)}, but no processor does: an earlier system left it, with "
            "the lost writes that it found. Nothing was changed.",
            "back it up or read it, then delete it in each of these Regions: aws dynamodb delete-table "
            f"--table-name {ledger} --region {there[0]}. Or choose another PROJECT.",
        )
