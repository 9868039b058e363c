"""Rewrites requests: given an operation's parameters in DynamoDB JSON, the same parameters with the stamp added.

Nothing here knows of botocore or changes what it is given: the caller's dictionaries stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Callable, NamedTuple

from ._clock import SYSTEM_CLOCK, Clock
from ._memory import Memory, Table
from ._put import PutStamper, StampedPut
from ._region import check_region
from ._stamps import Stamps, stamp_names
from ._tables import Tables, TableSettings, table_name
from ._tokens import PROCESS_TOKENS, TokenMemory
from ._update import UpdateStamper

Request = Mapping[str, Any]
OnError = Callable[[Exception], None]


class Stamped(NamedTuple):
    """A request that carries a stamp, and the time in it, in microseconds. Where a batch or a transaction has several
    writes, each does."""

    request: dict[str, Any]
    time: int
    #: The stamps of its puts, in their order; None for one that could not be stamped.
    puts: list[Stamps | None]


class Stamper:
    """Adds one Region's stamp to requests. The settings are those of `lastwriter.instrument`."""

    def __init__(
        self,
        region: str,
        prefix: str = "lw",
        clock: Callable[[], int] | None = None,
        tables: Tables = None,
        keys: Mapping[str, Collection[str]] | None = None,
        tokens: str = "count",
        encrypted: str = "refuse",
        memory: Memory | None = None,
        endpoint: str = "",
        token_memory: TokenMemory = PROCESS_TOKENS,
    ):
        if tokens not in ("count", "remember", "leave"):
            raise ValueError(f"tokens {tokens!r} must be 'count', 'remember' or 'leave'")
        self.region = check_region(region)
        self.names = stamp_names(prefix)
        self.clock = SYSTEM_CLOCK if clock is None else Clock(clock)
        self.tables = TableSettings(tables, keys, encrypted)
        self.memory = Memory() if memory is None else memory
        self.endpoint = endpoint
        self._tokens = tokens
        self._token_memory = token_memory
        self._updates = UpdateStamper(self.names, region)
        self._puts = PutStamper(self.names, region)
        # Each write comes by here, and there are few tables.
        self.table = lru_cache(maxsize=1024)(self._table)
        for table, names in self.tables.keys.items():
            self.memory.learn_key_names(self.table(table), names)

    def covers(self, name_or_arn: Any) -> bool:
        """Whether writes to this table are stamped."""
        return self.tables.covers(name_or_arn)

    def _table(self, name_or_arn: str) -> Table:
        return self.memory.table(self.endpoint, table_name(name_or_arn))

    def stamp(self, operation: str, request: Request, on_error: OnError) -> Stamped | None:
        """The request with the stamp of this moment, or None where nothing is to be stamped.

        In a transaction or a batch each write is stamped on its own: for one that cannot be, `on_error` is called
        with the reason, and it goes on as it was, unless `on_error` raises.
        """
        puts: list[Stamps | None] = []
        changed: dict[str, Any] | None = None
        if operation in ("UpdateItem", "PutItem"):
            if not self.covers(request.get("TableName")):
                return None
            now = self.clock()
            if operation == "UpdateItem":
                changed = self._update(request, {"N": str(now)})
            else:
                put = self._put(request, {"N": str(now)}, self.table(request["TableName"]))
                if put is not None:
                    changed, puts = {"Item": put.item}, [put.stamps]
        elif operation == "TransactWriteItems":
            token = request.get("ClientRequestToken")
            if token is not None and self._tokens == "leave":
                return None
            if token is not None and self._tokens == "remember":
                now = self._token_memory.recall((self.region, token), self.clock)
            else:
                now = self.clock()
            changed = self._transaction(request, now, token is not None, puts, on_error)
        elif operation == "BatchWriteItem":
            now = self.clock()
            changed = self._batch(request, {"N": str(now)}, puts, on_error)
        else:
            return None
        return None if changed is None else Stamped({**request, **changed}, now, puts)

    def _update(self, request: Request, now: dict[str, str], in_transaction: bool = False) -> dict[str, Any] | None:
        table = self.table(request["TableName"])
        self.tables.refuse_encrypted(table.name)

        def seen() -> Stamps | None:
            key = request.get("Key")
            return self.memory.find(table, key) if isinstance(key, Mapping) else None

        return self._updates.stamp(request, now, seen, in_transaction)

    def _put(self, request: Request, now: dict[str, str], table: Table) -> StampedPut | None:
        item = request.get("Item")
        self.tables.refuse_encrypted(table.name, item)

        def seen() -> Stamps | None:
            return self.memory.find(table, item) if isinstance(item, Mapping) else None

        return self._puts.stamp(request, now, seen, self.tables.keys_of(table.name))

    def _transaction(
        self, request: Request, now: int, token: bool, puts: list[Stamps | None], on_error: OnError
    ) -> dict[str, Any] | None:
        entries = request.get("TransactItems")
        if not isinstance(entries, (list, tuple)):
            return None
        time = {"N": str(now)}
        # A transaction with the caller's token may come from another process too, which remembers other items, so
        # nothing goes into it that hangs on what was seen; and by default nothing that hangs on the time.
        update, put = (self._update, self._put_to) if not token else (self._update_alike, self._put_alike)
        stamped = []
        for entry in entries:
            kind = "Put" if "Put" in entry else "Update"
            write = entry.get(kind)
            changed: dict[str, Any] | None = None
            stamps: Stamps | None = None
            if isinstance(write, Mapping) and self.covers(write.get("TableName")):
                try:
                    if kind == "Update":
                        changed = update(write, time, in_transaction=True)
                    else:
                        made = put(write, time)
                        if made is not None:
                            changed, stamps = {"Item": made.item}, made.stamps
                except Exception as error:  # Whatever it is, the write itself must go on.
                    on_error(error)
            if kind == "Put":
                puts.append(stamps)
            stamped.append(entry if changed is None else {**entry, kind: {**write, **changed}})
        return {"TransactItems": stamped}

    def _put_to(self, write: Request, now: dict[str, str]) -> StampedPut | None:
        return self._put(write, now, self.table(write["TableName"]))

    def _update_alike(self, write: Request, now: dict[str, str], in_transaction: bool) -> dict[str, Any] | None:
        """Stamps an update as any process would."""
        self.tables.refuse_encrypted(table_name(write["TableName"]))
        if self._tokens == "count":
            return self._updates.count(write)
        return self._updates.stamp(write, now, _nothing, in_transaction)

    def _put_alike(self, write: Request, now: dict[str, str]) -> StampedPut | None:
        """Stamps a put as any process would."""
        table = table_name(write["TableName"])
        self.tables.refuse_encrypted(table, write.get("Item"))
        keys = self.tables.keys_of(table)
        return self._puts.count(write, keys) if self._tokens == "count" else self._puts.stamp(write, now, _nothing, keys)

    def _batch(
        self, request: Request, now: dict[str, str], puts: list[Stamps | None], on_error: OnError
    ) -> dict[str, Any] | None:
        tables = request.get("RequestItems")
        if not isinstance(tables, Mapping):
            return None
        stamped: dict[str, Any] = {}
        for name, entries in tables.items():
            table = self.table(name) if self.covers(name) else None
            stamped[name] = new = []
            for entry in entries:
                put = entry.get("PutRequest")
                if put is not None:
                    made = None
                    if table is not None and isinstance(put, Mapping):
                        try:
                            made = self._put(put, now, table)
                        except Exception as error:  # Whatever it is, the write itself must go on.
                            on_error(error)
                    puts.append(None if made is None else made.stamps)
                    if made is not None:
                        new.append({**entry, "PutRequest": {**put, "Item": made.item}})
                        continue
                new.append(entry)
        return {"RequestItems": stamped}


def _nothing() -> None:
    """What is remembered where nothing may be taken from memory."""
