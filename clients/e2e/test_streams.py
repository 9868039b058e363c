"""boto3 reads each Region's stream of a running `lastwriter local` as it reads a stream on AWS."""

from __future__ import annotations

import functools
from typing import Any

import endpoints
import writers
from ledgers import when

KEY = {"PK": {"S": "order#1"}, "SK": {"S": "address"}}


def records(streams: Any, table: str) -> list[dict[str, Any]]:
    """Everything in the table's stream, parents before their children."""
    (stream,) = streams.list_streams(TableName=table)["Streams"]
    arn = stream["StreamArn"]
    found = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        asked = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(**asked)["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            found += answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return found


def test_boto3_reads_the_same_changes_from_the_stream_of_each_region() -> None:
    with endpoints.local("--lag", "0") as world:
        table, urls = world.endpoints["table"], world.endpoints["replicas"]
        dynamodb = writers.dynamodb(endpoints.REGIONS[0], urls[endpoints.REGIONS[0]])
        streams = {
            region: writers.SESSION.client(
                "dynamodbstreams", region_name=region, endpoint_url=url, config=writers.CONFIG
            )
            for region, url in urls.items()
        }

        def put(note: str, expected: int) -> None:
            dynamodb.put_item(TableName=table, Item=KEY | {"note": {"S": note}})
            for client in streams.values():
                # What was combined on its way would be one record instead of two, so each write is waited for.
                when(functools.partial(records, client, table), lambda found: len(found) == expected, f"{expected} records")

        put("first", 1)
        put("first", 1)
        put("second", 2)
        for region, client in streams.items():
            inserted, modified = records(client, table)
            assert (inserted["eventName"], modified["eventName"]) == ("INSERT", "MODIFY")
            for record in (inserted, modified):
                assert record["awsRegion"] == region
                assert record["dynamodb"]["Keys"] == KEY
                assert record["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
            assert modified["dynamodb"]["OldImage"]["note"] == {"S": "first"}
            assert modified["dynamodb"]["NewImage"]["note"] == {"S": "second"}
