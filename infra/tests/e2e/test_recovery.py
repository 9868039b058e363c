"""`make redrive` and `make rejudge` against the emulator: what was given up is judged after all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulator import ACCOUNT, Emulator, eventually
from scenes import ledger_entries, lose_a_write

TABLE = "parked"
REGION = "us-east-1"
REGIONS = (REGION, "eu-west-1")
SYSTEM = ("--table", TABLE, "--regions", ",".join(REGIONS))
PREFIX = f"lastwriter-dev-{TABLE}"
FUNCTION = f"{PREFIX}-stream-processor"
LEDGER = f"{PREFIX}-ledger"
KEY = "aws/lambda/0a1b2c3d-1111-2222-3333-444455556666/shardId-0001/2026/11/25/2026-11-25T10.13.49-c0ffee00"


@pytest.fixture(scope="module", name="deployed")
def _deployed(emulator: Emulator) -> Iterator[Emulator]:
    emulator.run("deploy", *SYSTEM)
    return emulator


def output(emulator: Emulator, part: str, name: str) -> str:
    stack, = emulator.client("cloudformation", REGION).describe_stacks(StackName=f"{PREFIX}-{part}")["Stacks"]
    return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}[name]


def failed_batch(stream_arn: str) -> dict[str, Any]:
    """What Lambda puts into the bucket, of this table's stream; the payload as the string that Lambda's guide shows."""
    text = (Path(__file__).parents[1] / "failed_batch.json").read_text()
    document = json.loads(text.replace("123456789012", ACCOUNT).replace("table/orders/", f"table/{TABLE}/"))
    document["DDBStreamBatchInfo"]["streamArn"] = stream_arn
    return {**document, "payload": json.dumps(document["payload"])}


def test_a_failed_batch_is_judged_after_all_and_only_then_moved(deployed: Emulator) -> None:
    bucket, s3 = output(deployed, "processor", "FailureBucketName"), deployed.client("s3", REGION)
    stream = deployed.client("dynamodb", REGION).describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    s3.put_object(Bucket=bucket, Key=KEY, Body=json.dumps(failed_batch(stream)).encode())

    def keys() -> set[str]:
        return {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}

    client = deployed.client("lambda", REGION)
    variables = client.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=FUNCTION, Environment={
        "Variables": {**variables, "LEDGER_TABLE": "no-such-ledger"}})
    done = deployed.run("redrive", *SYSTEM, check=False)
    assert done.returncode == 1, done.stdout
    assert "judged only what stands before sequence number 4700000000012345678902" in done.stdout, done.stdout
    assert "1 batch(es) could not be redriven" in done.stderr
    assert keys() == {KEY}

    client.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})
    said = deployed.run("redrive", *SYSTEM).stdout
    assert "2 record(s) judged" in said
    assert keys() == {f"done/{KEY}"}
    entry, = ledger_entries(deployed, REGION, LEDGER, "PARCEL#2")
    assert entry["Kind"] == {"S": "update_update"}

    assert "Nothing to redrive." in deployed.run("redrive", *SYSTEM, "--since", "1h").stdout
    assert len(ledger_entries(deployed, REGION, LEDGER, "PARCEL#2")) == 1


def test_what_the_stream_still_holds_is_judged_again_by_a_new_mapping(deployed: Emulator) -> None:
    lose_a_write(deployed, TABLE, "parcel#1", "lost")
    entry, = eventually(lambda: ledger_entries(deployed, REGION, LEDGER, "parcel#1"),
                        f"the ledger entry; the emulator says: {deployed.tail()}")
    # As if the batch had been dropped without a trace.
    deployed.client("dynamodb", REGION).delete_item(
        TableName=LEDGER, Key={name: entry[name] for name in ("ItemKey", "ConflictId")})
    before = output(deployed, "processor", "EventSourceMappingId")

    refused = deployed.run("deploy", *SYSTEM, "--params", "StartingPosition=LATEST", check=False)
    assert refused.returncode == 1 and "StartingPosition cannot be changed" in refused.stderr
    assert "make rejudge" in refused.stderr

    assert "Done." in deployed.run("rejudge", *SYSTEM).stdout
    again, = eventually(lambda: ledger_entries(deployed, REGION, LEDGER, "parcel#1"),
                        f"the ledger entry again; the emulator says: {deployed.tail()}")
    assert again["Loser"] == entry["Loser"]
    after = output(deployed, "processor", "EventSourceMappingId")
    assert after != before
    for part in ("alarms", "dashboard"):
        stack, = deployed.client("cloudformation", REGION).describe_stacks(StackName=f"{PREFIX}-{part}")["Stacks"]
        assert {"ParameterKey": "EventSourceMappingId", "ParameterValue": after} in [
            {"ParameterKey": p["ParameterKey"], "ParameterValue": p["ParameterValue"]} for p in stack["Parameters"]]
    assert "nothing has changed" in deployed.run("deploy", *SYSTEM).stdout
