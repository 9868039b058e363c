"""PynamoDB, which makes a client of its own for each thread."""

from __future__ import annotations

import pytest

pynamodb_models = pytest.importorskip("pynamodb.models")
from pynamodb.attributes import UnicodeAttribute, VersionAttribute  # noqa: E402


def model(world, region, versioned):
    class Item(pynamodb_models.Model):
        class Meta:
            table_name = world.table

        PK = UnicodeAttribute(hash_key=True)
        SK = UnicodeAttribute(range_key=True)
        text = UnicodeAttribute()
        if versioned:
            version = VersionAttribute()

    Item.Meta.region, Item.Meta.host = region, world.endpoint(region)
    return Item


class Saves:
    versioned = False

    def __init__(self, world, key, region):
        self._model = model(world, region, self.versioned)
        self._key = (key, "text")

    def create(self, text):
        self._model(*self._key, text=text).save()

    def read(self):
        try:
            return self._model.get(*self._key, consistent_read=True).text
        except self._model.DoesNotExist:
            return None

    def save(self, text):
        item = self._model.get(*self._key)
        item.text = text
        item.save()


class VersionedSaves(Saves):
    versioned = True


class Updates(Saves):
    def save(self, text):
        self._model.get(*self._key).update(actions=[self._model.text.set(text)])


@pytest.mark.parametrize("store", [Saves, VersionedSaves, Updates])
def test_pynamodb(world, key, store):
    world.hand_over_and_lose(key, lambda region: store(world, key, region))
