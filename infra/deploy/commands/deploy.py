"""`make deploy`: the whole system, from an account with nothing in it to dashboards."""

from __future__ import annotations

from infra.deploy import approval, parameters, preflight, system, tables, tags
from infra.deploy.aws import check_regions_enabled
from infra.deploy.context import Context
from infra.deploy.names import STACKS


def deploy(context: Context, plan_only: bool = False) -> int:
    """Create the system, or bring it to what templates, code and PARAMS= say; with `plan_only` say what that would change."""
    console, names, regions = context.console, context.names, context.regions
    parameters.check(context.parameters, regions, STACKS)
    builder = system.Builder.with_built_code(context)

    console.title(f"Looking at account {context.aws.account} ...")
    check_regions_enabled(context.aws, regions)
    builder.check_stacks([context.primary], STACKS)
    builder.check_stacks(regions[1:], tuple(part for part in STACKS if part != "table"))
    preflight.check_table(context)  # What is wrong with REGIONS comes before what could be imported.
    if preflight.import_leftovers(context, "deploy", with_table=True, plan_only=plan_only):
        console.step("What deploy would change after that can be planned once it is done.")
        return approval.CHANGES
    exists = preflight.check_table(context)
    builder.check_rules(context.primary, "table", {"GlobalTableRegions": ",".join(regions)})
    for region in regions:
        builder.check_rules(region, "processor", {})
    if exists:
        replicas = {region: tables.describe(context.aws, region, names.table) for region in regions}
        tables.check_streams({region: replica for region, replica in replicas.items()
                              if replica.stream_arn or replica.consistency != "STRONG"})
        preflight.check_readers(context, replicas)
    preflight.check_mappings(context, regions)
    preflight.check_given(context, regions, table_is_ours=True)
    preflight.check_kinesis(context, regions)
    preflight.check_partition(context, regions)

    console.plan(f"make {'plan' if plan_only else 'deploy'} {names.arguments()}", [
        f"make or update the artifact bucket in {', '.join(regions)} and upload the code "
        f"({builder.processor.architecture}, {builder.processor.digest[:12]})",
        f"make or update the encryption key in {context.primary}" + (
            f", then its replicas in {', '.join(regions[1:])}" if regions[1:] else ""),
        f"{'update' if exists else 'make'} the global table {names.table} (stack {names.stack('table')} in "
        f"{context.primary})",
        "give the other replicas their resource policies, in an update of its own",
        "make or update processor, reporter, alarms and dashboard in each Region",
    ])
    if plan_only:
        console.step("Only, it stops before the first of these, and shows what they would change.")
    status = approval.carry_out(
        context, builder, lambda on: _steps(on, exists),
        f"deploy {names.table} in {', '.join(regions)} of account {context.aws.account}.", plan_only)
    if not plan_only:
        tags.tag_replicas(context, regions)
        system.report(context, regions)
    return status


def _steps(builder: system.Builder, exists: bool) -> None:
    """The order of templates/INTERFACE.md."""
    context = builder.context
    regions, title = context.regions, context.console.title
    title("Artifact buckets")
    builder.buckets(regions)
    title("Keys")
    keys = builder.keys(regions)
    title("Table")
    # An imported table may be encrypted with a key of its own, and keeps it.
    key_id = context.find(context.primary, "table").parameters.get("TableKeyId") or keys[context.primary].output("KeyId")
    if not exists:
        builder.table(regions, key_id, with_policy=1)
    title("Policies of the replicas")
    builder.table(regions, key_id, with_policy=len(regions))
    replicas = builder.await_replicas(regions)
    replicas = builder.enable_streams(replicas)
    builder.every_region(replicas, keys)
