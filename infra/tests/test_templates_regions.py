"""GlobalTableRegions: what the pattern admits, and which replicas follow from it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import boto3
import pytest
from cfn import ACCOUNT, Refused, load
from stacks import FIVE, KEY_ID, stack

from infra.deploy.errors import DeployError
from infra.deploy.regions import check_region

VECTORS = Path(__file__).parents[2] / "clients/conformance/regions.json"
PATTERN = load("global-table.yaml")["Parameters"]["GlobalTableRegions"]["AllowedPattern"]


def known_regions() -> list[str]:
    session = boto3.session.Session()
    return [r for p in session.get_available_partitions() for r in session.get_available_regions("dynamodb", p)]


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_two_to_five_regions_are_admitted(count):
    assert re.fullmatch(PATTERN, ",".join(FIVE[:count]))


@pytest.mark.parametrize("region", known_regions())
def test_every_region_that_has_dynamodb_is_admitted(region):
    other = "us-east-1" if region != "us-east-1" else "us-east-2"
    assert re.fullmatch(PATTERN, f"{other},{region}")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("us-east-1", id="one Region"),
        pytest.param(",".join([*FIVE, "us-west-2"]), id="six Regions"),
        pytest.param("us-east-1,us-east-1", id="twice in a row"),
        pytest.param("us-east-1,eu-west-1,us-east-1", id="first again as last"),
        pytest.param("eu-west-1,us-east-1,us-west-2,us-east-1", id="second again as fourth"),
        pytest.param("us-east-1, eu-west-1", id="a space"),
        pytest.param("us-east-1,eu-west-1,", id="a comma at the end"),
        pytest.param(",us-east-1,eu-west-1", id="a comma at the beginning"),
        pytest.param("us-east-1,,eu-west-1", id="an empty entry"),
        pytest.param("us-east-1,eu-west", id="no number"),
        pytest.param("us-east-1,eu-west-1a", id="an availability zone"),
        pytest.param("us-east-1,eu-middle-1", id="no such direction"),
        pytest.param("us-east-1,zz-west-1", id="no such continent"),
        pytest.param("US-EAST-1,eu-west-1", id="upper case"),
        pytest.param("us-east-1,-", id="the padding itself"),
        pytest.param("us-east-1;eu-west-1", id="another separator"),
    ],
)
def test_other_lists_are_refused(value):
    with pytest.raises(Refused, match="GlobalTableRegions"):
        stack("global-table.yaml", GlobalTableRegions=value)


def test_regions_that_are_part_of_each_other_are_not_taken_for_the_same():
    # us-gov-east-1 ends as us-east-1 does, ap-south-1 begins as ap-southeast-1 does.
    assert re.fullmatch(PATTERN, "us-east-1,us-gov-east-1,ap-south-1,ap-southeast-1")


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text())["names"], ids=lambda vector: repr(vector["name"]))
def test_no_region_is_admitted_that_clients_and_function_would_not_stamp_with(vector):
    """The templates know more than the rule: a mistyped Region is better refused here than by a table half made."""
    if not vector["valid"]:
        assert not re.fullmatch(PATTERN, f"us-east-1,{vector['name']}")
        with pytest.raises(DeployError):
            check_region(vector["name"])
    elif vector["name"] in known_regions():
        assert check_region(vector["name"]) == vector["name"]


@pytest.mark.parametrize("name, parameter", [("alarms.yaml", "Regions"), ("dashboard.yaml", "Regions")])
def test_other_templates_take_the_same_lists(name, parameter):
    assert load(name)["Parameters"][parameter]["AllowedPattern"] == PATTERN


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_each_region_gets_one_complete_replica(count):
    regions = FIVE[:count]
    made = stack("global-table.yaml", GlobalTableRegions=",".join(regions), ReplicasWithPolicy=str(count))
    replicas = made.resources()["GlobalTable"]["Properties"]["Replicas"]
    assert [r["Region"] for r in replicas] == regions
    for replica in replicas:
        region = replica["Region"]
        assert replica["SSESpecification"] == {"KMSMasterKeyId": f"arn:aws:kms:{region}:{ACCOUNT}:key/{KEY_ID}"}
        assert replica["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": "true",
            "RecoveryPeriodInDays": "35",
        }
        assert replica["DeletionProtectionEnabled"] == "true"
        for part in (replica, *replica["GlobalSecondaryIndexes"]):
            assert part["ContributorInsightsSpecification"] == {"Enabled": True, "Mode": "THROTTLED_KEYS"}
        (statement,) = replica["ResourcePolicy"]["PolicyDocument"]["Statement"]
        table = f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/Orders.v2"
        assert statement["Resource"] == [table, f"{table}/index/*"]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_the_first_replicas_get_their_policy_and_a_new_last_one_not_yet(count):
    made = stack("global-table.yaml", GlobalTableRegions=",".join(FIVE), ReplicasWithPolicy=str(count))
    replicas = made.resources()["GlobalTable"]["Properties"]["Replicas"]
    assert ["ResourcePolicy" in r for r in replicas] == [i < count for i in range(5)]


def test_a_replica_that_ignores_the_padding_is_caught():
    """The evaluator is a guard only if a wrong condition shows."""
    broken = load("global-table.yaml")
    broken["Conditions"]["HasRegion3"] = {"Fn::Equals": ["a", "a"]}
    replicas = stack("global-table.yaml", template=broken).resources()["GlobalTable"]["Properties"]["Replicas"]
    assert [r["Region"] for r in replicas] == ["us-east-1", "eu-west-1", "-"]


def test_the_five_replica_blocks_are_the_same_but_for_their_place():
    def placeless(value, place):
        text = repr(value).replace(f"'Fn::Select': [{place - 1},", "'Fn::Select': [N,").replace(f"HasPolicy{place}", "HasPolicyN")
        padded = "{'Fn::Join': [',', [{'Ref': 'GlobalTableRegions'}, '-,-,-']]}"
        return text.replace(padded, "{'Ref': 'GlobalTableRegions'}")

    replicas = load("global-table.yaml")["Resources"]["GlobalTable"]["Properties"]["Replicas"]
    blocks = [r["Fn::If"][1] if "Fn::If" in r else r for r in replicas]
    assert len({placeless(block, place) for place, block in enumerate(blocks, 1)}) == 1


def properties(**parameters):
    return stack("global-table.yaml", **parameters).resources()["GlobalTable"]["Properties"]


def test_on_demand_has_no_provisioned_settings_and_maxima_only_where_asked():
    plain = properties()
    assert "WriteProvisionedThroughputSettings" not in plain and "WriteOnDemandThroughputSettings" not in plain
    assert all("ReadProvisionedThroughputSettings" not in i for r in plain["Replicas"] for i in [r, *r["GlobalSecondaryIndexes"]])
    limited = properties(MaxReadRequestUnits="50", MaxWriteRequestUnits="70")
    assert limited["WriteOnDemandThroughputSettings"] == {"MaxWriteRequestUnits": "70"}
    assert [r["ReadOnDemandThroughputSettings"] for r in limited["Replicas"]] == [{"MaxReadRequestUnits": "50"}] * 2


def test_provisioned_scales_writes_of_table_and_indexes_and_reads_of_each_replica_and_index():
    made = properties(BillingMode="PROVISIONED", ReadCapacityUnits="7", WriteCapacityUnits="9", MaxReadRequestUnits="50")
    writes = [made, *made["GlobalSecondaryIndexes"]]
    for part in writes:
        scaling = part["WriteProvisionedThroughputSettings"]["WriteCapacityAutoScalingSettings"]
        assert (scaling["MinCapacity"], scaling["SeedCapacity"], scaling["MaxCapacity"]) == ("9", "9", "100")
    for replica in made["Replicas"]:
        assert "ReadOnDemandThroughputSettings" not in replica
        for part in [replica, *replica["GlobalSecondaryIndexes"]]:
            scaling = part["ReadProvisionedThroughputSettings"]["ReadCapacityAutoScalingSettings"]
            assert (scaling["MinCapacity"], scaling["SeedCapacity"], scaling["MaxCapacity"]) == ("7", "7", "100")


def test_time_to_live_is_there_only_with_an_attribute():
    assert "TimeToLiveSpecification" not in properties()
    assert properties(TtlAttribute="expires")["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


@pytest.mark.parametrize("mode, specification", [
    ("ACCESSED_AND_THROTTLED_KEYS", {"Enabled": True, "Mode": "ACCESSED_AND_THROTTLED_KEYS"}),
    ("OFF", {"Enabled": False}),
])
def test_contributor_insights_can_show_more_or_nothing(mode, specification):
    for replica in properties(ContributorInsightsMode=mode)["Replicas"]:
        for part in (replica, *replica["GlobalSecondaryIndexes"]):
            assert part["ContributorInsightsSpecification"] == specification


SIX_KEYS = ["PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK"]


def defined(**parameters):
    return [(one["AttributeName"], one["AttributeType"]) for one in properties(**parameters)["AttributeDefinitions"]]


def test_the_schema_of_a_single_table_is_the_default():
    made = properties()
    assert defined() == [(name, "S") for name in SIX_KEYS] and "LocalSecondaryIndexes" not in made
    assert [one["IndexName"] for one in made["GlobalSecondaryIndexes"]] == ["GSI1", "GSI2"]
    assert made["GlobalSecondaryIndexes"][0]["Projection"] == {"ProjectionType": "ALL"}
    assert "WarmThroughput" not in made and "KinesisStreamSpecification" not in made["Replicas"][0]


@pytest.mark.parametrize("parameters, expected", [
    ({"PartitionKey": "id", "PartitionKeyType": "N", "SortKey": "", "Gsi1Name": "", "Gsi2Name": ""}, [("id", "N")]),
    ({"Gsi1PartitionKey": "SK", "Gsi1SortKey": "PK", "Gsi2Name": ""}, [("PK", "S"), ("SK", "S")]),
    ({"Gsi1SortKey": "", "Gsi2PartitionKey": "GSI1SK"}, [(n, "S") for n in ("PK", "SK", "GSI1PK", "GSI1SK", "GSI2SK")]),
    ({"Gsi1Name": "", "Gsi2PartitionKey": "GSI1PK"}, [(n, "S") for n in ("PK", "SK", "GSI1PK", "GSI2SK")]),
    ({"Lsi1Name": "late", "Lsi1SortKey": "GSI1SK"}, [(n, "S") for n in SIX_KEYS]),
    ({"Lsi1Name": "late", "Lsi1SortKeyType": "B", "Lsi2Name": "later", "Lsi2SortKey": "LSI1SK"},
     [*((n, "S") for n in SIX_KEYS), ("LSI1SK", "B")]),
    ({"Gsi3Name": "by-a", "Gsi3PartitionKey": "a", "Gsi3SortKey": "", "Gsi4Name": "by-b", "Gsi4PartitionKey": "a", "Gsi4SortKey": "b"},
     [*((n, "S") for n in SIX_KEYS), ("a", "S"), ("b", "S")]),
])
def test_each_attribute_of_a_key_is_defined_once_and_no_other_is(parameters, expected):
    assert defined(**parameters) == expected
    made = properties(**parameters)
    parts = [made, *made.get("GlobalSecondaryIndexes", []), *made.get("LocalSecondaryIndexes", [])]
    assert {key["AttributeName"] for part in parts for key in part["KeySchema"]} == {name for name, _ in expected}


KEYS = ["PartitionKey", "SortKey", *(f"Gsi{n}{kind}" for n in (1, 2, 3, 4) for kind in ("PartitionKey", "SortKey")),
        "Lsi1SortKey", "Lsi2SortKey"]
ALL_INDEXES = {f"{slot}Name": slot for slot in ("Gsi1", "Gsi2", "Gsi3", "Gsi4", "Lsi1", "Lsi2")}


@pytest.mark.parametrize("later", KEYS[2:])
def test_an_attribute_of_any_two_keys_is_defined_once(later):
    for earlier in KEYS[:KEYS.index(later)]:
        if later.startswith("Lsi") and earlier == "PartitionKey":
            continue  # No key holds an attribute twice.
        names = [name for name, _ in defined(**ALL_INDEXES, **{earlier: "shared", later: "shared"})]
        assert len(names) == len(set(names)) == 11, earlier


def test_an_attribute_that_is_defined_twice_is_caught():
    broken = load("global-table.yaml")
    broken["Conditions"]["DefinesGsi1PartitionKey"] = {"Condition": "HasGsi1"}
    made = stack("global-table.yaml", template=broken, Gsi1PartitionKey="SK").resources()["GlobalTable"]["Properties"]
    assert [one["AttributeName"] for one in made["AttributeDefinitions"]].count("SK") == 2


def test_a_table_without_indexes_names_none_anywhere():
    made = properties(Gsi1Name="", Gsi2Name="")
    assert all("GlobalSecondaryIndexes" not in part for part in (made, *made["Replicas"]))


def test_local_indexes_have_the_tables_partition_key_and_their_projection():
    late, = properties(PartitionKey="id", Lsi1Name="late", Lsi1SortKey="at", Lsi1Projection="INCLUDE",
                       Lsi1NonKeyAttributes="a,b c")["LocalSecondaryIndexes"]
    assert late == {"IndexName": "late", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b c"]},
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]}


def test_each_replica_names_the_indexes_and_its_own_regions_kinesis_stream():
    made = properties(Gsi1Name="", Gsi4Name="by-status", KinesisStreamName="changes", GlobalTableRegions=",".join(FIVE))
    for replica, region in zip(made["Replicas"], FIVE, strict=True):
        assert [one["IndexName"] for one in replica["GlobalSecondaryIndexes"]] == ["GSI2", "by-status"]
        assert replica["KinesisStreamSpecification"]["StreamArn"] == f"arn:aws:kinesis:{region}:{ACCOUNT}:stream/changes"


def test_table_and_indexes_are_warmed_alike():
    made = properties(WarmWriteUnitsPerSecond="9000")
    for part in (made, *made["GlobalSecondaryIndexes"]):
        assert part["WarmThroughput"] == {"ReadUnitsPerSecond": "12000", "WriteUnitsPerSecond": "9000"}
