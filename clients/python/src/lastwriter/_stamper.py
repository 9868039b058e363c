"""Rewrites requests: given an operation's parameters in DynamoDB JSON, the same parameters with the stamp added.

Nothing here knows of botocore or changes what it is given: the caller's dictionaries stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Callable, NamedTuple

from ._clock import SYSTEM_CLOCK, Clock
from ._memory import Memory, TableId
from ._put import PutStamper
from ._region import check_region
from ._stamps import Stamps, stamp_names
from ._tables import Tables, TableSettings, table_name
from ._tokens import PROCESS_TOKENS, TokenMemory
from ._update import UpdateStamper

Request = Mapping[str, Any]
OnError = Callable[[Exception], None]


class Stamped(NamedTuple):
    """A request that carries a stamp, and the time in it, in microseconds."""

    request: dict[str, Any]
    time: int


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
        self.table_id = lru_cache(maxsize=1024)(self._table_id)
        for table, names in self.tables.keys.items():
            self.memory.learn_key_names(self.table_id(table), names)

    def covers(self, name_or_arn: Any) -> bool:
        """Whether writes to this table are stamped."""
        return self.tables.covers(name_or_arn)

    def _table_id(self, name_or_arn: str) -> TableId:
        return TableId(self.endpoint, table_name(name_or_arn))

    def stamp(self, operation: str, request: Request, on_error: OnError) -> Stamped | None:
        """The request with the stamp of this moment, or None where nothing is to be stamped.

        In a transaction or a batch each write is stamped on its own: for one that cannot be, `on_error` is called
        with the reason, and it goes on as it was, unless `on_error` raises.
        """
        if operation in ("UpdateItem", "PutItem"):
            if not self.covers(request.get("TableName")):
                return None
            now = self.clock()
            stamp = self._update if operation == "UpdateItem" else self._put
            changed = stamp(request, {"N": str(now)})
        elif operation == "TransactWriteItems":
            token = request.get("ClientRequestToken")
            if token is not None and self._tokens == "leave":
                return None
            if token is not None and self._tokens == "remember":
                now = self._token_memory.recall((self.region, token), self.clock)
            else:
                now = self.clock()
            changed = self._transaction(request, now, token is not None, on_error)
        elif operation == "BatchWriteItem":
            now = self.clock()
            changed = self._batch(request, {"N": str(now)}, on_error)
        else:
            return None
        return None if changed is None else Stamped({**request, **changed}, now)

    def _update(self, request: Request, now: dict[str, str], in_transaction: bool = False) -> dict[str, Any] | None:
        table = self.table_id(request["TableName"])
        self.tables.refuse_encrypted(table.name)

        def seen() -> Stamps | None:
            key = request.get("Key")
            return self.memory.find(table, key) if isinstance(key, Mapping) else None

        return self._updates.stamp(request, now, seen, in_transaction)

    def _put(self, request: Request, now: dict[str, str], table: TableId | None = None) -> dict[str, Any] | None:
        if table is None:
            table = self.table_id(request["TableName"])
        item = request.get("Item")
        self.tables.refuse_encrypted(table.name, item)

        def seen() -> Stamps | None:
            return self.memory.find(table, item) if isinstance(item, Mapping) else None

        return self._puts.stamp(request, now, seen, self.tables.keys_of(table.name))

    def _transaction(self, request: Request, now: int, token: bool, on_error: OnError) -> dict[str, Any] | None:
        time = {"N": str(now)}
        # A transaction with the caller's token may come from another process too, which remembers other items, so
        # nothing goes into it that hangs on what was seen; and by default nothing that hangs on the time.
        rewrite = self._rewrite_with_count if token and self._tokens == "count" else self._rewrite
        seen_counts = not token

        def stamp(entry: Request) -> Request:
            for action in ("Update", "Put"):
                write = entry.get(action)
                if isinstance(write, Mapping) and self.covers(write.get("TableName")):
                    changed = rewrite(action, write, time, seen_counts)
                    if changed is not None:
                        return {**entry, action: {**write, **changed}}
            return entry

        entries = request.get("TransactItems")
        if not isinstance(entries, (list, tuple)):
            return None
        return {"TransactItems": [_attempt(stamp, entry, on_error) for entry in entries]}

    def _rewrite(self, action: str, write: Request, now: dict[str, str], remembering: bool) -> dict[str, Any] | None:
        if remembering:
            return self._update(write, now, in_transaction=True) if action == "Update" else self._put(write, now)
        table = self._not_encrypted(write)
        if action == "Update":
            return self._updates.stamp(write, now, _nothing, in_transaction=True)
        return self._puts.stamp(write, now, _nothing, self.tables.keys_of(table))

    def _rewrite_with_count(self, action: str, write: Request, *_: Any) -> dict[str, Any] | None:
        table = self._not_encrypted(write)
        if action == "Update":
            return self._updates.count(write)
        return self._puts.count(write, self.tables.keys_of(table))

    def _not_encrypted(self, write: Request) -> str:
        table = table_name(write["TableName"])
        self.tables.refuse_encrypted(table, write.get("Item"))
        return table

    def _batch(self, request: Request, now: dict[str, str], on_error: OnError) -> dict[str, Any] | None:
        tables = request.get("RequestItems")
        if not isinstance(tables, Mapping):
            return None

        stamped = {}
        for name, entries in tables.items():
            if not self.covers(name):
                stamped[name] = entries
                continue
            table = self.table_id(name)

            def stamp(entry: Request, table: TableId = table) -> Request:
                put = entry.get("PutRequest")
                if not isinstance(put, Mapping):
                    return entry
                changed = self._put(put, now, table)
                return entry if changed is None else {**entry, "PutRequest": {**put, **changed}}

            stamped[name] = [_attempt(stamp, entry, on_error) for entry in entries]
        return {"RequestItems": stamped}


def _nothing() -> None:
    """What is remembered where nothing may be taken from memory."""


def _attempt(stamp: Callable[[Request], Request], entry: Request, on_error: OnError) -> Request:
    try:
        return stamp(entry)
    except Exception as error:  # Whatever it is, the write itself must go on.
        on_error(error)
        return entry

