"""aioboto3, and the aiobotocore below it."""

from __future__ import annotations

import asyncio

import lastwriter
import pytest

aioboto3 = pytest.importorskip("aioboto3")
aiobotocore_session = pytest.importorskip("aiobotocore.session")


class Items:
    """With a resource's table."""

    def __init__(self, world, key, region):
        self._world, self._region = world, region
        self._key = {"PK": key, "SK": "text"}
        self._session = lastwriter.instrument(aioboto3.Session())

    def _dynamodb(self):
        return self._session.resource("dynamodb", region_name=self._region, endpoint_url=self._world.endpoint(self._region))

    async def _put(self, item):
        async with self._dynamodb() as dynamodb:
            table = await dynamodb.Table(self._world.table)
            await table.put_item(Item=item)

    async def _get(self):
        async with self._dynamodb() as dynamodb:
            table = await dynamodb.Table(self._world.table)
            return (await table.get_item(Key=self._key, ConsistentRead=True)).get("Item")

    async def create(self, text):
        await self._put({**self._key, "text": text})

    async def read(self):
        return (await self._get() or {}).get("text")

    async def save(self, text):
        item = await self._get()
        assert set(item) == {"PK", "SK", "text"}, "no stamp is seen"
        await self._put({**item, "text": text})


class LowLevel(Items):
    """With aiobotocore's own session and client."""

    def __init__(self, world, key, region):
        super().__init__(world, key, region)
        self._key = {name: {"S": value} for name, value in self._key.items()}
        self._session = lastwriter.instrument(aiobotocore_session.get_session())

    def _client(self):
        return self._session.create_client("dynamodb", region_name=self._region, endpoint_url=self._world.endpoint(self._region))

    async def _put(self, item):
        async with self._client() as client:
            await client.put_item(TableName=self._world.table, Item=item)

    async def _get(self):
        async with self._client() as client:
            return (await client.get_item(TableName=self._world.table, Key=self._key, ConsistentRead=True)).get("Item")

    async def create(self, text):
        await self._put({**self._key, "text": {"S": text}})

    async def read(self):
        return (await self._get() or {}).get("text", {}).get("S")

    async def save(self, text):
        item = await self._get()
        await self._put({**item, "text": {"S": text}})


@pytest.mark.parametrize("store", [Items, LowLevel])
def test_aioboto3(world, key, store):
    world.hand_over_and_lose(key, lambda region: store(world, key, region))


def test_many_tasks_of_one_loop_keep_their_histories_apart(world, key):
    store = LowLevel(world, key, "us-east-1")

    async def hand_over(client, name):
        item = {"PK": {"S": key}, "SK": {"S": name}}
        await client.put_item(TableName=world.table, Item=item)
        for text in ("one", "two", "three"):
            read = (await client.get_item(TableName=world.table, Key=item, ConsistentRead=True))["Item"]
            await client.put_item(TableName=world.table, Item={**read, "text": {"S": text}})

    async def all_at_once():
        async with store._client() as client:
            await asyncio.gather(*[hand_over(client, f"task-{number}") for number in range(20)])
            counted = await client.query(
                TableName=world.table, KeyConditionExpression="PK = :p", ExpressionAttributeValues={":p": {"S": key}},
                ProjectionExpression="#n", ExpressionAttributeNames={"#n": "lw:n:us-east-1"},
            )  # fmt: skip
            return [item["lw:n:us-east-1"] for item in counted["Items"]]

    assert asyncio.run(all_at_once()) == [{"N": "4"}] * 20


def test_a_soft_delete_is_awaited_as_any_call(world, key):
    store = LowLevel(world, key, "us-east-1")

    async def mark():
        async with store._client() as client:
            await lastwriter.soft_delete(client, TableName=world.table, Key=store._key, ttl_attribute="ttl")
        return await store._get()

    assert (asyncio.run(mark()))["lw:deleted"] == {"BOOL": True}
