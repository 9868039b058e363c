"""`make attach` against the emulator: a table made by hand is watched and left as it is."""

from __future__ import annotations

from typing import Any

import pytest
from emulator import Emulator
from scenes import check_lost_write_is_found

REGIONS = ("us-east-1", "eu-west-1")


def make_table(emulator: Emulator, table: str, view: str = "NEW_AND_OLD_IMAGES") -> None:
    """A global table as somebody makes it without us."""
    emulator.client("dynamodb", REGIONS[0]).create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )
    emulator.client("dynamodb", REGIONS[0]).update_table(
        TableName=table, ReplicaUpdates=[{"Create": {"RegionName": region}} for region in REGIONS[1:]])


def described(emulator: Emulator, table: str) -> list[dict[str, Any]]:
    """The table in every Region, without what the passing of time changes."""
    answers = [emulator.client("dynamodb", region).describe_table(TableName=table)["Table"] for region in REGIONS]
    return [{k: v for k, v in answer.items() if k not in ("ItemCount", "TableSizeBytes")} for answer in answers]


def arguments(table: str) -> tuple[str, ...]:
    return ("attach", "--table", table, "--regions", ",".join(REGIONS))


def stacks_of(emulator: Emulator, label: str) -> set[str]:
    """The stacks of a table in all Regions."""
    return {
        stack["StackName"]
        for region in REGIONS
        for stack in emulator.client("cloudformation", region).describe_stacks()["Stacks"]
        if stack["StackName"].startswith(f"lastwriter-dev-{label}")
    }


def test_an_attached_table_is_watched_from_now_on_and_not_changed(emulator: Emulator) -> None:
    make_table(emulator, "carts")
    before = described(emulator, "carts")
    said = emulator.run(*arguments("carts")).stdout
    assert "nothing reads the stream yet" in said
    assert described(emulator, "carts") == before
    for region in REGIONS:
        stream = before[REGIONS.index(region)]["LatestStreamArn"]
        mapping, = emulator.client("lambda", region).list_event_source_mappings(
            EventSourceArn=stream)["EventSourceMappings"]
        assert mapping["StartingPosition"] == "LATEST"
        assert mapping["FunctionArn"].endswith(":lastwriter-dev-carts-stream-processor")
    check_lost_write_is_found(emulator, "carts", "lastwriter-dev-carts-ledger", "cart#1")

    again = emulator.run(*arguments("carts")).stdout
    assert "nothing has changed" in again
    assert "(ours)" in again


def test_one_region_is_enough_where_the_other_replica_is_in_another_account(emulator: Emulator) -> None:
    make_table(emulator, "shared")
    said = emulator.run("attach", "--table", "shared", "--regions", "us-east-1").stdout
    assert "the table also lives in eu-west-1" in said
    client = emulator.client("cloudformation", "us-east-1")
    for part in ("alarms", "dashboard"):
        stack, = client.describe_stacks(StackName=f"lastwriter-dev-shared-{part}")["Stacks"]
        parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
        assert parameters["Regions"] == "us-east-1,eu-west-1"
    assert not [one for one in emulator.client("cloudformation", "eu-west-1").describe_stacks()["Stacks"]
                if "-shared-" in one["StackName"]]


def test_a_table_without_replicas_has_no_conflicts_to_find(emulator: Emulator) -> None:
    emulator.client("dynamodb", "us-east-1").create_table(
        TableName="lonely", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    done = emulator.run("attach", "--table", "lonely", "--regions", "us-east-1", check=False)
    assert done.returncode == 1 and "replicates with no Region: it has no conflicts to find" in done.stderr


def test_deploy_leaves_a_table_alone_that_is_not_of_its_stack(emulator: Emulator) -> None:
    make_table(emulator, "owned")
    done = emulator.run("deploy", "--table", "owned", "--regions", ",".join(REGIONS), check=False)
    assert done.returncode == 1
    assert "belongs to no stack of ours" in done.stderr and "`make attach`" in done.stderr
    assert stacks_of(emulator, "owned") == set()


def test_a_third_reader_of_a_stream_is_refused_by_the_names_of_the_two(
        emulator: Emulator, code: dict[str, str]) -> None:
    make_table(emulator, "busy")
    client = emulator.client("lambda", "eu-west-1")
    stream = described(emulator, "busy")[1]["LatestStreamArn"]
    with open(code["LASTWRITER_ZIP"], "rb") as file:
        zipped = file.read()
    for name in ("search-indexer", "audit-trail"):
        client.create_function(FunctionName=name, Runtime="provided.al2023", Handler="bootstrap",
                               Role="arn:aws:iam::000000000000:role/other", Code={"ZipFile": zipped})
        client.create_event_source_mapping(FunctionName=name, EventSourceArn=stream, StartingPosition="LATEST",
                                           Enabled=False)
    done = emulator.run(*arguments("busy"), check=False)
    assert done.returncode == 1
    assert "The stream in eu-west-1 has 2 readers already" in done.stderr
    assert "search-indexer" in done.stderr and "audit-trail" in done.stderr
    assert stacks_of(emulator, "busy") == set()


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE"])
def test_a_stream_without_both_images_is_refused(emulator: Emulator, view: str) -> None:
    table = f"partial-{view.lower().replace('_', '-')}"
    make_table(emulator, table, view)
    done = emulator.run(*arguments(table), check=False)
    assert done.returncode == 1
    assert f"the stream holds {view}, not NEW_AND_OLD_IMAGES" in done.stderr
    assert "StreamViewType=NEW_AND_OLD_IMAGES" in done.stderr
    assert stacks_of(emulator, table[:8]) == set()


def test_a_table_that_is_in_one_region_only_is_no_global_table(emulator: Emulator) -> None:
    emulator.client("dynamodb", "us-east-1").create_table(
        TableName="single", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
    )
    done = emulator.run(*arguments("single"), check=False)
    assert done.returncode == 1
    assert "There is no table single in eu-west-1" in done.stderr
