"""Rewrites requests: given an operation's parameters in DynamoDB JSON, the same parameters with the stamp added.

Nothing here knows of botocore or changes what it is given: the caller's dictionaries stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Callable, NamedTuple, Union

from ._clock import MAX_PART, SYSTEM_CLOCK, Clock
from ._condition import must_not_exist
from ._errors import StampError
from ._expression import MAX_EXPRESSION_BYTES, extend, parse_update, placeholder_suffix
from ._region import check_region
from ._tokens import PROCESS_TOKENS, TokenMemory

Request = Mapping[str, Any]
Tables = Union[None, Collection[str], Callable[[str], bool]]

_NO_NAMES: Mapping[str, Any] = {}
_STEMS = ("lwt", "lwn")
_LEGACY_PARAMETERS = ("AttributeUpdates", "Expected", "ConditionalOperator")


def table_name(name_or_arn: str) -> str:
    """The bare name: DynamoDB takes an ARN wherever it takes a table's name."""
    return name_or_arn.rpartition("/")[2] if name_or_arn.startswith("arn:") else name_or_arn


def read_part(value: Any) -> int | None:
    """A count or time from an attribute value; None for what is no integer in the range of a stamp."""
    text = value.get("N") if isinstance(value, Mapping) else None
    if not isinstance(text, str):
        return None
    try:
        number = int(text) if text.isdigit() and len(text) < 20 else Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    # The order matters: NaN compares with nothing, and 1E+999999 must not be spelt out.
    if isinstance(number, Decimal) and not (number.is_finite() and abs(number) <= MAX_PART and number % 1 == 0):
        return None
    return int(number) if 0 <= number <= MAX_PART else None


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
        tokens: str = "remember",
        memory: TokenMemory = PROCESS_TOKENS,
    ):
        if not prefix or ":" in prefix:
            raise ValueError(f"prefix {prefix!r} must be some text without a colon")
        if tokens not in ("remember", "leave"):
            raise ValueError(f"tokens {tokens!r} must be 'remember' or 'leave'")
        if isinstance(tables, str):
            raise ValueError(f"tables {tables!r} must be a collection of names or a function, not one name")
        self.region = check_region(region)
        self.prefix = prefix
        self.count_name = f"{prefix}:n:{region}"
        self.time_name = f"{prefix}:t:{region}"
        self.reset_name = f"{prefix}:reset"
        self.deleted_name = f"{prefix}:deleted"
        self.clock = SYSTEM_CLOCK if clock is None else Clock(clock)
        self._stamp_prefixes = (f"{prefix}:n:", f"{prefix}:t:")
        self._tables = tables if tables is None or callable(tables) else frozenset(map(table_name, tables)).__contains__
        self._keys = {table_name(table): frozenset(names) for table, names in (keys or {}).items()}
        self._tokens = tokens
        self._memory = memory

    def covers(self, name_or_arn: Any) -> bool:
        """Whether writes to this table are stamped."""
        return isinstance(name_or_arn, str) and (self._tables is None or bool(self._tables(table_name(name_or_arn))))

    def stamp(self, operation: str, request: Request, on_error: Callable[[Exception], None]) -> Stamped | None:
        """The request with the stamp of this moment, or None where nothing is to be stamped.

        In a transaction or a batch each write is stamped on its own: for one that cannot be, `on_error` is called
        with the reason, and it goes on as it was, unless `on_error` raises.
        """
        if operation in ("UpdateItem", "PutItem"):
            if not self.covers(request.get("TableName")):
                return None
            now = self.clock()
            changed = self._update(request, now) if operation == "UpdateItem" else self._put(request, now)
        elif operation == "TransactWriteItems":
            token = request.get("ClientRequestToken")
            if token is None:
                now = self.clock()
            elif self._tokens == "leave":
                return None
            else:
                now = self._memory.recall((self.region, token), self.clock)
            changed = self._transaction(request, now, on_error)
        elif operation == "BatchWriteItem":
            now = self.clock()
            changed = self._batch(request, now, on_error)
        else:
            return None
        return None if changed is None else Stamped({**request, **changed}, now)

    def _update(self, request: Request, now: int, in_transaction: bool = False) -> dict[str, Any] | None:
        expression = request.get("UpdateExpression")
        if expression is None:
            if in_transaction:
                return None
            # DynamoDB does not take expressions and the parameters that they replaced in one request.
            if any(request.get(name) is not None for name in _LEGACY_PARAMETERS):
                return self._legacy_update(request, now)
            targets: tuple[str, ...] = ()
        else:
            parsed = parse_update(expression)
            if parsed is None:
                return None
            targets = parsed.targets
        names = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        if (names is not None and not names) or (values is not None and not values):
            return None  # DynamoDB rejects an empty map, and must go on to do so.
        names, values = names or _NO_NAMES, values or _NO_NAMES
        # A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
        written = {names.get(target) for target in targets if target in names}
        texts = (expression or "", request.get("ConditionExpression") or "")
        suffix = placeholder_suffix(_STEMS, texts, names, values)
        additions: dict[str, str] = {}
        new_names, new_values = dict(names), dict(values)
        if self.time_name not in written:
            additions["SET"] = f"#lwt{suffix} = :lwt{suffix}"
            new_names[f"#lwt{suffix}"] = self.time_name
            new_values[f":lwt{suffix}"] = {"N": str(now)}
        if self.count_name not in written:
            additions["ADD"] = f"#lwn{suffix} :lwn{suffix}"
            new_names[f"#lwn{suffix}"] = self.count_name
            new_values[f":lwn{suffix}"] = {"N": "1"}
        if not additions:
            return None
        extended = extend(expression, additions)
        if extended is None:
            return None
        if len(extended) > MAX_EXPRESSION_BYTES // 4 and len(extended.encode()) > MAX_EXPRESSION_BYTES:
            raise StampError(f"the update expression with its stamp would pass {MAX_EXPRESSION_BYTES} bytes: shorten it")
        return {
            "UpdateExpression": extended,
            "ExpressionAttributeNames": new_names,
            "ExpressionAttributeValues": new_values,
        }

    def _legacy_update(self, request: Request, now: int) -> dict[str, Any]:
        stamp = {
            self.time_name: {"Action": "PUT", "Value": {"N": str(now)}},
            self.count_name: {"Action": "ADD", "Value": {"N": "1"}},
        }
        return {"AttributeUpdates": {**stamp, **(request.get("AttributeUpdates") or {})}}

    def _put(self, request: Request, now: int) -> dict[str, Any] | None:
        item = request.get("Item")
        if not isinstance(item, Mapping):
            return None
        stamped = dict(item)
        stamped[self.time_name] = {"N": str(now)}
        if self._carries_stamps(item):
            count = read_part(item.get(self.count_name)) or 0
            stamped[self.count_name] = {"N": str(min(count + 1, MAX_PART))}
        else:
            stamped[self.count_name] = {"N": "1"}
            keys = self._keys.get(table_name(request.get("TableName") or ""))
            if not must_not_exist(request, keys):
                stamped[self.reset_name] = {"N": str(now)}
        return {"Item": stamped}

    def _carries_stamps(self, item: Mapping[str, Any]) -> bool:
        return any(
            read_part(value) is not None
            for name, value in item.items()
            if isinstance(name, str) and name.startswith(self._stamp_prefixes)
        )

    def _transaction(self, request: Request, now: int, on_error: Callable) -> dict[str, Any] | None:
        def stamp(entry: Request) -> Request:
            for action, rewrite in (("Update", self._update_in_transaction), ("Put", self._put)):
                write = entry.get(action)
                if isinstance(write, Mapping) and self.covers(write.get("TableName")):
                    changed = rewrite(write, now)
                    if changed is not None:
                        return {**entry, action: {**write, **changed}}
            return entry

        entries = request.get("TransactItems")
        if not isinstance(entries, (list, tuple)):
            return None
        return {"TransactItems": [_attempt(stamp, entry, on_error) for entry in entries]}

    def _update_in_transaction(self, request: Request, now: int) -> dict[str, Any] | None:
        return self._update(request, now, in_transaction=True)

    def _batch(self, request: Request, now: int, on_error: Callable) -> dict[str, Any] | None:
        tables = request.get("RequestItems")
        if not isinstance(tables, Mapping):
            return None

        def stamp_for(table: str) -> Callable[[Request], Request]:
            def stamp(entry: Request) -> Request:
                put = entry.get("PutRequest")
                if not isinstance(put, Mapping):
                    return entry
                changed = self._put(put, now)
                return entry if changed is None else {**entry, "PutRequest": {**put, **changed}}

            return stamp if self.covers(table) else lambda entry: entry

        return {
            "RequestItems": {
                table: [_attempt(stamp_for(table), entry, on_error) for entry in entries]
                for table, entries in tables.items()
            }
        }

    def take_back(self, unprocessed: Mapping[str, Any] | None, now: int) -> None:
        """Undo the stamps of puts that a BatchWriteItem answer gives back as not written, in place.

        The caller will send them again, as another call that is stamped anew: the write that never happened must not
        count. `now` is the time that the batch was stamped with.
        """
        for entries in (unprocessed or {}).values():
            for entry in entries:
                item = (entry.get("PutRequest") or {}).get("Item")
                if item is None or read_part(item.get(self.time_name)) != now:
                    continue
                count = read_part(item.get(self.count_name)) or 0
                if count > 1:
                    item[self.count_name] = {"N": str(count - 1)}
                    continue
                item.pop(self.count_name, None)
                item.pop(self.time_name)
                if read_part(item.get(self.reset_name)) == now:
                    del item[self.reset_name]


def _attempt(stamp: Callable[[Request], Request], entry: Request, on_error: Callable[[Exception], None]) -> Request:
    try:
        return stamp(entry)
    except Exception as error:  # Whatever it is, the write itself must go on.
        on_error(error)
        return entry
