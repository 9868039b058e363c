"""Writers in five languages on the same items in three Regions: each pair of languages conflicts, and each loss is found.

For each pair an item is made by a writer of a third language in the third Region. Then all Regions are cut off from each
other, both write to it, and the one that wrote first has lost. The languages stamp alike, or a loss would not be certain.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import endpoints
import pytest
import writers
from ledgers import Ledger, key_of, names, when
from test_conflicts import ledger, replica

REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
PAIRS = tuple(itertools.combinations(writers.LANGUAGES, 2))


class Writers:
    """The writers of all languages in all Regions, each started when it is asked for."""

    def __init__(self, world: endpoints.Local, stack: contextlib.ExitStack) -> None:
        self._world = world
        self._stack = stack
        self._started: dict[tuple[str, str], Any] = {}

    def get(self, language: str, region: str) -> Any:
        if (language, region) not in self._started:
            at = self._world.endpoints
            writer = writers.stamped(language, region, at["replicas"][region], at["table"])
            try:
                self._started[language, region] = self._stack.enter_context(writer)
            except writers.Missing as missing:
                pytest.skip(f"the writer in {language}: {missing}")
        return self._started[language, region]


@pytest.fixture(scope="module")
def world() -> Iterator[endpoints.Local]:
    with endpoints.local("--lag", "20ms", regions=REGIONS) as running:
        yield running


@pytest.fixture(scope="module")
def started(world: endpoints.Local) -> Iterator[Writers]:
    with contextlib.ExitStack() as stack:
        yield Writers(world, stack)


def conflicts(ledger: Ledger, key: dict[str, Any]) -> list[Any]:
    return [entry for entry in ledger.conflicts() if key_of(entry) == key_of({"Key": {"M": key}})]


@pytest.mark.parametrize(("loses", "wins"), PAIRS, ids=lambda language: language)
def test_each_pair_of_languages_conflicts_and_the_loss_is_certain(
    world: endpoints.Local, started: Writers, loses: str, wins: str
) -> None:
    number = PAIRS.index((loses, wins))
    where_lost, where_won, where_made = (REGIONS[(number + step) % len(REGIONS)] for step in range(3))
    loser, winner = started.get(loses, where_lost), started.get(wins, where_won)
    others = [language for language in writers.LANGUAGES if language not in (loses, wins) and writers.is_there(language)]
    maker = started.get(others[number % len(others)] if others else "python", where_made)

    key = {"PK": {"S": f"{loses} and {wins}"}, "SK": {"S": "address"}}
    table = world.endpoints["table"]

    def items() -> list[Any]:
        clients = [replica(world, region) for region in REGIONS]
        return [client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item") for client in clients]

    made = maker.update(writers.address_update(key, "maker", "made"))
    when(items, lambda found: found == [made] * len(REGIONS), "the item in all Regions")
    for region in REGIONS:
        world.toggle(region)
    lost = loser.update(writers.address_update(key, "loser", "lost"))
    kept = winner.update(writers.address_update(key, "winner", "kept"))
    for region in REGIONS:
        world.toggle(region)

    (entry,) = when(lambda: conflicts(ledger(world, where_lost), key), bool, f"the loss in the ledger of {where_lost}")
    when(items, lambda found: found == [kept] * len(REGIONS), "the winner's write in all Regions")
    assert (entry["Kind"]["S"], entry["Confidence"]["S"], entry["LostWrites"]["N"]) == ("update_update", "certain", "1")
    assert (entry["Loser"]["M"]["Region"]["S"], entry["Winner"]["M"]["Region"]["S"]) == (where_lost, where_won)
    assert (entry["Loser"]["M"]["Image"]["M"], entry["Winner"]["M"]["Image"]["M"]) == (lost, kept)
    assert names(entry) == ["address", "changed_by"]
    for region in (where_won, where_made):
        assert conflicts(ledger(world, region), key) == [], f"{region} has lost nothing"
