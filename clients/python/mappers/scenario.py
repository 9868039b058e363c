"""What every library goes through: an item is handed over between two Regions, and then a write of it is lost.

The hand-over reads in one Region what the other wrote, and saves it there. It is no conflict, though a put replaces the
whole item. The loss is real: both Regions write while they are cut off from each other.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Protocol

import boto3
import endpoints
import lastwriter
from ledgers import Entry, Ledger, key_of, when

HERE, THERE = "us-east-1", "eu-west-1"


class Store(Protocol):
    """An application's way to one item, with a library, in one Region."""

    def create(self, text: str) -> Any: ...
    def read(self) -> Any:
        """The text of the item, or None where there is none."""

    def save(self, text: str) -> Any:
        """Read the item, change its text, and save it as the library does."""


class World:
    """A running `lastwriter local`, with its two Regions."""

    def __init__(self, running: endpoints.Local) -> None:
        self._running = running
        self.table = running.endpoints["table"]

    def endpoint(self, region: str) -> str:
        return self._running.endpoints["replicas"][region]

    def client(self, region: str, endpoint: str | None = None) -> Any:
        return boto3.client("dynamodb", region_name=region, endpoint_url=endpoint or self.endpoint(region))

    def conflicts(self, region: str, key: str) -> list[Entry]:
        ledger = Ledger(self.client(region, self._running.endpoints["ledgers"][region]), self._running.endpoints["ledger_table"])
        return [entry for entry in ledger.conflicts() if json.dumps(key) in key_of(entry)]

    def settle(self, key: str) -> None:
        """Waits until both Regions have the same items of a PK."""

        def items(region: str) -> Any:
            # Of no table: so it shows the stamps, too.
            client = lastwriter.instrument(self.client(region), tables=())
            answer = client.query(
                TableName=self.table,
                KeyConditionExpression="PK = :k",
                ExpressionAttributeValues={":k": {"S": key}},
                ConsistentRead=True,
            )
            return answer["Items"]

        when(lambda: (items(HERE), items(THERE)), lambda both: both[0] == both[1] != [], "the Regions to agree")

    def toggle(self) -> None:
        """Cut the Regions off from each other, or join them again."""
        self._running.toggle(HERE)

    def hand_over_and_lose(self, key: str, store: Callable[[str], Store]) -> Entry:
        """Goes through it all with the stores of both Regions, and returns the conflict, which has to be certain."""
        here, there = store(HERE), store(THERE)
        result(here.create("made"))
        self.arrives(there, "made")
        result(there.save("handed over"))
        self.arrives(here, "handed over")
        result(here.save("and back"))
        self.arrives(there, "and back")
        return self.lose(key, here, there)

    def lose(self, key: str, here: Store, there: Store) -> Entry:
        """Both Regions know the item. The write here is lost to the later one there."""
        self.toggle()
        result(here.save("lost"))
        result(there.save("kept"))
        self.toggle()
        (found,) = when(lambda: self.conflicts(HERE, key), bool, "the conflict in the ledger")
        self.arrives(here, "kept")
        assert found["Confidence"]["S"] == "certain", found
        assert found["Kind"]["S"] == "update_update", found
        assert (found["Loser"]["M"]["Region"]["S"], found["Winner"]["M"]["Region"]["S"]) == (HERE, THERE)
        # The hand-overs came before it in the streams, so they have been judged.
        assert self.conflicts(THERE, key) == [], "the hand-overs, and the write that won, are no conflict"
        return found

    def arrives(self, store: Store, text: str) -> None:
        when(lambda: result(store.read()), lambda found: found == text, f"{text!r} to arrive")


_LOOP = asyncio.new_event_loop()


def result(value: Any) -> Any:
    """What a call gives, awaited where the library is asynchronous."""
    return _LOOP.run_until_complete(value) if asyncio.iscoroutine(value) else value
