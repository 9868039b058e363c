"""Instrumented applications in two Regions conflict, and each Region's function finds what its writers lost.

A whole global table runs on loopback, with the real function on each Region's stream (`lastwriter local`). The Regions
are cut off from each other while both applications write, so which write is lost does not hang on a delay: the last
write has the later private timestamp and wins.

`UnstampedWrites` counts the verdict `unstamped`, of which the function keeps a sample in the ledger. A stream keeps the
order of an item's records, so once the sample of a plain write made at the end is there, every earlier record of that
item has been judged: if that sample is the only one, the metric was zero for the instrumented writers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import endpoints
import pytest
import writers
from ledgers import Ledger, key_of, names, when

WHERE_LOST, WHERE_WON = "us-east-1", "eu-west-1"
KNOWN_TO_BOTH = {"PK": {"S": "order#known"}, "SK": {"S": "address"}}
CREATED_TWICE = {"PK": {"S": "order#new"}, "SK": {"S": "address"}}
KEYS = (KNOWN_TO_BOTH, CREATED_TWICE)
# How often each writes to each item before its last write; unequal, so that the counters in the items differ too.
LOSERS_ROUNDS, WINNERS_ROUNDS = 10, 7

needs_node = pytest.mark.skipif(writers.NODE is None, reason="node is not installed, so the Node writer cannot run")


@pytest.fixture
def world() -> Iterator[endpoints.Local]:
    with endpoints.local("--lag", "20ms") as running:
        yield running


def replica(world: endpoints.Local, region: str) -> Any:
    return writers.dynamodb(region, world.endpoints["replicas"][region])


def ledger(world: endpoints.Local, region: str) -> Ledger:
    return Ledger(writers.dynamodb(region, world.endpoints["ledgers"][region]), world.endpoints["ledger_table"])


def read(world: endpoints.Local, region: str, key: dict[str, Any]) -> Any:
    table = world.endpoints["table"]
    return replica(world, region).get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def stamped(world: endpoints.Local, language: str, region: str) -> contextlib.AbstractContextManager[Any]:
    table = world.endpoints["table"]
    return writers.stamped(language, region, world.endpoints["replicas"][region], table)


def write_all(writer: Any, name: str, rounds: int) -> None:
    for count in range(rounds):
        for key in KEYS:
            writer.update(writers.address_update(key, name, f"{name} {count}"))


@pytest.mark.parametrize(
    ("loses", "wins"),
    [
        pytest.param("python", "node", marks=needs_node),
        pytest.param("node", "python", marks=needs_node),
        ("python", "python"),
    ],
)
def test_a_lost_write_is_found_in_the_region_of_its_writer(world: endpoints.Local, loses: str, wins: str) -> None:
    lost_ledger, won_ledger = ledger(world, WHERE_LOST), ledger(world, WHERE_WON)
    with stamped(world, loses, WHERE_LOST) as loser, stamped(world, wins, WHERE_WON) as winner:
        first = loser.update(writers.address_update(KNOWN_TO_BOTH, "loser", "first"))
        when(lambda: read(world, WHERE_WON, KNOWN_TO_BOTH), lambda item: item == first, "the first write to replicate")

        world.toggle(WHERE_LOST)
        with ThreadPoolExecutor(2) as pool:
            running = (
                pool.submit(write_all, loser, "loser", LOSERS_ROUNDS),
                pool.submit(write_all, winner, "winner", WINNERS_ROUNDS),
            )
            for writing in running:
                writing.result()
        lost = [loser.update(writers.address_update(key, "loser", "lost")) for key in KEYS]
        kept = [winner.update(writers.address_update(key, "winner", "kept")) for key in KEYS]
        world.toggle(WHERE_LOST)

    found = when(lost_ledger.conflicts, lambda entries: len(entries) >= len(KEYS), "the conflicts in the ledger")
    assert [read(world, WHERE_LOST, key) for key in KEYS] == kept
    by_key = {key_of(entry): entry for entry in found}
    known, created = (by_key[key_of({"Key": {"M": key}})] for key in KEYS)
    assert known["Kind"]["S"] == "update_update"
    assert created["Kind"]["S"] == "insert_insert"
    for entry, losing, winning in zip((known, created), lost, kept):
        assert entry["Confidence"]["S"] == "certain"
        assert entry["Loser"]["M"]["Region"]["S"] == WHERE_LOST
        assert entry["Loser"]["M"]["Image"]["M"] == losing
        assert entry["Winner"]["M"]["Region"]["S"] == WHERE_WON
        assert entry["Winner"]["M"]["Image"]["M"] == winning
        assert names(entry) == ["address", "changed_by", "changes"]
        assert int(entry["LostWrites"]["N"]) == LOSERS_ROUNDS + 1

    judged_all_of_them(world)
    assert sorted(map(key_of, lost_ledger.conflicts())) == sorted(by_key), "one conflict for each item"
    assert won_ledger.conflicts() == [], "the winner's Region has lost nothing"
    for region, its in ((WHERE_LOST, lost_ledger), (WHERE_WON, won_ledger)):
        assert [names(entry) for entry in its.unstamped()] == [["plain"]] * len(KEYS), f"an unstamped write in {region}"
    assert not [line for line in world.lines if line.startswith("the function in")]


def judged_all_of_them(world: endpoints.Local) -> None:
    """Waits until both Regions' functions have judged all writes, by writes without a stamp that they are to report."""
    plain = writers.plain(WHERE_WON, world.endpoints["replicas"][WHERE_WON], world.endpoints["table"])
    for key in KEYS:
        values = {":p": {"BOOL": True}}
        plain.update({"Key": key, "UpdateExpression": "SET plain = :p", "ExpressionAttributeValues": values})
    for region in (WHERE_LOST, WHERE_WON):
        in_it = ledger(world, region)
        when(
            in_it.unstamped,
            lambda entries: sorted(key_of(entry) for entry in entries if names(entry) == ["plain"])
            == sorted(key_of({"Key": {"M": key}}) for key in KEYS),
            f"the plain writes in the ledger of {region}",
        )
