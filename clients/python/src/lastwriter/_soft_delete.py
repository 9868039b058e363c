"""Marking an item as deleted, and bringing it back, each in one stamped UpdateItem.

A DeleteItem leaves nothing behind that could carry a stamp, so a conflict with it cannot be told. A mark can.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ._errors import NotInstrumented
from ._expression import extend, placeholder_suffix
from ._hook import hook_of
from ._instrument import client_of
from ._stamper import Stamper

#: A week: longer than a stream's 24 hours, and than most outages that delay replication.
DEFAULT_EXPIRES_IN = timedelta(days=7)


def soft_delete(
    client_or_table: Any,
    *,
    Key: Mapping[str, Any],
    ttl_attribute: str,
    expires_in: timedelta | int = DEFAULT_EXPIRES_IN,
    **request: Any,
) -> dict[str, Any]:
    """Mark an item as deleted and let DynamoDB's TTL purge it later, in one stamped UpdateItem.

    The item stays until TTL removes it: reads return it, with `lw:deleted`, and conditional creates on its key fail.
    Without a condition a mark is also left where there was no item, as UpdateItem does.

    Args:
        client_or_table: an instrumented client (then pass TableName, and Key in DynamoDB JSON) or a boto3 Table.
        Key: the item's key.
        ttl_attribute: the table's TTL attribute.
        expires_in: how long until TTL may purge it, as a timedelta or in seconds.
        request: further parameters of UpdateItem: ConditionExpression, an UpdateExpression of your own, ReturnValues.

    Returns: the answer of UpdateItem.

    Raises:
        NotInstrumented: the client is not stamped, or this table is not.
        whatever UpdateItem raises, ConditionalCheckFailedException among it.
    """
    target = _Target(client_or_table, request)
    seconds = expires_in.total_seconds() if isinstance(expires_in, timedelta) else expires_in
    expires = target.stamper.clock() // 1_000_000 + int(seconds)
    names, values, suffix = target.placeholders()
    names.update({f"#lwd{suffix}": target.stamper.names.deleted, f"#lwx{suffix}": ttl_attribute})
    values.update({f":lwd{suffix}": target.boolean(True), f":lwx{suffix}": target.number(expires)})
    action = f"#lwd{suffix} = :lwd{suffix}, #lwx{suffix} = :lwx{suffix}"
    return target.update(Key, {"SET": action}, names, values)


def revive(
    client_or_table: Any,
    *,
    Key: Mapping[str, Any],
    ttl_attribute: str,
    only_deleted: bool = True,
    **request: Any,
) -> dict[str, Any]:
    """Bring back an item that `soft_delete` marked: remove the mark and the TTL attribute in one stamped UpdateItem.

    Pass an UpdateExpression to give it new contents in the same write, which is how an item is created again.

    Args:
        client_or_table, Key, ttl_attribute, request: as for `soft_delete`.
        only_deleted: fail with ConditionalCheckFailedException where the item is not marked, so that nothing is made
            of an item that TTL has purged. Comes on top of the caller's condition. False writes in any case.

    Returns and raises as `soft_delete`.
    """
    target = _Target(client_or_table, request)
    names, values, suffix = target.placeholders()
    names.update({f"#lwd{suffix}": target.stamper.names.deleted, f"#lwx{suffix}": ttl_attribute})
    if only_deleted:
        target.require(f"attribute_exists(#lwd{suffix})", target.stamper.names.deleted)
    return target.update(Key, {"REMOVE": f"#lwd{suffix}, #lwx{suffix}"}, names, values)


class _Target:
    """A client or a Table, and the rest of the caller's request: the one takes DynamoDB JSON, the other Python values."""

    def __init__(self, client_or_table: Any, request: dict[str, Any]):
        client = client_of(client_or_table)
        self._typed = client_or_table is not client
        if self._typed and not hasattr(client_or_table, "update_item"):
            raise TypeError("expected a client or a Table: a resource has no items of its own")
        self.stamper: Stamper = hook_of(client).stamper
        table = client_or_table.name if self._typed else request.get("TableName")
        if not self.stamper.covers(table):
            raise NotInstrumented("this table is not among those that lastwriter.instrument() was told to stamp")
        for name in ("AttributeUpdates", "Expected", "ConditionalOperator"):
            if name in request:
                raise TypeError(f"{name} is not supported here: use expressions")
        self._update_item = client_or_table.update_item
        self._request = request

    def boolean(self, value: bool) -> Any:
        return value if self._typed else {"BOOL": value}

    def number(self, value: int) -> Any:
        return value if self._typed else {"N": str(value)}

    def placeholders(self) -> tuple[dict[str, Any], dict[str, Any], str]:
        names = dict(self._request.get("ExpressionAttributeNames") or {})
        values = dict(self._request.get("ExpressionAttributeValues") or {})
        expressions = (self._request.get("UpdateExpression"), self._request.get("ConditionExpression"))
        texts = tuple(text for text in expressions if isinstance(text, str))
        return names, values, placeholder_suffix(("lwd", "lwx"), texts, names, values)

    def require(self, text: str, exists: str) -> None:
        """Add "this attribute exists" to the caller's condition, which for a Table may be a condition object."""
        condition: Any | None = self._request.get("ConditionExpression")
        if condition is None:
            combined: Any = text
        elif isinstance(condition, str):
            combined = f"{text} AND ({condition})"
        else:
            from boto3.dynamodb.conditions import Attr  # Only boto3 has these objects, so it is there.

            combined = Attr(exists).exists() & condition
        self._request = {**self._request, "ConditionExpression": combined}

    def update(self, key: Any, additions: dict[str, str], names: dict, values: dict) -> dict[str, Any]:
        own = self._request.get("UpdateExpression")
        expression = extend(own, additions)
        request = {**self._request, "Key": key, "ExpressionAttributeNames": names}
        # An expression that cannot be extended is one that DynamoDB rejects: it must not pass for a delete.
        if expression is None:
            raise ValueError("UpdateExpression is not a valid update expression")
        request["UpdateExpression"] = expression
        if values:
            request["ExpressionAttributeValues"] = values
        return self._update_item(**request)
