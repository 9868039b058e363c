"""Adding a Region, new code, restoring, stuck stacks and taking everything away, against the emulator."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path

from emulator import Emulator, eventually

REGIONS = ("us-east-1", "eu-west-1")
ADDED = "ap-southeast-2"


def system(table: str, *regions: str) -> tuple[str, ...]:
    return ("--table", table, "--regions", ",".join(regions or REGIONS))


def stacks(emulator: Emulator, region: str, table: str) -> dict[str, dict[str, str]]:
    """The parameters of a table's stacks in a Region, by the last part of their names."""
    prefix = f"lastwriter-dev-{table}-"
    return {
        stack["StackName"].removeprefix(prefix): {p["ParameterKey"]: p["ParameterValue"]
                                                  for p in stack.get("Parameters", [])}
        for stack in emulator.client("cloudformation", region).describe_stacks()["Stacks"]
        if stack["StackName"].startswith(prefix)
    }


def test_a_region_is_added_with_its_policy_and_its_processor(emulator: Emulator) -> None:
    def make_kinesis_stream(region: str) -> None:
        kinesis = emulator.client("kinesis", region)
        kinesis.create_stream(StreamName="stock-changes", ShardCount=1)
        kinesis.get_waiter("stream_exists").wait(StreamName="stock-changes", WaiterConfig={"Delay": 1})

    for region in REGIONS:
        make_kinesis_stream(region)
    emulator.run("deploy", *system("stock"), "--params", "KinesisStreamName=stock-changes")
    refused = emulator.run("add-region", *system("stock"), "--region", ADDED, check=False)
    assert refused.returncode == 1
    assert f"The Kinesis data stream stock-changes in {ADDED} is not there" in refused.stderr
    assert stacks(emulator, ADDED, "stock") == {}
    make_kinesis_stream(ADDED)
    said = emulator.run("add-region", *system("stock"), "--region", ADDED).stdout
    assert "cannot be deleted for 24 hours" in said
    table = stacks(emulator, "us-east-1", "stock")["table"]
    assert table["GlobalTableRegions"] == ",".join((*REGIONS, ADDED))
    assert table["ReplicasWithPolicy"] == "3"
    assert stacks(emulator, ADDED, "stock").keys() == {
        "artifacts", "key", "processor", "reporter", "alarms", "dashboard"}
    for region in (*REGIONS, ADDED):
        for part in ("alarms", "dashboard"):
            assert stacks(emulator, region, "stock")[part]["Regions"] == ",".join((*REGIONS, ADDED))
        assert stacks(emulator, region, "stock")["processor"]["Replicas"] == "3"
    mapping, = emulator.client("lambda", ADDED).list_event_source_mappings(
        FunctionName="lastwriter-dev-stock-stream-processor")["EventSourceMappings"]
    assert f":{ADDED}:" in mapping["EventSourceArn"]

    again = emulator.run("add-region", *system("stock", *REGIONS, ADDED), "--region", ADDED).stdout
    assert "creating" not in again and "updating" not in again
    assert "nothing has changed" in emulator.run("deploy", *system("stock", *REGIONS, ADDED)).stdout

    refused = emulator.run("remove-region", *system("stock", *REGIONS, ADDED), "--region", ADDED, check=False)
    assert refused.returncode == 1 and "LOST: the replica in ap-southeast-2" in refused.stdout
    assert emulator.client("dynamodb", ADDED).describe_table(TableName="stock")["Table"]["DeletionProtectionEnabled"]
    said = emulator.run("remove-region", *system("stock", *REGIONS, ADDED), "--region", ADDED, "--yes").stdout
    assert "From now on: REGIONS=us-east-1,eu-west-1" in said
    assert stacks(emulator, ADDED, "stock") == {}
    assert "stock" not in emulator.client("dynamodb", ADDED).list_tables()["TableNames"]
    ledger = emulator.client("dynamodb", ADDED).describe_table(TableName="lastwriter-dev-stock-ledger")["Table"]
    assert ledger["DeletionProtectionEnabled"]
    for region in REGIONS:
        replica = emulator.client("dynamodb", region).describe_table(TableName="stock")["Table"]
        assert replica["DeletionProtectionEnabled"]
        mapping, = emulator.client("lambda", region).list_event_source_mappings(
            FunctionName="lastwriter-dev-stock-stream-processor")["EventSourceMappings"]
        assert mapping["State"] == "Enabled"
        assert stacks(emulator, region, "stock")["alarms"]["Regions"] == ",".join(REGIONS)
        assert stacks(emulator, region, "stock")["processor"]["Replicas"] == "2"
    assert "nothing has changed" in emulator.run("deploy", *system("stock")).stdout
    once_more = emulator.run("remove-region", *system("stock", *REGIONS, ADDED), "--region", ADDED, "--yes").stdout
    assert "or gone already" in once_more and "is not there" in once_more


OWN_KEYS = ("PartitionKey=id SortKey=at SortKeyType=N Gsi1Name=by-status Gsi1PartitionKey=status Gsi1SortKey=at Gsi1SortKeyType=N "
            "Gsi1Projection=INCLUDE Gsi1NonKeyAttributes=total,currency Gsi2Name= Lsi1Name=by-total Lsi1SortKey=total Lsi1SortKeyType=N "
            "Lsi1Projection=KEYS_ONLY")


def test_destroy_leaves_the_data_protected_and_import_takes_it_back(emulator: Emulator) -> None:
    emulator.run("deploy", *system("gone"), "--params", f"TtlAttribute=expires {OWN_KEYS}")
    emulator.run("deploy", *system("gone"), "--params", "DeletionProtectionEnabled=false")
    refused = emulator.run("destroy", *system("gone"), check=False)
    assert refused.returncode == 1 and "there is no terminal to ask at" in refused.stderr
    assert stacks(emulator, "us-east-1", "gone")
    client = emulator.client("dynamodb", "us-east-1")
    client.put_item(TableName="gone", Item={"id": {"S": "a"}, "at": {"N": "7"}, "status": {"S": "open"}, "total": {"N": "1"}})
    for region in REGIONS:
        for index, name, value in (("by-status", "status", "open"), ("by-total", "id", "a")):
            found = emulator.client("dynamodb", region).query(
                TableName="gone", IndexName=index, KeyConditionExpression="#key = :value", ExpressionAttributeNames={"#key": name},
                ExpressionAttributeValues={":value": {"S": value}})
            assert [item["id"] for item in found["Items"]] == [{"S": "a"}], (region, index)
        assert stacks(emulator, region, "gone")["alarms"]["IndexNames"] == "by-status"
    keys = {client.describe_table(TableName="gone")["Table"]["SSEDescription"]["KMSMasterKeyArn"].split("/")[-1]}

    said = emulator.run("destroy", *system("gone"), "--yes").stdout
    assert "cannot be deleted for 24 hours" in said and "IMPORT=1" in said
    for region in REGIONS:
        assert stacks(emulator, region, "gone") == {}
        for name in ("gone", "lastwriter-dev-gone-ledger"):
            table = emulator.client("dynamodb", region).describe_table(TableName=name)["Table"]
            assert (table["TableStatus"], table["DeletionProtectionEnabled"]) == ("ACTIVE", True), name
        assert f"delete-table --region {region} --table-name lastwriter-dev-gone-ledger" in said

    once_more = emulator.run("destroy", *system("gone"), "--yes").stdout
    assert "is not there" in once_more
    for command in ("deploy", "attach"):
        done = emulator.run(command, *system("gone"), check=False)
        assert done.returncode == 1 and "belongs to no stack of ours" in done.stderr
        assert "eu-west-1: Ledger lastwriter-dev-gone-ledger (AWS::DynamoDB::Table)" in done.stderr
        assert f"run `make {command}` with IMPORT=1" in done.stderr

    shown = emulator.run("plan", *system("gone"), "--import", check=False)
    assert shown.returncode == 2 and "import GlobalTable (AWS::DynamoDB::GlobalTable)" in shown.stdout, shown.stderr
    assert stacks(emulator, "us-east-1", "gone") == {}

    said = emulator.run("deploy", *system("gone"), "--import").stdout
    assert "import PrimaryKey (AWS::KMS::Key)" in said and "import ReplicaKey (AWS::KMS::ReplicaKey)" in said
    assert "DeletionProtectionEnabled=true" in said and "TtlAttribute=expires" in said
    table = stacks(emulator, "us-east-1", "gone")["table"]
    assert (table["ReplicasWithPolicy"], table["TtlAttribute"]) == ("2", "expires")
    assert {table["TableKeyId"]} == keys
    given = {name: table[name] for name in (one.split("=")[0] for one in OWN_KEYS.split())}
    assert given == dict(one.split("=") for one in OWN_KEYS.split())
    assert client.get_item(TableName="gone", Key={"id": {"S": "a"}, "at": {"N": "7"}})["Item"]
    assert "nothing has changed" in emulator.run("deploy", *system("gone")).stdout


def test_a_stack_whose_creation_failed_is_named_with_the_way_out(emulator: Emulator) -> None:
    client = emulator.client("cloudformation", "eu-west-1")
    broken = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
        "TableName": "lastwriter-dev-stuck-taken", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}]}}}}
    for name, state in (("other", "CREATE_COMPLETE"), ("key", "ROLLBACK_COMPLETE")):
        stack = f"lastwriter-dev-stuck-{name}"
        client.create_stack(StackName=stack, TemplateBody=json.dumps(broken))
        eventually(lambda: client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == state,
                   f"stack {stack} to be in {state}")

    done = emulator.run("deploy", *system("stuck"), check=False)
    assert done.returncode == 1
    assert "Stack lastwriter-dev-stuck-key in eu-west-1 is in ROLLBACK_COMPLETE" in done.stderr
    assert "already exists" in done.stderr
    assert "aws cloudformation delete-stack --stack-name lastwriter-dev-stuck-key --region eu-west-1" in done.stderr
    assert stacks(emulator, "us-east-1", "stuck") == {}


def test_parameters_that_do_not_go_together_stop_before_the_first_stack(emulator: Emulator) -> None:
    for given, said in (
        ("ConsistencyMode=STRONG", "needs three Regions of one set"),
        ("Gsi1SortKey=SK Gsi1SortKeyType=N", "The attribute SK is S as SortKey and N as Gsi1SortKey"),
        ("KinesisStreamName=nowhere", "The Kinesis data stream nowhere in us-east-1 is not there"),
    ):
        done = emulator.run("deploy", *system("mixed"), "--params", given, check=False)
        assert done.returncode == 1
        assert said in done.stderr
        assert stacks(emulator, "us-east-1", "mixed") == {}


def test_a_plan_of_a_new_table_has_alarms_for_the_indexes_that_params_name(emulator: Emulator) -> None:
    def alarms(params: str) -> int:
        shown = emulator.run("plan", *system("planned"), "--params", params, check=False)
        assert shown.returncode == 2, shown.stderr
        return int(re.findall(r"us-east-1 lastwriter-dev-planned-alarms: create, (\d+) resource", shown.stdout)[0])

    none, two, three = alarms("Gsi1Name= Gsi2Name="), alarms("TtlAttribute=expires"), alarms("Gsi3Name=by-status")
    assert none < two < three and three - two == (two - none) / 2


def test_new_code_replaces_the_code_and_nothing_else(emulator: Emulator, code: dict[str, str], tmp_path: Path) -> None:
    emulator.run("deploy", *system("coded"))
    name = "lastwriter-dev-coded-stream-processor"

    def configurations() -> list[dict[str, object]]:
        answers = [emulator.client("lambda", r).get_function_configuration(FunctionName=name) for r in REGIONS]
        return [{k: a.get(k) for k in ("CodeSha256", "Environment", "Role", "MemorySize", "Timeout", "Handler")}
                for a in answers]

    before = configurations()
    other = tmp_path / "stream-processor" / "bootstrap.zip"
    other.parent.mkdir()
    shutil.copyfile(code["LASTWRITER_ZIP"], other)
    with zipfile.ZipFile(other, "a") as archive:
        archive.comment = b"the same program in another zip"
    digest = base64.b64encode(hashlib.sha256(other.read_bytes()).digest()).decode()

    emulator.run("deploy-function", *system("coded"), LASTWRITER_ZIP=str(other))
    assert configurations() == [{**one, "CodeSha256": digest} for one in before]
    # The stack still names the first zip: a deploy of that one sets the function right.
    assert "runs other code than its stack says" in emulator.run("deploy", *system("coded")).stdout
    assert configurations() == before


def test_new_code_for_a_function_that_does_not_exist_makes_none(emulator: Emulator) -> None:
    done = emulator.run("deploy-function", *system("nowhere"), check=False)
    assert done.returncode == 1
    assert "There is no stack lastwriter-dev-nowhere-processor in us-east-1" in done.stderr
    functions = emulator.client("lambda", "us-east-1").list_functions()["Functions"]
    assert not [f for f in functions if "nowhere" in f["FunctionName"]]


def test_a_restored_table_gets_back_what_a_restore_leaves_out(emulator: Emulator) -> None:
    emulator.run("deploy", *system("kept"), "--params", "TtlAttribute=expires")
    client = emulator.client("dynamodb", "us-east-1")
    client.put_item(TableName="kept", Item={"PK": {"S": "a"}, "SK": {"S": "b"}})
    said = emulator.run("backup", *system("kept")).stdout
    arn, = {line.split("BACKUP=")[1] for line in said.splitlines() if "BACKUP=arn:" in line}
    said = emulator.run("restore", *system("kept"), "--to", "kept-again", "--backup", arn).stdout
    table = client.describe_table(TableName="kept-again")["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["DeletionProtectionEnabled"] is True
    ttl = client.describe_time_to_live(TableName="kept-again")["TimeToLiveDescription"]
    assert ttl["AttributeName"] == "expires"
    assert client.get_item(TableName="kept-again", Key={"PK": {"S": "a"}, "SK": {"S": "b"}})["Item"]
    assert "--replica-updates 'Create={RegionName=eu-west-1" in said

    done = emulator.run("restore", *system("kept"), "--to", "kept", check=False)
    assert done.returncode == 1 and "TO is the table itself" in done.stderr


def test_what_a_company_brings_along_reaches_what_is_made(emulator: Emulator) -> None:
    topics = {region: emulator.client("sns", region).create_topic(Name="pages")["TopicArn"] for region in REGIONS}
    given = " ".join(f"{region}:AlarmTopicArn={topic}" for region, topic in topics.items())
    said = emulator.run("deploy", *system("brought"), "--params", given, "--tags", "Team=shop").stdout
    assert f"alarms tell nobody: {topics['eu-west-1']} has no subscriber" in said
    for region in REGIONS:
        alarm, = emulator.client("cloudwatch", region).describe_alarms(
            AlarmNames=["lastwriter-dev-brought.conflicts"])["MetricAlarms"]
        assert alarm["AlarmActions"] == [topics[region]]
        assert [topic["TopicArn"] for topic in emulator.client("sns", region).list_topics()["Topics"]
                if "brought" in topic["TopicArn"]] == []
        client = emulator.client("dynamodb", region)
        for table in ("brought", "lastwriter-dev-brought-ledger"):
            arn = client.describe_table(TableName=table)["Table"]["TableArn"]
            assert {"Key": "Team", "Value": "shop"} in client.list_tags_of_resource(ResourceArn=arn)["Tags"], table
    # A deploy that names no tags keeps them.
    assert "nothing has changed" in emulator.run("deploy", *system("brought")).stdout
