"""What is done with DynamoDB's answers: the stamps in them are remembered, and hidden from the caller.

An answer tells what its process has now seen, a write that went through what it has written. Where an answer leaves it
open what an item's stamps are now, the item is forgotten: its next put says that it knows no history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Callable, NamedTuple

from ._memory import Table
from ._stamper import Request, Stamper
from ._stamps import NO_PAIR, Pair, Stamps

#: Reads, whose answers may be only a part of each item where one of these is in the request.
_PROJECTIONS = ("ProjectionExpression", "AttributesToGet")

_WRITES = frozenset(("UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"))
_PARTIQL = frozenset(("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"))

#: The operations whose answers are looked at.
WATCHED = _WRITES | _PARTIQL | {
    "GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "DescribeTable", "CreateTable", "DeleteTable",
}  # fmt: skip


class Call(NamedTuple):
    """A call whose answer is awaited: what the caller asked for, what is sent, and the time in its stamp."""

    operation: str
    asked: Request
    sent: Request
    time: int | None
    #: The stamps of its puts, in their order; None for one that has none.
    puts: Sequence[Stamps | None] = ()


class Write(NamedTuple):
    """One write of a call: `kind` is Put, Update or Delete; `content` has the key attributes."""

    kind: str
    table: str
    content: Mapping[str, Any]
    #: What a put was stamped with.
    stamps: Stamps | None = None


class Answers:
    """Reads the answers of one client's calls. `hide` takes stamps out of what the caller gets."""

    def __init__(self, stamper: Stamper, hide: bool):
        self._stamper = stamper
        self._memory = stamper.memory
        self._names = stamper.names
        self._hide = hide
        self._readers: dict[str, Callable[[Call, dict[str, Any]], None]] = {
            "GetItem": self._get,
            "Query": self._items,
            "Scan": self._items,
            "BatchGetItem": self._batch_get,
            "TransactGetItems": self._transact_get,
            "UpdateItem": self._written,
            "PutItem": self._written,
            "DeleteItem": self._written,
            "BatchWriteItem": self._batch_written,
            "TransactWriteItems": self._transaction_written,
            "ExecuteStatement": self._statement,
            "BatchExecuteStatement": self._statement,
            "ExecuteTransaction": self._statement,
            "DescribeTable": self._described,
            "CreateTable": self._described,
            "DeleteTable": self._deleted,
        }

    def read(self, call: Call, answer: dict[str, Any]) -> None:
        """The answer of a call that went through. Changes it in place."""
        self._readers[call.operation](call, answer)

    def refused(self, call: Call, answer: dict[str, Any]) -> None:
        """The answer of a call that DynamoDB refused. It may hold items, where the caller asked for them."""
        if call.operation in ("UpdateItem", "PutItem", "DeleteItem") and isinstance(answer.get("Item"), dict):
            key = call.asked.get("Key")
            if key and self._stamper.covers(call.asked["TableName"]):
                self._memory.learn_key_names(self._table(call.asked["TableName"]), key)
            self._whole(call.asked["TableName"], answer["Item"], key or call.asked["Item"])
        if call.operation == "TransactWriteItems":
            writes = list(_transaction_writes(call, checks=True))
            for write, reason in zip(writes, answer.get("CancellationReasons") or ()):
                if isinstance(reason.get("Item"), dict):
                    self._whole(write.table, reason["Item"], write.content)

    def lost(self, call: Call) -> None:
        """No answer came, or one that leaves open whether the write was made: what it wrote to is not known now."""
        for write in _writes(call):
            self._memory.forget(self._table(write.table), write.content)
        if call.operation in _PARTIQL:
            self._forget_tables_in(_statements(call.sent))

    # Reads

    def _get(self, call: Call, answer: dict[str, Any]) -> None:
        self._one(call.sent["TableName"], call.sent, call.sent["Key"], answer.get("Item"))

    def _one(self, table: str, request: Request, key: Mapping[str, Any], item: dict[str, Any] | None) -> None:
        """An item that was read by its key."""
        if not self._stamper.covers(table):
            return
        self._memory.learn_key_names(self._table(table), key)
        if item is None or _projected(request):
            self._memory.forget(self._table(table), key)
        else:
            self._whole(table, item, key)

    def _whole(self, table: str, item: dict[str, Any], key: Mapping[str, Any]) -> None:
        """An item with all that is in it: remember its stamps, and hide them."""
        if not self._stamper.covers(table):
            return
        table_id = self._table(table)
        self._stamper.tables.notice(table_id.name, item)
        names = self._names.among(item)
        if names:
            self._memory.add(table_id, key, self._names.read(item))
            if self._hide:
                for name in names:
                    del item[name]

    def _items(self, call: Call, answer: dict[str, Any]) -> None:
        request, table = call.sent, call.sent["TableName"]
        last_key = answer.get("LastEvaluatedKey")
        if last_key and not request.get("IndexName") and self._stamper.covers(table):
            self._memory.learn_key_names(self._table(table), last_key)
        self._several(table, request, answer.get("Items") or ())

    def _several(self, table: str, request: Request, items: Iterable[dict[str, Any]]) -> None:
        """Items that were read together, and tell their keys themselves."""
        if not self._stamper.covers(table):
            return
        projected, from_index = _projected(request), bool(request.get("IndexName"))
        for item in items:
            # An index may leave the stamps out, and then says nothing of them.
            if projected or (from_index and not self._names.among(item)):
                self._memory.forget(self._table(table), item)
            else:
                self._whole(table, item, item)

    def _batch_get(self, call: Call, answer: dict[str, Any]) -> None:
        for table, items in (answer.get("Responses") or {}).items():
            request = (call.sent.get("RequestItems") or {}).get(table) or {}
            keys = request.get("Keys") or ()
            if not keys or not self._stamper.covers(table):
                continue
            table_id = self._table(table)
            self._memory.learn_key_names(table_id, keys[0])
            if _projected(request):
                for key in keys:
                    self._memory.forget(table_id, key)
                continue
            unprocessed = ((answer.get("UnprocessedKeys") or {}).get(table) or {}).get("Keys") or ()
            if len(items) + len(unprocessed) < len(keys):
                there = {self._memory.key(table_id, item) for item in (*items, *unprocessed)}
                for key in keys:
                    if self._memory.key(table_id, key) not in there:
                        self._memory.forget(table_id, key)
            self._several(table, request, items)

    def _transact_get(self, call: Call, answer: dict[str, Any]) -> None:
        for entry, response in zip(call.sent.get("TransactItems") or (), answer.get("Responses") or ()):
            get = entry["Get"]
            self._one(get["TableName"], get, get["Key"], response.get("Item"))

    # Writes

    def _written(self, call: Call, answer: dict[str, Any]) -> None:
        write = next(_writes(call), None)
        if write is None or not self._stamper.covers(write.table):
            return
        table = self._table(write.table)
        attributes = answer.get("Attributes") or {}
        returned = call.sent.get("ReturnValues")
        if write.kind != "Put":
            self._memory.learn_key_names(table, write.content)
        if returned == "ALL_NEW" and attributes:
            self._memory.add(table, write.content, self._names.read(attributes))
        else:
            if returned == "ALL_OLD":
                self._memory.add(table, write.content, self._names.read(attributes))
            self._made(write, call)
        if self._hide:
            self._hide_returned(call, answer, attributes)

    def _hide_returned(self, call: Call, answer: dict[str, Any], attributes: dict[str, Any]) -> None:
        names = self._names.among(attributes)
        if not names:
            return
        by_name = set((call.asked.get("ExpressionAttributeNames") or {}).values())
        for name in names:
            if name not in by_name:
                del attributes[name]
        if not attributes:
            # Without the stamp there would have been nothing to return.
            del answer["Attributes"]

    def _made(self, write: Write, call: Call) -> None:
        """A write that was made."""
        table, region = self._table(write.table), self._stamper.region
        if write.kind != "Put":
            self._memory.learn_key_names(table, write.content)
        if write.kind == "Delete":
            self._memory.forget(table, write.content)
        elif write.kind == "Put":
            self._put_made(table, write.content, write.stamps)
        else:
            time = call.time

            def advance(known: Stamps) -> Stamps:
                own = known.pairs.get(region, NO_PAIR)
                return known.with_pair(region, Pair((own.n or 0) + 1, max(time or 0, own.t or 0)))

            self._memory.change(table, write.content, advance)

    def _put_made(self, table: Table, item: Mapping[str, Any], stamps: Stamps | None) -> None:
        own = None if stamps is None else stamps.pairs.get(self._stamper.region)
        if stamps is None or own is None:
            self._memory.forget(table, item)  # It could not be stamped.
        elif own.n == 1 and len(stamps.pairs) == 1 and stamps.reset is None:
            self._memory.replace(table, item, stamps)  # Its condition said that there was none.
        else:
            self._memory.add(table, item, stamps)

    def _batch_written(self, call: Call, answer: dict[str, Any]) -> None:
        unprocessed = answer.get("UnprocessedItems") or {}
        puts = iter(call.puts)
        for name, entries in call.sent["RequestItems"].items():
            table = self._table(name) if self._stamper.covers(name) else None
            not_made = unprocessed.get(name) or ()
            for entry in entries:
                put = entry.get("PutRequest")
                stamps = next(puts, None) if put is not None else None
                if table is None or (not_made and entry in not_made):
                    continue
                if put is not None:
                    self._put_made(table, put["Item"], stamps)
                elif "DeleteRequest" in entry:
                    key = entry["DeleteRequest"]["Key"]
                    self._memory.learn_key_names(table, key)
                    self._memory.forget(table, key)
        if unprocessed and call.time is not None:
            _as_asked(call, unprocessed)

    def _transaction_written(self, call: Call, answer: dict[str, Any]) -> None:
        if call.asked.get("ClientRequestToken") is not None:
            # It may have been made before, under the same token, and then it was not made again now.
            self.lost(call)
            return
        for write in _transaction_writes(call):
            if self._stamper.covers(write.table):
                self._made(write, call)

    # Statements and tables

    def _statement(self, call: Call, answer: dict[str, Any]) -> None:
        statements = _statements(call.sent)
        self._forget_tables_in(statements)
        if not self._hide or f"{self._names.prefix}:" in statements:
            return
        items = answer.get("Items") or [response.get("Item") for response in answer.get("Responses") or ()]
        for item in items:
            for name in self._names.among(item or ()):
                del item[name]

    def _forget_tables_in(self, statements: str) -> None:
        self._memory.forget_tables(self._stamper.endpoint, lambda table: table in statements)

    def _described(self, call: Call, answer: dict[str, Any]) -> None:
        description = answer.get("Table") or answer.get("TableDescription") or {}
        names = [key["AttributeName"] for key in description.get("KeySchema") or ()]
        if names and self._stamper.covers(description.get("TableName")):
            self._memory.learn_key_names(self._table(description["TableName"]), names)

    def _deleted(self, call: Call, answer: dict[str, Any]) -> None:
        self._memory.forget_table(self._table(call.sent["TableName"]))

    def _table(self, table: str) -> Table:
        return self._stamper.table(table)


def _projected(request: Request) -> bool:
    """Whether a read asks for some attributes by name: then it tells nothing of stamps, and hides none."""
    return any(request.get(name) for name in _PROJECTIONS)


def _writes(call: Call) -> Iterator[Write]:
    request = call.sent
    if call.operation == "BatchWriteItem":
        return _batch_writes(call)
    if call.operation == "TransactWriteItems":
        return _transaction_writes(call)
    if call.operation == "PutItem":
        return iter((Write("Put", request["TableName"], request["Item"], next(iter(call.puts), None)),))
    if call.operation in ("UpdateItem", "DeleteItem"):
        kind = call.operation[: -len("Item")]
        return iter((Write(kind, request["TableName"], request["Key"]),))
    return iter(())


def _batch_writes(call: Call) -> Iterator[Write]:
    puts = iter(call.puts)
    for table, entries in call.sent["RequestItems"].items():
        for entry in entries:
            if "PutRequest" in entry:
                yield Write("Put", table, entry["PutRequest"]["Item"], next(puts, None))
            elif "DeleteRequest" in entry:
                yield Write("Delete", table, entry["DeleteRequest"]["Key"])


def _transaction_writes(call: Call, checks: bool = False) -> Iterator[Write]:
    """The writes of a transaction, with `checks` its condition checks too."""
    puts = iter(call.puts)
    for entry in call.sent["TransactItems"]:
        for kind in ("Put", "Update", "Delete", "ConditionCheck"):
            if kind in entry and (checks or kind != "ConditionCheck"):
                write = entry[kind]
                if kind == "Put":
                    yield Write(kind, write["TableName"], write["Item"], next(puts, None))
                else:
                    yield Write(kind, write["TableName"], write["Key"])


def _as_asked(call: Call, unprocessed: Mapping[str, Any]) -> None:
    """Give back the puts of a batch that were not made as the caller had them, to be sent again as a call of its own."""
    for table, entries in unprocessed.items():
        asked, sent = call.asked["RequestItems"].get(table) or (), call.sent["RequestItems"].get(table) or ()
        for number, entry in enumerate(entries):
            for was_asked, was_sent in zip(asked, sent):
                if entry == was_sent:
                    # A copy: resources turn what is in an answer into Python values in place.
                    entries[number] = deepcopy(was_asked)
                    break


def _statements(request: Request) -> str:
    """The texts of a call's PartiQL statements."""
    several = request.get("Statements") or request.get("TransactStatements") or ()
    return "\n".join([request.get("Statement") or "", *(one.get("Statement") or "" for one in several)])
