"""A drill's writers: they know what was lost, since they wrote it and read what became of it, and compare the ledgers with that.

Nothing here knows how replication is paused; commands/drill.py does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from infra.deploy import probe_items
from infra.deploy.context import Context
from infra.deploy.errors import DeployError
from infra.deploy.tables import Replica

Item = dict[str, Any]

WORKERS = 16


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds.

    arrival: in which a write arrives where replication works; it usually takes about one. quiet: without a sign of a write, which
    tells that replication is paused. pause: until it is (FIS user guide: replication may go on for five minutes after the
    action began). settle: until the Regions agree again. ledger: until the processors have judged what came of that.
    """

    arrival: float = 60.0
    quiet: float = 20.0
    pause: float = 900.0
    settle: float = 1800.0
    ledger: float = 600.0


class Role(Enum):
    """What becomes of a drill's item while replication is paused."""

    CHANGED_IN_BOTH = "there before, changed in both Regions"
    MADE_IN_BOTH = "made in both Regions"
    CHANGED_IN_ONE = "changed in one Region alone: nothing is lost"

    @staticmethod
    def of(number: int) -> Role:
        """The role of item `number`: all of them, in turn."""
        return list(Role)[number % len(Role)]


@dataclass(frozen=True)
class Write:
    """A write while replication was paused: what the item is told apart by, and whether it saw a write of the other Region."""

    region: str
    payload: str
    saw_the_other: bool


@dataclass(frozen=True)
class Loss:
    """A write that was lost: which item, in which Region it was made, and what it had written."""

    number: int
    region: str
    payload: str


@dataclass(frozen=True)
class Findings:
    """The ledgers beside what the writers know. Everything is right where `missing` and `unexpected` are empty."""

    lost: tuple[Loss, ...]
    missing: tuple[Loss, ...]
    unexpected: tuple[str, ...]
    not_concurrent: int
    """Items whose second write had seen the first: the pause did not hold, and nothing was lost."""


@dataclass
class Drill:
    """One drill: `items` items in two Regions of a table, told apart from everything else by `run`."""

    context: Context
    replicas: dict[str, Replica]
    ledgers: dict[str, str]
    run: str
    items: int
    prefix: str
    now: Callable[[], float]
    patience: Patience = Patience()
    writes: dict[int, list[Write]] = field(default_factory=dict)
    survivors: dict[int, str] = field(default_factory=dict)

    @property
    def regions(self) -> list[str]:
        """The two Regions, the one that is cut off first."""
        return list(self.replicas)

    def key(self, number: int) -> Item:
        """The key of an item. Those from `items` on are probes of replication."""
        return probe_items.key_of(self.replicas[self.regions[0]], self.run, number)

    def prepare(self) -> None:
        """Make the items that are to be there before, and see that replication works in both directions."""
        first, second = self.regions
        for number in range(self.items):
            if Role.of(number) is not Role.MADE_IN_BOTH:
                self._write(second, number, "before")
        self._await_everywhere({n: "before" for n in range(self.items) if Role.of(n) is not Role.MADE_IN_BOTH}, self.patience.arrival)
        for source, target in ((first, second), (second, first)):
            if not self._arrives(source, target, self.patience.arrival):
                raise DeployError(f"Before any pause a write of {source} does not arrive in {target} within {self.patience.arrival:.0f} s.",
                                  "`make status` and the dashboard tell why; a drill needs replication that works.")

    def await_pause(self) -> None:
        """Wait until a write arrives in neither direction."""
        first, second = self.regions

        def paused() -> bool | None:
            quiet = self.patience.quiet
            return True if not self._arrives(first, second, quiet) and not self._arrives(second, first, quiet) else None

        self.context.waiter.until(paused, "the pause of replication to take effect", self.patience.pause)

    def diverge(self) -> None:
        """Write the items in both Regions, in either order, and note what each write saw."""
        for number in range(self.items):
            order = self.regions if number % 2 else self.regions[::-1]
            if Role.of(number) is Role.CHANGED_IN_ONE:
                order = order[:1]
            self.writes[number] = [self._divergent(region, number) for region in order]

    def settle(self) -> None:
        """Wait until both Regions hold the same of every item, and note what they hold."""
        def agreed() -> dict[int, str] | None:
            held = [self._payloads(region) for region in self.regions]
            return held[0] if held[0] == held[1] and len(held[0]) == self.items else None

        self.survivors = self.context.waiter.until(agreed, "both Regions to hold the same items", self.patience.settle)

    def losses(self) -> tuple[tuple[Loss, ...], int]:
        """What the writers know was lost, and how many items were no test, since a write had seen the other."""
        lost, seen = [], 0
        for number, writes in self.writes.items():
            if any(write.saw_the_other for write in writes):
                seen += 1
                continue
            lost += [Loss(number, w.region, w.payload) for w in writes if w.payload != self.survivors[number]]
        return tuple(lost), seen

    def compare(self) -> Findings:
        """Read the ledgers until all that was lost is there, or the time is over, and compare."""
        lost, seen = self.losses()
        latest: list[Findings] = []

        def complete() -> Findings | None:
            latest[:] = [self._findings(lost, seen)]
            return latest[0] if not latest[0].missing else None

        try:
            return self.context.waiter.until(complete, "the ledgers", self.patience.ledger)
        except DeployError:
            return latest[0]

    def _findings(self, lost: tuple[Loss, ...], seen: int) -> Findings:
        found = self.entries()
        right = {(loss.number, loss.region): loss for loss in lost}
        matched, unexpected = set(), []
        for number, region, entry in found:
            wrong = _wrong(entry, right.get((number, region)), self.regions)
            if wrong:
                unexpected.append(f"{region}: item {number} ({Role.of(number).value}): {wrong}")
            else:
                matched.add((number, region))
        missing = tuple(loss for place, loss in right.items() if place not in matched)
        return Findings(lost, missing, tuple(unexpected), seen)

    def entries(self) -> list[tuple[int, str, Item]]:
        """Every entry of the drill's items in the two Regions' ledgers, as (item, Region, entry)."""
        def of_item(place: tuple[int, str]) -> list[tuple[int, str, Item]]:
            number, region = place
            answer = self.context.aws.client("dynamodb", region).query(
                TableName=self.ledgers[region], KeyConditionExpression="ItemKey = :key",
                ExpressionAttributeValues={":key": {"S": ledger_key(self.key(number))}}, ConsistentRead=True)
            # What is kept apart for its size (#part-) has no kind; the drill's items are small.
            return [(number, region, entry) for entry in answer["Items"] if "Kind" in entry]

        places = [(number, region) for number in range(self.items) for region in self.regions]
        return [entry for found in self._at_once(of_item, places) for entry in found]

    def remove_entries(self) -> None:
        """Delete the drill's own entries: nobody has anything to put back from them."""
        for _, region, entry in self.entries():
            self.context.aws.client("dynamodb", region).delete_item(
                TableName=self.ledgers[region], Key={name: entry[name] for name in ("ItemKey", "ConflictId")})

    def remove_items(self) -> None:
        """Delete the items and the probes, in both Regions: replication may not work at that time."""
        def one(place: tuple[int, str]) -> None:
            number, region = place
            self.context.aws.client("dynamodb", region).delete_item(TableName=self.context.names.table, Key=self.key(number))

        self._at_once(one, [(number, region) for number in range(self.items + 2) for region in self.regions])

    def _divergent(self, region: str, number: int) -> Write:
        payload = f"{self.run} {number} {region}"
        other, = set(self.regions) - {region}
        written = self._write(region, number, payload)["Attributes"]
        return Write(region, payload, self._count(written, other) > self._before(number, other))

    def _before(self, number: int, region: str) -> int:
        """How many writes of a Region an item had before the pause: the one that made it."""
        return int(Role.of(number) is not Role.MADE_IN_BOTH and region == self.regions[1])

    def _count(self, item: Item, region: str) -> int:
        return int(item.get(f"{self.prefix}:n:{region}", {"N": "0"})["N"])

    def _write(self, region: str, number: int, payload: str) -> Item:
        request = probe_items.stamped_update(
            self.context.names.table, self.key(number), region, int(self.now() * 1e6), payload, self.prefix)
        return self.context.aws.client("dynamodb", region).update_item(**request, ReturnValues="ALL_NEW")

    def _payload(self, region: str, number: int) -> str | None:
        answer = self.context.aws.client("dynamodb", region).get_item(
            TableName=self.context.names.table, Key=self.key(number), ConsistentRead=True)
        return answer.get("Item", {}).get("payload", {}).get("S")

    def _payloads(self, region: str) -> dict[int, str]:
        read = self._at_once(lambda number: (number, self._payload(region, number)), list(range(self.items)))
        return {number: payload for number, payload in read if payload is not None}

    def _await_everywhere(self, payloads: dict[int, str], timeout: float) -> None:
        def there() -> bool | None:
            return True if all(self._payloads(region) == payloads for region in self.regions) else None

        self.context.waiter.until(there, "the drill's items in both Regions", timeout)

    def _arrives(self, source: str, target: str, timeout: float) -> bool:
        """Whether a write of one Region is seen in the other within `timeout` seconds."""
        number = self.items + self.regions.index(source)
        token = f"{self.run} probe {self.now()}"
        self._write(source, number, token)
        waiter = self.context.waiter
        start = waiter.now()
        while self._payload(target, number) != token:
            if waiter.now() - start > timeout:
                return False
            waiter.sleep(0.2)
        return True

    @staticmethod
    def _at_once(work: Callable[[Any], Any], places: list[Any]) -> list[Any]:
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            return list(pool.map(work, places))


def ledger_key(key: Item) -> str:
    """ItemKey of the ledger (specification, section 5): the key as DynamoDB JSON, names sorted, no spaces."""
    def text(value: Any) -> str:
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    plain = {name: {kind: text(value) for kind, value in typed.items()} for name, typed in key.items()}
    return json.dumps(plain, separators=(",", ":"), sort_keys=True)


def _wrong(entry: Item, loss: Loss | None, regions: list[str]) -> str:
    """What an entry says otherwise than the writers know; empty where it is right."""
    kind = entry["Kind"]["S"]
    if loss is None:
        return f"{kind}, although no write of this Region was lost"
    loser, winner = entry.get("Loser", {}).get("M", {}), entry.get("Winner", {}).get("M", {})
    other, = set(regions) - {loss.region}
    wanted = "insert_insert" if Role.of(loss.number) is Role.MADE_IN_BOTH else "update_update"
    if kind != wanted:
        return f"{kind}, and it was {wanted}"
    if (loser.get("Region"), winner.get("Region")) != ({"S": loss.region}, {"S": other}):
        return f"lost in {loser.get('Region')} to {winner.get('Region')}, and it was lost in {loss.region} to {other}"
    image = loser.get("Image", {}).get("M")
    if image is not None and image.get("payload") != {"S": loss.payload}:
        return "the losing image is not what was written"  # Without images (LedgerImages=none) there is nothing to compare.
    return ""
