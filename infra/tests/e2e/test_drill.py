"""`make drill` in the local world: what its writers know was lost is what the ledgers have, and any difference is told."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from local_world import LocalWorld

from infra.deploy.commands import drill
from infra.deploy.console import Console
from infra.deploy.context import Context
from infra.deploy.drill import Drill, Patience
from infra.deploy.errors import DeployError
from infra.deploy.names import Names
from infra.deploy.waiting import Waiter

TABLE, REGIONS = "drilled", ("us-east-1", "eu-west-1")
# Replication takes a tenth of a second here, and a pause holds at once.
PATIENCE = Patience(arrival=30, quiet=2, pause=60, settle=60, ledger=60)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWorld]:
    running = LocalWorld(tmp_path_factory.mktemp("world"), TABLE, REGIONS)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(name="context")
def _context(world: LocalWorld) -> Context:
    console = Console(assume_yes=True, out=io.StringIO())
    return Context(world, console, Waiter(max_pause=0.5), Names("lastwriter", "dev", TABLE), list(REGIONS))


def said(context: Context) -> str:
    assert isinstance(context.console.out, io.StringIO)
    return context.console.out.getvalue()


def carry_out(world: LocalWorld, context: Context, items: int = 12, pause: Any = None, patience: Patience = PATIENCE) -> str:
    pause = pause or (lambda _, region: world.cut_off(region))
    drill.drill(context, drill.DrillRequest(items=items), pause, patience=patience)
    return said(context)


def left_over(world: LocalWorld) -> int:
    """How many items and entries there are in table and ledgers."""
    return sum(world.dynamodb(kind, region).scan(TableName=name)["Count"]
               for kind, name in (("replicas", TABLE), ("ledgers", world.ledger)) for region in REGIONS)


def test_each_lost_write_is_found_and_nothing_stays_behind(world: LocalWorld, context: Context) -> None:
    # Of twelve items four are changed in both Regions, four are made in both, and four lose nothing.
    text = carry_out(world, context)
    assert "Each of 8 lost writes is in the ledger of its Region, and nothing else is." in text
    assert "were no test" not in text
    assert left_over(world) == 0


def test_a_ledger_that_misses_an_entry_is_told(world: LocalWorld, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    every = Drill.entries
    monkeypatch.setattr(Drill, "entries", lambda self: [e for e in every(self) if e[0] != 1])
    with pytest.raises(DeployError, match="1 missing, 0 not expected"):
        carry_out(world, context, patience=Patience(arrival=30, quiet=2, pause=60, settle=60, ledger=5))
    assert "missing in" in said(context) and ": item 1, " in said(context)


@pytest.mark.parametrize("broken, told", [
    (lambda e: e["Loser"]["M"]["Image"]["M"].update(payload={"S": "x"}), "the losing image is not what was written"),
    (lambda e: e["Winner"]["M"].update(Region={"S": "us-west-2"}), "to {'S': 'us-west-2'}, and it was lost in"),
    (lambda e: e.update(Kind={"S": "delete_update"}), "delete_update, and it was"),
])
def test_a_ledger_that_says_otherwise_is_told(world: LocalWorld, context: Context, monkeypatch: pytest.MonkeyPatch,
                                              broken: Any, told: str) -> None:
    every = Drill.entries

    def entries(self: Drill) -> list[Any]:
        found = every(self)
        for entry in found[:1]:
            broken(entry[2])
        return found

    monkeypatch.setattr(Drill, "entries", entries)
    with pytest.raises(DeployError, match="1 missing, 1 not expected"):
        carry_out(world, context, items=3, patience=Patience(arrival=30, quiet=2, pause=60, settle=60, ledger=5))
    assert told in said(context)


def test_an_entry_of_a_write_that_was_not_lost_is_told(world: LocalWorld, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = Drill.losses
    monkeypatch.setattr(Drill, "losses", lambda self: (losses(self)[0][1:], 0))
    with pytest.raises(DeployError, match="0 missing, 1 not expected"):
        carry_out(world, context, items=3)
    assert "although no write of this Region was lost" in said(context)


def test_a_pause_that_does_not_hold_is_told(world: LocalWorld, context: Context) -> None:
    with pytest.raises(DeployError, match="Waited 4 s for the pause of replication to take effect"):
        carry_out(world, context, items=3, pause=lambda *_: nullcontext(),
                  patience=Patience(arrival=30, quiet=2, pause=4, settle=60, ledger=5))
    assert "the test items are deleted" in said(context)


def test_writes_that_saw_each_other_prove_nothing(world: LocalWorld, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the pause ends while the writers write: a write that has seen the other overwrites it knowingly."""
    monkeypatch.setattr(Drill, "await_pause", lambda self: None)
    divergent = Drill._divergent

    def after_the_other(self: Drill, region: str, number: int) -> Any:
        written = divergent(self, region, number)
        other, = set(self.regions) - {region}
        self.context.waiter.until(lambda: self._payload(other, number) == written.payload or None, "the write", 30)
        return written

    monkeypatch.setattr(Drill, "_divergent", after_the_other)
    with pytest.raises(DeployError, match="No write was lost, so nothing was proved"):
        carry_out(world, context, items=6, pause=lambda *_: nullcontext())
    assert "4 of 6 items were no test" in said(context)


def test_a_paused_processor_is_refused(world: LocalWorld, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "mapping_state", "Disabled")
    with pytest.raises(DeployError, match="is Disabled: nobody would find what is lost"):
        carry_out(world, context)


def test_the_logs_of_the_world_are_there(world: LocalWorld) -> None:
    assert Path(world.log).is_file() and world.process.poll() is None
