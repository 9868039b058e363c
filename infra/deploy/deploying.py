"""`make deploy`: the whole system, from an account with nothing in it to dashboards."""

from __future__ import annotations

from infra.deploy import readers, regional, system, tables
from infra.deploy.aws import check_regions_enabled
from infra.deploy.context import Context, check_parameters
from infra.deploy.errors import DeployError
from infra.deploy.names import STACKS


def deploy(context: Context) -> None:
    """Create the system, or bring it to what templates, code and PARAMS= say."""
    console, names, regions = context.console, context.names, context.regions
    check_parameters(context.parameters, STACKS)
    builder = system.Builder.with_built_code(context)

    console.title(f"Looking at account {context.aws.account} ...")
    check_regions_enabled(context.aws, regions)
    builder.check_stacks([context.primary], STACKS)
    builder.check_stacks(regions[1:], tuple(part for part in STACKS if part != "table"))
    exists = check_table(context)
    builder.check_rules(context.primary, "table", {"GlobalTableRegions": ",".join(regions)})
    builder.check_rules(context.primary, "processor", {})
    if exists:
        check_readers(context, {r: tables.describe(context.aws, r, names.table) for r in regions})
    check_leftovers(context, regions)

    console.plan(f"make deploy {names.arguments()}", [
        f"make or update the artifact bucket in {', '.join(regions)} and upload the code "
        f"({builder.processor.architecture}, {builder.processor.digest[:12]})",
        f"make or update the encryption key in {context.primary}" + (
            f", then its replicas in {', '.join(regions[1:])}" if regions[1:] else ""),
        f"{'update' if exists else 'make'} the global table {names.table} (stack {names.stack('table')} in "
        f"{context.primary})",
        "give the other replicas their resource policies, in an update of its own",
        "make or update processor, reporter, alarms and dashboard in each Region",
    ])
    console.confirm(names.env, f"deploy {names.table} in {', '.join(regions)} of account {context.aws.account}.")

    console.title("1. Artifact buckets")
    builder.buckets(regions)
    console.title("2. Keys")
    keys = builder.keys(regions)
    console.title("3. Table")
    key_id = keys[context.primary].output("KeyId")
    if not exists:
        builder.table(regions, key_id, with_policy=1)
    console.title("4. Policies of the replicas")
    builder.table(regions, key_id, with_policy=len(regions))
    replicas = builder.await_replicas(regions)
    tables.check_streams(replicas)
    console.title("5. Processor, reporter, alarms, dashboard")
    regional.each(
        regions,
        lambda region: builder.regional_stacks(region, replicas[region], keys[region].output("KeyArn")),
    )
    if not builder.made:
        console.title("Everything was as it should be; nothing has changed.")
    system.report(context, regions)


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
