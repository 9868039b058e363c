"""The stamps that a process has seen, by table and key.

A put that carries no stamps takes them from here: it claims to have seen what its process has really seen, and so keeps
the history that most mappers drop.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Callable

from ._stamps import NO_STAMPS, Stamps

#: How many items are remembered. About 10 MB with the stamps of three Regions; beyond it the item used longest ago goes.
CAPACITY = 10_000


class Table:
    """One replica of a table. The same table in another Region is another one: what was seen there may not be here."""

    def __init__(self, endpoint: str, name: str, number: int):
        self.endpoint = endpoint
        self.name = name
        #: The names of its key attributes, sorted; None where no request has told them yet.
        self.key_names: tuple[str, ...] | None = None
        #: Tells its items from those of others. Forgetting a table is a new number for it: its items are never found
        #: again, and drop out in time.
        self.number = number


class Memory:
    """Stamps by table and key, for any number of threads and event loops. The lock is never held across a call."""

    def __init__(self, capacity: int = CAPACITY):
        if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 0:
            raise ValueError(f"remember {capacity!r} must be the number of items to remember, 0 for none")
        self.capacity = capacity
        self._lock = threading.Lock()
        self._items: OrderedDict[tuple, Stamps] = OrderedDict()
        self._tables: dict[tuple[str, str], Table] = {}
        self._numbers = itertools.count()

    def table(self, endpoint: str, name: str) -> Table:
        """The table of this name there."""
        with self._lock:
            table = self._tables.get((endpoint, name))
            if table is None:
                table = self._tables[endpoint, name] = Table(endpoint, name, next(self._numbers))
            return table

    def learn_key_names(self, table: Table, names: Collection[str]) -> None:
        """Take the names from a request that DynamoDB took: it refuses a Key with too few or too many."""
        known = table.key_names
        if known is None or len(known) != len(names) or not all(name in names for name in known):
            table.key_names = tuple(sorted(names))

    def find(self, table: Table, item: Mapping[str, Any]) -> Stamps | None:
        """What is remembered of the item with this key. `item` is a Key or an item with all its key attributes."""
        key = self.key(table, item)
        if key is None:
            return None
        with self._lock:
            stamps = self._items.get(key)
            if stamps is not None:
                self._items.move_to_end(key)
        return stamps

    def add(self, table: Table, item: Mapping[str, Any], seen: Stamps) -> None:
        """Remember stamps that were seen. Nothing older replaces what is known."""
        if seen.pairs or seen.reset is not None:
            self._change(table, item, lambda known: (known or NO_STAMPS).later(seen))

    def replace(self, table: Table, item: Mapping[str, Any], stamps: Stamps) -> None:
        """Remember these stamps and no others: the item is new."""
        self._change(table, item, lambda known: stamps)

    def change(self, table: Table, item: Mapping[str, Any], change: Callable[[Stamps], Stamps]) -> None:
        """Change what is remembered of an item; where nothing is, nothing is known."""
        self._change(table, item, lambda known: known and change(known))

    def forget(self, table: Table, item: Mapping[str, Any]) -> None:
        self._change(table, item, lambda known: None)

    def forget_table(self, table: Table) -> None:
        with self._lock:
            table.number = next(self._numbers)

    def forget_tables(self, endpoint: str, named: Callable[[str], bool]) -> None:
        """Forget every table of an endpoint whose name is among those."""
        with self._lock:
            tables = [table for table in self._tables.values() if table.endpoint == endpoint and named(table.name)]
        for table in tables:
            self.forget_table(table)

    def _change(
        self, table: Table, item: Mapping[str, Any], change: Callable[[Stamps | None], Stamps | None]
    ) -> None:
        key = self.key(table, item) if self.capacity else None
        if key is None:
            return
        with self._lock:
            stamps = change(self._items.pop(key, None))
            if stamps is not None:
                self._items[key] = stamps
                if len(self._items) > self.capacity:
                    self._items.popitem(last=False)

    def key(self, table: Table, item: Mapping[str, Any]) -> tuple | None:
        """What tells this item from all others, or None where the names of its key attributes are not known."""
        names = table.key_names
        if names is None:
            return None
        try:
            if len(names) == 1:
                return (table.number, *_key_value(item[names[0]]))
            return (table.number, *[_key_value(item[name]) for name in names])
        except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation):
            return None  # A projection left a key attribute out, or DynamoDB will refuse it.


def _key_value(value: Mapping[str, Any]) -> tuple[str, Any]:
    """A key attribute's value in a form that is equal where DynamoDB's keys are: 1 and 1.0 are one key."""
    ((kind, content),) = value.items()
    if kind == "S" and isinstance(content, str):
        return kind, content
    if kind == "B" and isinstance(content, (bytes, bytearray, memoryview)):
        return kind, bytes(content)
    if kind == "N" and isinstance(content, str):
        return kind, Decimal(content)
    raise ValueError("no value of a key")
