"""`lastwriter audit` on the emulator's streams: the whole way through the AWS SDK, without the local world.

The emulator replicates at once and has one shard a stream, so nothing is lost in it and nothing splits: that an audit finds what
is lost is for tests/system/audit.rs. Here it finds the replicas, reads both streams, and says that all is well.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from emulator import ROOT, Emulator, eventually

TABLE = "audited"
REGIONS = ("us-east-1", "eu-west-1")
TOOL = Path(os.environ.get("LASTWRITER_TOOL", str(ROOT / "target" / "debug" / "lastwriter")))


def audit(emulator: Emulator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tool as a user does, with the emulator in place of AWS."""
    return subprocess.run(
        [str(TOOL), "audit", "--table", TABLE, *arguments], text=True, capture_output=True, stdin=subprocess.DEVNULL,
        env=emulator.environment, timeout=120, check=False,
    )


@pytest.fixture(scope="module", name="table")
def _table(emulator: Emulator) -> Emulator:
    if not TOOL.is_file():
        pytest.skip(f"no tool at {TOOL}: run `make programs`")
    first, second = (emulator.client("dynamodb", region) for region in REGIONS)
    first.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    first.update_table(TableName=TABLE, ReplicaUpdates=[{"Create": {"RegionName": REGIONS[1]}}])

    def replicated() -> bool:
        table = second.describe_table(TableName=TABLE)["Table"]
        return bool(table["TableStatus"] == "ACTIVE" and table.get("LatestStreamArn"))

    eventually(replicated, "the replica")
    for number in range(20):
        client = (first, second)[number % 2]
        client.put_item(TableName=TABLE, Item={"id": {"S": f"order-{number % 5}"}, "v": {"S": f"value {number}"}})
    return emulator


def test_an_audit_reads_the_streams_of_every_replica(table: Emulator) -> None:
    done = audit(table, "--regions", ",".join(REGIONS), "--whole", "--json", "--rate", "20")
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert [region["region"] for region in outcome["regions"]] == sorted(REGIONS)
    assert [region["records"] for region in outcome["regions"]] == [20, 20]
    assert round(outcome["total"]["writes"]) == 20
    assert outcome["findings"] == []
    assert "Nothing is written to it" in done.stderr


def test_the_regions_of_the_replicas_are_found_and_none_may_be_left_out(table: Emulator) -> None:
    found = audit(table, "--whole", "--json", "--rate", "20")
    # The emulator has the Region of the environment, if there is one; without any, it has to be named.
    if found.returncode != 0:
        assert "no Region" in found.stderr, found.stderr
    refused = audit(table, "--regions", REGIONS[0])
    assert refused.returncode == 2, refused.stderr
    assert f"replicas in {REGIONS[1]} too" in refused.stderr
