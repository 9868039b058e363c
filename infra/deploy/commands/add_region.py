"""`make add-region REGION=`: one more replica of a deployed table, its policy, its processor."""

from __future__ import annotations

from infra.deploy import approval, parameters, preflight, regional, system, tables, tags
from infra.deploy.aws import check_regions_enabled
from infra.deploy.context import Context
from infra.deploy.errors import DeployError
from infra.deploy.names import STACKS
from infra.deploy.regions import MAX_REPLICAS, partition_of


def add_region(context: Context, region: str) -> int:
    """Add a replica in `region`. Interrupted, it can be run again and goes on."""
    console, names = context.console, context.names
    stack = context.require(context.primary, "table")
    current = stack.parameters["GlobalTableRegions"].split(",")
    _check(context, region, current, stack.parameters)
    _check_parameters(context, region)
    wanted = current if region in current else [*current, region]
    others = [name for name in wanted if name != region]
    context.regions = wanted
    parameters.check(context.parameters, wanted, STACKS)
    system.inherit(context, region)
    builder = system.Builder.with_built_code(context)
    check_regions_enabled(context.aws, wanted)
    builder.check_stacks([context.primary], STACKS)
    builder.check_stacks(wanted[1:], tuple(part for part in STACKS if part != "table"))
    preflight.import_leftovers(context, "add-region", with_table=False, plan_only=False)
    preflight.check_mappings(context, wanted)
    preflight.check_given(context, wanted, table_is_ours=True)
    preflight.check_kinesis(context, wanted)
    preflight.check_partition(context, wanted)
    builder.check_rules(region, "processor", {})
    with_policy = int(stack.parameters["ReplicasWithPolicy"])
    first_update = with_policy if region in current else min(with_policy, len(others))

    console.plan(f"make add-region {names.arguments()} REGION={region}", [
        f"make the artifact bucket and the key's replica in {region}",
        f"add the replica in {region} to {names.table}, in an update that holds nothing else; DynamoDB copies the "
        "whole table, which takes minutes to hours and is paid for by the GB",
        f"give the replica in {region} its resource policy, in a second update",
        f"make processor, reporter, alarms and dashboard in {region}",
        f"update processors, alarms and dashboards in {', '.join(others)}, so that they know and show {region} too",
    ])
    console.step("A table that a replica was added from cannot be deleted for 24 hours.")
    status = approval.carry_out(context, builder, lambda on: _steps(on, region, first_update),
                                f"add a replica in {region} to {names.table}.")
    tags.tag_replicas(context, context.regions)
    system.report(context, wanted)
    console.step(f"From now on: REGIONS={','.join(wanted)}")
    return status


def _steps(builder: system.Builder, region: str, first_update: int) -> None:
    """The replica comes in an update that holds nothing else, hence without its policy (`first_update` replicas have one)."""
    context = builder.context
    wanted, title = context.regions, context.console.title
    others = [name for name in wanted if name != region]
    title("1. Artifact bucket and key")
    builder.buckets(wanted)
    keys = builder.keys(wanted)
    key_id = context.require(context.primary, "table").parameters["TableKeyId"]
    title("2. Replica")
    builder.table(wanted, key_id, first_update)
    replicas = builder.await_replicas(wanted)
    replicas = builder.enable_streams(replicas)
    title("3. Its policy")
    builder.table(wanted, key_id, len(wanted))
    title("4. Its processor, reporter, alarms, dashboard")
    builder.regional_stacks(region, replicas[region], keys[region].output("KeyArn"))
    title("5. The other Regions' processors learn how many replicas there are; their alarms and dashboards")
    regional.each(others, lambda other: builder.watch(
        other, replicas[other], builder.count_replicas(other, replicas[other])))


def _check_parameters(context: Context, region: str) -> None:
    """PARAMS may set what is new in the new Region alone: the replica's update holds nothing but the replica."""
    others = sorted(set(context.parameters.regional) - {region})
    if context.parameters.everywhere or others:
        raise DeployError(
            "add-region takes PARAMS for the new Region alone: adding a replica is an update that holds nothing else.",
            f"write {region}:Name=value, and run `make deploy` for the other Regions before or after.",
        )


def _check(context: Context, region: str, current: list[str], parameters: dict[str, str]) -> None:
    if partition_of(region) != partition_of(current[0]):
        raise DeployError(f"{region} is in another partition than {current[0]}.", "choose a Region beside the others.")
    if parameters.get("ConsistencyMode") == "STRONG":
        raise DeployError(
            f"{context.names.table} has STRONG consistency: it has three Regions for good. Nothing was changed.",
            "a table with another set of Regions has to be made anew.",
        )
    if region not in current and len(current) >= MAX_REPLICAS:
        raise DeployError(f"{context.names.table} has {len(current)} replicas, and the template holds no more.",
                          "remove one first (make remove-region).")
    if region not in current and tables.find(context.aws, region, context.names.table):
        raise DeployError(
            f"{region} has a table {context.names.table} already, which is no replica. Nothing was changed.",
            "delete or rename it: a replica is made with the table's name.",
        )
