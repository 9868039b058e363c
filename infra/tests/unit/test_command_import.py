"""What exists already is offered for import, imported as it is, and never replaced."""

from __future__ import annotations

import json
from typing import Any

import pytest
from doubles import ACCOUNT, REGIONS, StubbedAws, stack, table
from doubles import context as make_context
from stacks import stack as template_stack

from infra.deploy import importing, preflight, table_shape, tables, templates
from infra.deploy.artifacts import MAX_INLINE_TEMPLATE_BYTES
from infra.deploy.errors import DeployError
from infra.deploy.importing import Import
from infra.deploy.stacks import Stack

KEY_ID = f"mrk-{'0' * 32}"
CFN = ("cloudformation", "us-east-1")


def key_arn(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{KEY_ID}"


def ours(region: str, **changes: Any) -> dict[str, Any]:
    """DescribeTable's answer about a table as global-table.yaml makes it."""
    names = ("PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK")

    def keys(start: str) -> list[dict[str, str]]:
        return [{"AttributeName": f"{start}PK", "KeyType": "HASH"}, {"AttributeName": f"{start}SK", "KeyType": "RANGE"}]

    return table(region, **{
        "KeySchema": keys(""),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        "GlobalSecondaryIndexes": [{"IndexName": name, "KeySchema": keys(name), "Projection": {"ProjectionType": "ALL"}}
                                   for name in ("GSI1", "GSI2")],
        "SSEDescription": {"SSEType": "KMS", "KMSMasterKeyArn": key_arn(region)},
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        **changes,
    })


def replicas(**changes: Any) -> dict[str, tables.Replica]:
    return {region: tables.Replica(region, "orders", ours(region, **changes)["Table"]) for region in REGIONS}


def test_a_table_as_the_template_makes_it_can_be_imported() -> None:
    table_shape.check_shape(replicas())


def index(name: str, *keys: tuple[str, str], **projection: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in keys],
            "Projection": {"ProjectionType": "ALL", **projection}}


TOO_MANY = [index(f"by-{n}", ("PK", "HASH")) for n in range(5)]
OWN = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}, {"AttributeName": "at", "AttributeType": "B"}],
    "GlobalSecondaryIndexes": [index("by-at", ("at", "HASH"), ("id", "RANGE"), ProjectionType="INCLUDE",
                                     NonKeyAttributes=["a", "b c"])],
}


def test_a_table_with_keys_of_its_own_is_described_by_the_parameters_and_the_template_makes_the_same(aws: StubbedAws) -> None:
    lay_out_settings(aws)
    table_shape.check_shape(replicas(**OWN))
    given = table_shape.parameters_of(aws, replicas(**OWN), REGIONS)
    assert set(given) <= set(templates.parameters("global-table"))
    schema = {name: value for name, value in given.items() if name.startswith(("Partition", "Sort", "Gsi", "Lsi"))}
    made = template_stack("global-table.yaml", **schema).resources()["GlobalTable"]["Properties"]
    assert made["KeySchema"] == OWN["KeySchema"] and made["AttributeDefinitions"] == OWN["AttributeDefinitions"]
    assert [{key: one[key] for key in OWN["GlobalSecondaryIndexes"][0]} for one in made["GlobalSecondaryIndexes"]] \
        == OWN["GlobalSecondaryIndexes"]
    assert "LocalSecondaryIndexes" not in made


@pytest.mark.parametrize(("changes", "expected"), [
    ({"GlobalSecondaryIndexes": TOO_MANY}, "it has 5 global secondary indexes, and the template at most 4"),
    ({"LocalSecondaryIndexes": TOO_MANY[:3]}, "it has 3 local secondary indexes, and the template at most 2"),
    ({"GlobalSecondaryIndexes": [index("i", ("a", "HASH"), ("b", "HASH"))]}, "several attributes of one kind"),
    ({"GlobalSecondaryIndexes": [index("i", ("a", "HASH"), NonKeyAttributes=["none"])]},
     "projects ['none'], which the parameter cannot say"),
    ({"GlobalSecondaryIndexes": [index("i", ("a", "HASH"), NonKeyAttributes=["x,y"])]}, "projects ['x,y'], which the parameter cannot say"),
    ({"SSEDescription": {}}, "encrypted with a key that DynamoDB owns"),
    ({"SSEDescription": {"KMSMasterKeyArn": "arn:aws:kms:eu-west-1:1:key/0a-1b"}}, "names a multi-Region key"),
])
def test_a_table_that_the_template_would_replace_is_refused_and_may_be_attached_to(
        changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(DeployError) as raised:
        table_shape.check_shape(replicas(**changes))
    assert expected in str(raised.value) and "run `make attach`" in str(raised.value)
    assert "belongs to no stack of ours, and cannot be taken into one" in str(raised.value)


def lay_out_settings(aws: StubbedAws, insights: dict[str, str] | None = None, kinesis: str = "DISABLED") -> None:
    region = ("dynamodb", "us-east-1")
    aws.answer(*region, "describe_time_to_live", {"TimeToLiveDescription": {
        "TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}})
    aws.answer(*region, "describe_continuous_backups", {"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7}}})
    aws.answer(*region, "describe_contributor_insights", insights or {"ContributorInsightsStatus": "DISABLED"})
    aws.answer(*region, "describe_kinesis_streaming_destination", {"TableName": "orders", "KinesisDataStreamDestinations": [
        {"StreamArn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/changes", "DestinationStatus": kinesis}]})


def test_the_stack_describes_the_table_as_it_is_so_that_the_import_changes_nothing(aws: StubbedAws) -> None:
    lay_out_settings(aws)
    given = table_shape.parameters_of(aws, replicas(DeletionProtectionEnabled=True), REGIONS)
    assert given["ReplicasWithPolicy"] == "0" and given["TableKeyId"] == KEY_ID
    assert given["GlobalTableRegions"] == "us-east-1,eu-west-1"
    assert (given["TtlAttribute"], given["RecoveryPeriodInDays"]) == ("expires", "7")
    assert (given["DeletionProtectionEnabled"], given["ContributorInsightsMode"]) == ("true", "OFF")
    assert set(given) <= set(templates.parameters("global-table"))


@pytest.mark.parametrize("insights, mode", [
    ({"ContributorInsightsStatus": "ENABLED"}, "ACCESSED_AND_THROTTLED_KEYS"),
    ({"ContributorInsightsStatus": "ENABLING", "ContributorInsightsMode": "THROTTLED_KEYS"}, "THROTTLED_KEYS"),
    ({"ContributorInsightsStatus": "DISABLING", "ContributorInsightsMode": "THROTTLED_KEYS"}, "OFF"),
])
def test_contributor_insights_stay_as_they_are(aws: StubbedAws, insights: dict[str, str], mode: str) -> None:
    lay_out_settings(aws, insights)
    assert table_shape.parameters_of(aws, replicas(), REGIONS)["ContributorInsightsMode"] == mode


@pytest.mark.parametrize("status, name", [("ACTIVE", "changes"), ("DISABLED", "")])
def test_a_kinesis_stream_that_gets_the_changes_is_kept(aws: StubbedAws, status: str, name: str) -> None:
    lay_out_settings(aws, kinesis=status)
    assert table_shape.parameters_of(aws, replicas(), REGIONS)["KinesisStreamName"] == name


def test_warm_throughput_is_kept_where_it_was_raised(aws: StubbedAws) -> None:
    lay_out_settings(aws)
    warm = {"ReadUnitsPerSecond": 50_000, "WriteUnitsPerSecond": 1_000, "Status": "ACTIVE"}
    given = table_shape.parameters_of(aws, replicas(WarmThroughput=warm), REGIONS)
    assert (given["WarmReadUnitsPerSecond"], given["WarmWriteUnitsPerSecond"]) == ("50000", "4000")


def test_capacities_of_a_provisioned_table_are_kept(aws: StubbedAws) -> None:
    lay_out_settings(aws)
    given = table_shape.parameters_of(aws, replicas(
        BillingModeSummary={"BillingMode": "PROVISIONED"},
        ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 300}), REGIONS)
    assert (given["ReadCapacityUnits"], given["MaxWriteCapacityUnits"]) == ("7", "300")


def test_an_import_holds_what_is_imported_and_nothing_else(aws: StubbedAws, context) -> None:
    request = context.deployer().import_request(
        Stack("lastwriter-dev-orders-key", "us-east-1", "", {}, {}), "key", {"PrimaryKey": {"KeyId": KEY_ID}},
        {"PrimaryKeyArn": "", "TableLabel": "orders"})
    template = json.loads(request["TemplateBody"])
    assert set(template["Resources"]) == {"PrimaryKey"} and "Outputs" not in template
    assert template["Resources"]["PrimaryKey"]["DeletionPolicy"] == "Retain"
    principal = template["Resources"]["PrimaryKey"]["Properties"]["KeyPolicy"]["Statement"][0]["Principal"]
    assert principal == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert request["ChangeSetType"] == "IMPORT"
    assert request["ResourcesToImport"] == [{"ResourceType": "AWS::KMS::Key", "LogicalResourceId": "PrimaryKey",
                                            "ResourceIdentifier": {"KeyId": KEY_ID}}]


@pytest.mark.parametrize(("template", "logical_id"), [
    ("global-table", "GlobalTable"), ("stream-processor", "Ledger"), ("encryption-key", "PrimaryKey"), ("encryption-key", "ReplicaKey")])
def test_an_import_needs_no_bucket(template: str, logical_id: str) -> None:
    reduced = templates.reduced(template, {logical_id})
    assert len(templates.body(reduced)) <= MAX_INLINE_TEMPLATE_BYTES
    used = templates._references([reduced["Resources"], reduced["Conditions"]])
    assert set(reduced["Parameters"]) == used & set(templates.parameters(template))


LEDGER = Import("us-east-1", "processor", "Ledger", {"TableName": "lastwriter-dev-orders-ledger"}, {"KeyArn": "arn"})


def lay_out_no_stack(aws: StubbedAws, region: str = "us-east-1") -> None:
    aws.refuse("cloudformation", region, "describe_stacks", "ValidationError", "Stack with id x does not exist")


def lay_out_import(aws: StubbedAws, change: dict[str, str]) -> None:
    lay_out_no_stack(aws)
    aws.answer(*CFN, "create_change_set", {})
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_COMPLETE"})
    aws.answer(*CFN, "describe_change_set", {"Changes": [{"ResourceChange": {
        "LogicalResourceId": "Ledger", "ResourceType": "AWS::DynamoDB::Table", **change}}]})


def test_an_import_is_shown_before_production_is_asked_and_taken_back_at_a_no(aws: StubbedAws) -> None:
    context = make_context(aws, env="prod", regions=["us-east-1"])
    lay_out_import(aws, {"Action": "Import"})
    aws.answer(*CFN, "delete_change_set", {})
    aws.answer(*CFN, "delete_stack", {})
    with pytest.raises(DeployError, match="import 1 resource.s. into the stacks of orders. This needs an answer"):
        importing.carry_out(context, [LEDGER])
    said = context.console.out.getvalue()
    assert "import Ledger (AWS::DynamoDB::Table)" in said and "KeyArn=arn" in said


def test_an_import_that_would_make_something_new_is_refused(aws: StubbedAws, context) -> None:
    lay_out_import(aws, {"Action": "Add"})
    aws.answer(*CFN, "delete_change_set", {})
    aws.answer(*CFN, "delete_stack", {})
    with pytest.raises(DeployError, match="add Ledger"):
        importing.carry_out(context, [LEDGER])


def test_an_import_is_carried_out_and_waited_for(aws: StubbedAws, context) -> None:
    lay_out_import(aws, {"Action": "Import"})
    aws.answer(*CFN, "execute_change_set", {})
    aws.answer(*CFN, "describe_stacks", stack("lastwriter-dev-orders-processor", "IMPORT_IN_PROGRESS"))
    aws.answer(*CFN, "describe_stacks", stack("lastwriter-dev-orders-processor", "IMPORT_COMPLETE"))
    importing.carry_out(context, [LEDGER])


@pytest.fixture(name="alone")
def _alone(aws: StubbedAws):  # type: ignore[no-untyped-def]
    return make_context(aws, regions=["us-east-1"])


def lay_out_ledger(aws: StubbedAws, tags: dict[str, str]) -> None:
    lay_out_no_stack(aws)
    aws.answer("dynamodb", "us-east-1", "describe_table", ours("us-east-1"), {"TableName": "lastwriter-dev-orders-ledger"})
    for look in range(2):
        if look == 1:
            if tags["Label"] != "orders":
                return
            lay_out_no_stack(aws)
        aws.answer("kms", "us-east-1", "describe_key", {"KeyMetadata": {
            "KeyId": KEY_ID, "Arn": key_arn("us-east-1"),
            "MultiRegionConfiguration": {"PrimaryKey": {"Region": "us-east-1"}}}})
        aws.answer("kms", "us-east-1", "list_resource_tags", {"Tags": [
            {"TagKey": key, "TagValue": value} for key, value in tags.items()]})


OURS = {"Project": "lastwriter", "Environment": "dev", "Label": "orders"}


def test_a_ledger_that_was_left_is_offered_with_its_key(aws: StubbedAws, alone) -> None:
    lay_out_ledger(aws, OURS)
    with pytest.raises(DeployError) as raised:
        preflight.import_leftovers(alone, "attach", with_table=False, plan_only=False)
    assert f"us-east-1: PrimaryKey {KEY_ID} (AWS::KMS::Key)" in str(raised.value)
    assert "us-east-1: Ledger lastwriter-dev-orders-ledger (AWS::DynamoDB::Table)" in str(raised.value)
    assert "run `make attach` with IMPORT=1" in str(raised.value)


def test_a_key_that_is_not_of_an_earlier_system_is_not_taken_over(aws: StubbedAws, alone) -> None:
    lay_out_ledger(aws, {**OURS, "Label": "other"})
    assert [one.logical_id for one in importing.find(alone, with_table=False)] == ["Ledger"]


def test_a_replica_that_regions_leaves_out_stops_the_import(aws: StubbedAws, context) -> None:
    lay_out_no_stack(aws)
    others = [{"RegionName": region, "ReplicaStatus": "ACTIVE"} for region in ("us-east-1", "eu-west-1", "eu-west-2")]
    for _ in range(2):
        for region in REGIONS:
            aws.answer("dynamodb", region, "describe_table",
                       ours(region, Replicas=[one for one in others if one["RegionName"] != region]))
    with pytest.raises(DeployError, match="also has replicas in eu-west-2, which REGIONS does not name"):
        importing.find(context, with_table=True)


def test_a_table_in_one_of_the_regions_only_is_left_alone(aws: StubbedAws, context) -> None:
    lay_out_no_stack(aws)
    aws.refuse("dynamodb", "us-east-1", "describe_table", "ResourceNotFoundException")
    aws.answer("dynamodb", "eu-west-1", "describe_table", table("eu-west-1"))
    with pytest.raises(DeployError, match="exists in eu-west-1 and belongs to no stack of ours") as raised:
        importing.find(context, with_table=True)
    assert "`make attach`" in str(raised.value)
