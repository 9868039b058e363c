"""dyntastic, whose models are pydantic's: an attribute that a model does not know is dropped, or refused."""

from __future__ import annotations

from typing import Any

import pytest

dyntastic = pytest.importorskip("dyntastic")


def model(world, region):
    class Item(dyntastic.Dyntastic, extra="forbid"):
        __table_name__ = world.table
        __table_region__ = region
        __table_host__ = world.endpoint(region)
        __hash_key__ = "PK"
        __range_key__ = "SK"

        PK: str
        SK: str
        text: str
        more: Any = None

    return Item


class Saves:
    def __init__(self, world, key, region):
        self._model = model(world, region)
        self._key = (key, "text")

    def create(self, text):
        self._model(PK=self._key[0], SK=self._key[1], text=text).save()

    def read(self):
        found = self._model.safe_get(*self._key, consistent_read=True)
        return found and found.text

    def save(self, text):
        item = self._model.get(*self._key)
        item.text = text
        item.save()


class Updates(Saves):
    def save(self, text):
        self._model.get(*self._key).update(dyntastic.A.text.set(text))


@pytest.mark.parametrize("store", [Saves, Updates])
def test_dyntastic(world, key, store):
    world.hand_over_and_lose(key, lambda region: store(world, key, region))
