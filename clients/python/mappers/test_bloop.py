"""bloop, which saves with UpdateItem."""

from __future__ import annotations

import boto3
import pytest

bloop = pytest.importorskip("bloop")


class Saves:
    def __init__(self, world, key, region):
        class Item(bloop.BaseModel):
            class Meta:
                table_name = world.table

            PK = bloop.Column(bloop.String, hash_key=True)
            SK = bloop.Column(bloop.String, range_key=True)
            text = bloop.Column(bloop.String)

        self._model = Item
        self._key = {"PK": key, "SK": "text"}
        settings = {"region_name": region, "endpoint_url": world.endpoint(region)}
        self._engine = bloop.Engine(
            dynamodb=boto3.client("dynamodb", **settings), dynamodbstreams=boto3.client("dynamodbstreams", **settings)
        )
        self._engine.bind(Item, skip_table_setup=True)

    def _load(self):
        item = self._model(**self._key)
        self._engine.load(item, consistent=True)
        return item

    def create(self, text):
        self._engine.save(self._model(**self._key, text=text))

    def read(self):
        try:
            return self._load().text
        except bloop.MissingObjects:
            return None

    def save(self, text):
        item = self._load()
        item.text = text
        self._engine.save(item)


def test_bloop(world, key):
    world.hand_over_and_lose(key, lambda region: Saves(world, key, region))
