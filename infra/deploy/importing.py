"""Taking what an earlier system left, or a table made by hand, into our stacks: CloudFormation resource import.

An import changes nothing on the resource. Its template may hold only what is imported, and no outputs (CloudFormation user
guide, "Import AWS resources into a CloudFormation stack manually"); the ordinary update that follows brings the rest. An
import does not compare the template with the resource, so what the template could not change in place is compared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import change_sets, tables, templates
from infra.deploy.context import Context
from infra.deploy.deployer import ChangeSet
from infra.deploy.errors import DeployError
from infra.deploy.names import TEMPLATE_OF, label_of
from infra.deploy.table_shape import check_shape, parameters_of


@dataclass(frozen=True)
class Import:
    """One resource that exists, and the stack that is to hold it."""

    region: str
    part: str
    logical_id: str
    identifier: dict[str, str]
    parameters: dict[str, str]
    """Of the stack, as far as they describe the resource."""

    @property
    def kind(self) -> str:
        """Its resource type."""
        return templates.read(TEMPLATE_OF[self.part])["Resources"][self.logical_id]["Type"]

    def line(self) -> str:
        """The import in words."""
        return f"{self.region}: {self.logical_id} {' '.join(self.identifier.values())} ({self.kind})"


def find(context: Context, with_table: bool) -> list[Import]:
    """What exists under the names that a new system would use. Raises where it cannot be imported.

    `with_table`: the table is to be of our stack too. Otherwise it is attached to, and left as it is.
    """
    found: list[Import] = []
    table = _table(context) if with_table else None
    if table:
        found.append(table)
    found += _ledgers(context)
    return _keys(context, found) + found


def _table(context: Context) -> Import | None:
    """The table, where it exists without our stack."""
    names, regions = context.names, context.regions
    if context.find(context.primary, "table").exists:
        return None
    there = [region for region in regions if tables.find(context.aws, region, names.table)]
    if not there:
        return None
    if there != regions:
        raise DeployError(
            f"A table {names.table} exists in {', '.join(there)} and belongs to no stack of ours. Nothing was changed.",
            f"it is not in {', '.join(r for r in regions if r not in there)}: correct REGIONS, or choose another TABLE. To "
            "watch it as it is, run `make attach` with the Regions that it has.",
        )
    replicas = tables.check_replicas(context.aws, regions, names.table)
    left_out = sorted({r for replica in replicas.values() for r in replica.other_regions} - set(regions))
    if left_out:
        raise DeployError(
            f"The table {names.table} also has replicas in {', '.join(left_out)}, which REGIONS does not name: an update "
            "of its stack would delete them. Nothing was changed.",
            f"use REGIONS={','.join([*regions, *left_out])}, the Region that is to be primary first.",
        )
    check_shape(replicas)
    return Import(context.primary, "table", "GlobalTable", {"TableName": names.table},
                  parameters_of(context.aws, replicas, regions))


def _ledgers(context: Context) -> list[Import]:
    """The ledgers of an earlier system, where no processor's stack holds them."""
    name = f"{context.names.prefix}-ledger"
    found = []
    for region in context.regions:
        if context.find(region, "processor").exists:
            continue
        ledger = tables.find(context.aws, region, name)
        if ledger:
            found.append(Import(region, "processor", "Ledger", {"TableName": name}, {"KeyArn": ledger.key_arn}))
    return found


def _keys(context: Context, imports: list[Import]) -> list[Import]:
    """The multi-Region key of an earlier system, which table and ledgers are encrypted with, in each Region."""
    used = {one.parameters.get("TableKeyId") or one.parameters.get("KeyArn", "").rsplit("/", 1)[-1] for one in imports}
    found = []
    for key_id in sorted(used - {""}):
        primary = _own_key(context, context.primary, key_id)
        if primary is None:
            continue
        for region in context.regions:
            if context.find(region, "key").exists or _own_key(context, region, key_id) is None:
                continue
            is_primary = region == context.primary
            found.append(Import(region, "key", "PrimaryKey" if is_primary else "ReplicaKey", {"KeyId": key_id},
                                {"PrimaryKeyArn": "" if is_primary else primary["Arn"]}))
    return found


def _own_key(context: Context, region: str, key_id: str) -> dict[str, Any] | None:
    """The key in a Region if an earlier system of this table made it, as its tags say; another key is not taken over."""
    client = context.aws.client("kms", region)
    try:
        metadata = client.describe_key(KeyId=key_id)["KeyMetadata"]
        tags = {tag["TagKey"]: tag["TagValue"] for tag in client.list_resource_tags(KeyId=key_id)["Tags"]}
    except ClientError:
        return None
    names = context.names
    ours = {"Project": names.project, "Environment": names.env, "Label": label_of(names.table)}
    if any(tags.get(key) != value for key, value in ours.items()):
        return None
    multi = metadata.get("MultiRegionConfiguration", {})
    home = multi.get("PrimaryKey", {}).get("Region", "")
    if home != context.primary:
        raise DeployError(
            f"The key {key_id} of the earlier system has its primary in {home}, not in {context.primary}. Nothing was "
            "changed.", f"put {home} first in REGIONS.",
        )
    return metadata


def offer(context: Context, imports: list[Import], command: str) -> DeployError:
    """The error that says what exists already, and how to go on with it."""
    table_too = any(one.part == "table" for one in imports)
    return DeployError(
        "This exists already and belongs to no stack of ours. Nothing was changed.\n"
        + "\n".join(f"  {one.line()}" for one in imports),
        f"to take it into the stacks, run `make {command}` with IMPORT=1: it is imported as it is, after the change set was "
        "shown, and never replaced." + (
            " To watch the table and leave it alone, run `make attach` with the same TABLE and REGIONS." if table_too
            else "") + " Or choose another PROJECT.",
    )


def carry_out(context: Context, imports: list[Import], plan_only: bool = False) -> None:
    """Show the change set of each import, ask, and import. With `plan_only` it stops after showing."""
    console, deployer = context.console, context.deployer()
    console.title("What would be taken into the stacks, as it is:")
    made: list[ChangeSet] = []
    try:
        for one in imports:
            name = context.names.stack(one.part)
            before = context.find(one.region, one.part)
            given = {**context.names.parameters, **one.parameters}
            change_set = deployer.prepare(before, deployer.import_request(before, one.part, {
                one.logical_id: one.identifier}, given))
            if change_set is None:
                raise DeployError(f"CloudFormation finds nothing to import for {one.line()}.", "look at the resource.")
            made.append(change_set)
            console.step(f"{one.region} {name}: import")
            change_sets.show(console, change_set.changes)
            for key, value in sorted(one.parameters.items()):
                console.step(f"    {key}={value}")
            strange = [change for change in change_set.changes if change.verb != "import"]
            if strange:
                raise change_sets.refusal((one.region, name, change) for change in strange)
        if plan_only:
            return
        console.confirm(context.names.env, f"import {len(imports)} resource(s) into the stacks of {context.names.table}.")
        while made:
            deployer.execute(made.pop(0))
    finally:
        for change_set in made:
            deployer.discard(change_set)


def describe_other_leftovers(context: Context) -> None:
    """Say what an earlier system also left, and what does not come back into a stack."""
    context.console.step("What PARAMS gave the earlier processors (TtlAttribute, MemorySize, SubnetIds, ...) went with their "
                         "stacks: give it again.")
    context.console.step("The buckets of the earlier system are not imported, since their names end in its stacks' ids. "
                         "Failed batches in its failure buckets: copy them into the new ones, then `make redrive`.")

