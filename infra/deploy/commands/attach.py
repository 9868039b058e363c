"""`make attach`: processors for a global table that exists. The table itself is left as it is."""

from __future__ import annotations

from infra.deploy import approval, parameters, preflight, system, tables
from infra.deploy.aws import check_regions_enabled
from infra.deploy.context import Context
from infra.deploy.errors import DeployError
from infra.deploy.names import STACKS

ATTACHED_STACKS = tuple(part for part in STACKS if part != "table")


def attach(context: Context, plan_only: bool = False) -> int:
    """Watch a table that exists, from now on; with `plan_only` say what that would change."""
    console, names, regions = context.console, context.names, context.regions
    parameters.check(context.parameters, regions, ATTACHED_STACKS)
    _refuse_table_parameters(context)
    builder = system.Builder.with_built_code(context)

    console.title(f"Looking at table {names.table} in account {context.aws.account} ...")
    check_regions_enabled(context.aws, regions)
    builder.check_stacks(regions, ATTACHED_STACKS)
    replicas = tables.check_replicas(context.aws, regions, names.table)
    if len(regions) == 1 and not replicas[regions[0]].other_regions:
        raise DeployError(f"The table {names.table} in {regions[0]} replicates with no Region: it has no conflicts to find. "
                          "Nothing was changed.", "name a global table.")
    tables.check_streams(replicas)
    _check_primary(context)
    for region in regions[1:]:
        system.inherit(context, region)
    for region in regions:
        system.begin_attached(context, region)
        builder.check_rules(region, "processor", {})
    if preflight.import_leftovers(context, "attach", with_table=False, plan_only=plan_only):
        console.step("What attach would change after that can be planned once it is done.")
        return approval.CHANGES
    preflight.check_mappings(context, regions)
    preflight.check_given(context, regions, table_is_ours=False)
    preflight.check_partition(context, regions)
    for region, replica in replicas.items():
        console.step(f"{region}: stream {replica.stream_arn}")
        console.step(f"{region}: encrypted with {replica.key_arn or 'a key that DynamoDB owns'}")
    preflight.check_readers(context, replicas)
    _print_warnings(context, replicas)

    console.plan(f"make {'plan ATTACH=1' if plan_only else 'attach'} {names.arguments()}", [
        f"change nothing on the table {names.table}",
        f"make or update the artifact bucket in {', '.join(regions)} and upload the code "
        f"({builder.processor.architecture}, {builder.processor.digest[:12]})",
        "make or update an encryption key for ledger, logs, topic and failure bucket in each Region",
        "make or update processor, reporter, alarms and dashboard in each Region; a new processor starts at LATEST, "
        "with the writes made from then on, unless PARAMS says StartingPosition=TRIM_HORIZON",
    ])
    status = approval.carry_out(
        context, builder, lambda on: _steps(on, replicas),
        f"attach to {names.table} in {', '.join(regions)} of account {context.aws.account}.", plan_only)
    if not plan_only:
        system.report(context, regions)
    return status


def _steps(builder: system.Builder, replicas: dict[str, tables.Replica]) -> None:
    context = builder.context
    regions, title = context.regions, context.console.title
    title("Artifact buckets")
    builder.buckets(regions)
    title("Keys")
    keys = builder.keys(regions)
    builder.every_region(replicas, keys)


def _refuse_table_parameters(context: Context) -> None:
    """What the table is, the table says."""
    refused = sorted({"BillingMode", "ConsistencyMode", "StreamViewType"} & context.parameters.names)
    if refused:
        raise DeployError(f"attach takes {', '.join(refused)} from the table itself.", "leave it out of PARAMS.")


def _check_primary(context: Context) -> None:
    """The key's primary cannot move: an attach that was made before has to keep its first Region."""
    own = context.find(context.primary, "key")
    if own.parameters.get("PrimaryKeyArn"):
        primary = own.parameters["PrimaryKeyArn"].split(":")[3]
        raise DeployError(
            f"The primary Region of this system is {primary}, not {context.primary}. Nothing was changed.",
            f"put {primary} first in REGIONS.",
        )


def _print_warnings(context: Context, replicas: dict[str, tables.Replica]) -> None:
    """What the reader should know, and what stops nothing."""
    everywhere = {region for replica in replicas.values() for region in (replica.region, *replica.other_regions)}
    left_out = sorted(everywhere - set(context.regions))
    if left_out:
        context.console.step(f"WARNING: the table also lives in {', '.join(left_out)}. Each Region answers only for "
                             "its own writes: writes lost there are not found without a processor there")
    unwatched = [region for region in context.regions if _unstamped_percent(context, region) == "100"]
    if unwatched:
        context.console.step(
            f"NOTE: what is written without a stamp cannot be proved lost. While nobody stamps, the ledger shows samples of such writes "
            f"and the dashboard their share; the alarm on them is off in {', '.join(unwatched)} until you run this again with "
            'PARAMS="UnstampedWritesPercent=0" (clients/README.md says how to stamp)')
    if any(replica.consistency == "STRONG" for replica in replicas.values()):
        context.console.step("NOTE: with STRONG consistency the losing write is refused, so no conflict will show")


def _unstamped_percent(context: Context, region: str) -> str:
    """From which share on unstamped writes will be an alarm."""
    given, before = context.own_parameters(region, "alarms"), context.find(region, "alarms").parameters
    return given.get("UnstampedWritesPercent") or before.get("UnstampedWritesPercent") or "0"
