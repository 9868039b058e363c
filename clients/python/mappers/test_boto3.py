"""boto3, as an application uses it without a mapper."""

from __future__ import annotations

import pytest

boto3 = pytest.importorskip("boto3")


class Puts:
    def __init__(self, world, key, region):
        self._table = boto3.resource("dynamodb", region_name=region, endpoint_url=world.endpoint(region)).Table(world.table)
        self._key = {"PK": key, "SK": "text"}

    def create(self, text):
        self._table.put_item(Item={**self._key, "text": text})

    def read(self):
        return self._table.get_item(Key=self._key, ConsistentRead=True).get("Item", {}).get("text")

    def save(self, text):
        item = self._table.get_item(Key=self._key)["Item"]
        assert set(item) == {"PK", "SK", "text"}, "no stamp is seen"
        self._table.put_item(Item={**item, "text": text})


class Updates(Puts):
    def save(self, text):
        self._table.update_item(Key=self._key, UpdateExpression="SET #t = :t", ExpressionAttributeNames={"#t": "text"},
                                ExpressionAttributeValues={":t": text})  # fmt: skip


class Batches(Puts):
    def save(self, text):
        item = self._table.get_item(Key=self._key)["Item"]
        with self._table.batch_writer() as batch:
            batch.put_item(Item={**item, "text": text})


class Queries(Puts):
    def read(self):
        found = self._table.query(KeyConditionExpression=boto3.dynamodb.conditions.Key("PK").eq(self._key["PK"]))["Items"]
        return found[0]["text"] if found else None

    def save(self, text):
        self._table.load()  # Which tells the names of the key's attributes.
        (item,) = self._table.query(KeyConditionExpression=boto3.dynamodb.conditions.Key("PK").eq(self._key["PK"]))["Items"]
        self._table.put_item(Item={**item, "text": text})


@pytest.mark.parametrize("store", [Puts, Updates, Batches, Queries])
def test_boto3(world, key, store):
    world.hand_over_and_lose(key, lambda region: store(world, key, region))
