#!/usr/bin/env python3
"""Records the streams of a `lastwriter local` world while writers that stamp nothing write to it.

    target/debug/lastwriter local --regions us-east-1,eu-west-1 --table orders --key id --endpoints-file ends.json
    .venv/bin/python events/audit/record.py ends.json

A writer in each Region changes orders, some with UpdateItem and some with a PutItem of what it read before. After the last
write every Region has the time to catch up; then each Region's stream goes to a file of JSON lines, as Lambda would hand the
records out. Nothing in the files was made by hand.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).resolve().parent
SECONDS = 40.0
WRITES_A_SECOND = 2.5
ORDERS = 12
SETTLING = 5.0


def client(service: str, region: str, endpoint: str) -> Any:
    """A client of one Region's endpoint."""
    return boto3.client(
        service, region_name=region, endpoint_url=endpoint, aws_access_key_id="local", aws_secret_access_key="local",
    )


def write(table: str, region: str, endpoint: str, seed: int) -> None:
    """Change orders in one Region until the time is up."""
    draws = random.Random(seed)
    dynamodb = client("dynamodb", region, endpoint)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        time.sleep(draws.expovariate(WRITES_A_SECOND))
        key = {"id": {"S": f"order-{draws.randrange(ORDERS)}"}}
        name = draws.choice(["address", "phone", "email", "status"])
        text = draws.choice(["NEW", "PAID", "SENT"]) if name == "status" else f"{name} {draws.getrandbits(32):08x}"
        value = {"S": text}
        if draws.random() < 0.2:
            item = dynamodb.get_item(TableName=table, Key=key).get("Item", key)
            dynamodb.put_item(TableName=table, Item={**item, name: value})
        else:
            dynamodb.update_item(
                TableName=table, Key=key, UpdateExpression="SET #name = :value",
                ExpressionAttributeNames={"#name": name}, ExpressionAttributeValues={":value": value},
            )


def records(table: str, region: str, endpoint: str) -> list[dict[str, Any]]:
    """All of one Region's stream, as Lambda would hand it out."""
    streams = client("dynamodbstreams", region, endpoint)
    arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    found: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            if not page["Records"]:
                break
            found.extend(page["Records"])
            iterator = page.get("NextShardIterator")
    for record in found:
        change = record["dynamodb"]
        change["ApproximateCreationDateTime"] = int(change["ApproximateCreationDateTime"].timestamp())
        record["eventSourceARN"] = arn
    return found


def main() -> None:
    """Write, wait, record."""
    world = json.loads(Path(sys.argv[1]).read_text())
    table, replicas = world["table"], world["replicas"]
    writers = [
        threading.Thread(target=write, args=(table, region, endpoint, seed))
        for seed, (region, endpoint) in enumerate(sorted(replicas.items()))
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    time.sleep(SETTLING)
    for region, endpoint in replicas.items():
        lines = [json.dumps(record, separators=(",", ":")) for record in records(table, region, endpoint)]
        (HERE / f"{region}.jsonl").write_text("\n".join(lines) + "\n")
        print(f"{region}: {len(lines)} records")


if __name__ == "__main__":
    main()
