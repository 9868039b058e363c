"""Ordinary hand-overs between Regions by puts are no conflict, and losses among them are certain.

The applications do what most mappers do: read an item, change it, and put back what they know of it, in a process that remembers
the stamps it has seen. Of 20 items each is handed over three times, and then one write of it is lost. A stream keeps the
order of an item's records, so once an item's loss is in the ledger, its hand-overs have been judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import endpoints
import lastwriter
import pytest
import writers
from ledgers import Ledger, key_of, when
from test_conflicts import WHERE_LOST, WHERE_WON, ledger

ITEMS, HAND_OVERS = 20, 3
TEXT = "text"


@pytest.fixture
def world() -> Iterator[endpoints.Local]:
    with endpoints.local("--lag", "20ms") as running:
        yield running


class Application:
    """Reads whole items and puts them, in one Region."""

    def __init__(self, world: endpoints.Local, region: str, remember: int) -> None:
        client = writers.dynamodb(region, world.endpoints["replicas"][region])
        self._client = lastwriter.instrument(client, strict=True, remember=remember)
        self._table = world.endpoints["table"]

    def read(self, key: dict[str, Any]) -> str | None:
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return item and item[TEXT]["S"]

    def wait_for(self, key: dict[str, Any], text: str) -> None:
        when(lambda: self.read(key), lambda found: found == text, f"{text!r} to arrive")

    def put(self, key: dict[str, Any], text: str) -> None:
        self._client.put_item(TableName=self._table, Item={**key, TEXT: {"S": text}})


def hand_over_and_lose(world: endpoints.Local, remember: int) -> tuple[Ledger, Ledger]:
    """Both Regions' ledgers after all of it."""
    here, there = (Application(world, region, remember) for region in (WHERE_LOST, WHERE_WON))
    keys = [{"PK": {"S": f"item#{number}"}, "SK": {"S": "text"}} for number in range(ITEMS)]
    for key in keys:
        here.put(key, "made")
    giving, taking, latest = here, there, "made"
    for number in range(HAND_OVERS):
        for key in keys:
            taking.wait_for(key, latest)
        latest = f"handed over {number}"
        for key in keys:
            taking.put(key, latest)
        giving, taking = taking, giving
    for key in keys:
        taking.wait_for(key, latest)
    world.toggle(WHERE_LOST)
    for key in keys:
        here.put(key, "lost")
    for key in keys:
        there.put(key, "kept")
    world.toggle(WHERE_LOST)
    lost, won = ledger(world, WHERE_LOST), ledger(world, WHERE_WON)
    when(lambda: {key_of(entry) for entry in lost.conflicts() if text_of(entry) == "lost"}, lambda found: len(found) == ITEMS, "the losses")
    return lost, won


def text_of(entry: dict[str, Any]) -> str:
    return entry["Loser"]["M"]["Image"]["M"][TEXT]["S"]


def test_sixty_hand_overs_are_no_conflict_and_twenty_losses_are_certain(world: endpoints.Local) -> None:
    lost, won = hand_over_and_lose(world, remember=10_000)
    assert [(text_of(entry), entry["Confidence"]["S"]) for entry in lost.conflicts()] == [("lost", "certain")] * ITEMS
    assert won.conflicts() == []


def test_without_memory_each_hand_over_looks_like_a_loss(world: endpoints.Local) -> None:
    # This is what the memory is for, and shows that the test above would see it.
    lost, won = hand_over_and_lose(world, remember=0)
    found = when(lambda: lost.conflicts() + won.conflicts(), lambda entries: len(entries) == ITEMS * (HAND_OVERS + 1), "all conflicts")
    assert {entry["Confidence"]["S"] for entry in found} == {"probable"}
