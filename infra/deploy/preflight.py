"""What deploy, attach and add-region look at before their first change, and refuse."""

from __future__ import annotations

from botocore.exceptions import ClientError

from infra.deploy import importing, readers, tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError, code_of
from infra.deploy.regions import partition_of


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
                f"a replica: make remove-region {names.arguments()} REGIONS={','.join(current)} REGION={gone[0]}")
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


def check_given(context: Context, regions: list[str], table_is_ours: bool) -> None:
    """Keys and topics that exist are of the Region that they are given for, and keys are given for all Regions or none."""
    keys = {region: _value(context, region, "key", "ExistingKeyArn") for region in regions}
    topics = {region: _value(context, region, "processor", "AlarmTopicArn") for region in regions}
    for name, given in (("ExistingKeyArn", keys), ("AlarmTopicArn", topics)):
        wrong = [region for region, arn in given.items() if arn and arn.split(":")[3] != region]
        if wrong:
            raise DeployError(f"{name} of {', '.join(wrong)} is of another Region: {given[wrong[0]]}. Nothing was changed.",
                              f'give one for each Region: PARAMS="{" ".join(f"{r}:{name}=arn:..." for r in regions)}"')
    missing = [region for region, arn in keys.items() if not arn]
    if missing and len(missing) < len(regions):
        raise DeployError(f"ExistingKeyArn is given for some Regions and not for {', '.join(missing)}. Nothing was changed.",
                          "give it for each Region, or for none: then one key is made for all.")
    ids = {arn.rsplit("/", 1)[-1] for arn in keys.values() if arn}
    if table_is_ours and ids and (len(ids) > 1 or not next(iter(ids)).startswith("mrk-")):
        raise DeployError(
            f"ExistingKeyArn names {', '.join(sorted(ids))}, and a table of ours needs one multi-Region key (mrk-...) with a "
            "replica in each Region. Nothing was changed.", "replicate a multi-Region key, or leave ExistingKeyArn out.",
        )


def check_kinesis(context: Context, regions: list[str]) -> None:
    """The table's Kinesis data stream is there in each Region: without it the replica would be made, and then fail."""
    # What PARAMS says counts even where it is empty: a stream that is gone has to be taken out.
    settings = {**context.find(context.primary, "table").parameters, **context.own_parameters(context.primary, "table")}
    name = settings.get("KinesisStreamName", "")
    for region in regions if name else ():
        try:
            found = context.aws.client("kinesis", region).describe_stream_summary(StreamName=name)
            status = found["StreamDescriptionSummary"]["StreamStatus"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            status = "not there"
        if status not in ("ACTIVE", "UPDATING"):
            raise DeployError(f"The Kinesis data stream {name} in {region} is {status}. Nothing was changed.",
                              f"make it in {', '.join(regions)}, or leave KinesisStreamName out.")


def _value(context: Context, region: str, part: str, name: str) -> str:
    return context.own_parameters(region, part).get(name) or context.find(region, part).parameters.get(name, "")


def check_partition(context: Context, regions: list[str]) -> None:
    """VPC endpoints have other service names in some partitions, and the template knows those of two."""
    if partition_of(regions[0]) in ("aws", "aws-us-gov"):
        return
    makes = [region for region in regions if _value(context, region, "processor", "SubnetIds")
             and _value(context, region, "processor", "CreateVpcEndpoints") != "false"]
    if makes:
        raise DeployError(
            f"VPC endpoints cannot be made in the partition {partition_of(regions[0])} ({', '.join(makes)}): their services have "
            "other names there. Nothing was changed.",
            'make endpoints for DynamoDB and CloudWatch yourself, and give PARAMS="CreateVpcEndpoints=false".',
        )


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


def import_leftovers(context: Context, command: str, with_table: bool, plan_only: bool) -> bool:
    """Import what exists under our names, where IMPORT=1 says so, and refuse to run into it otherwise.

    Whether imports were only shown: what comes after them cannot be planned yet.
    """
    imports = importing.find(context, with_table)
    if not imports:
        return False
    if not context.import_existing:
        raise importing.offer(context, imports, command)
    importing.carry_out(context, imports, plan_only)
    importing.describe_other_leftovers(context)
    return plan_only
