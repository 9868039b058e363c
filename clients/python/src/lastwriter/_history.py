"""Carrying an item's history from a read to a put, or leaving it behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._hook import hook_of
from ._instrument import client_of
from ._stamps import stamp_names


def stamps(item: Mapping[str, Any], prefix: str = "lw") -> dict[str, Any]:
    """The stamp attributes of an item as read, to put back with its new contents:

        table.put_item(Item={**new_contents, **lastwriter.stamps(item)})

    An item has them if it was asked for by name, or read with `hide=False`.
    """
    return {name: item[name] for name in stamp_names(prefix).among(item)}


def without_stamps(item: Mapping[str, Any], prefix: str = "lw") -> dict[str, Any]:
    """The item without its stamps: for output, or to put a copy under another key, whose history it is not."""
    own = set(stamp_names(prefix).among(item))
    return {name: value for name, value in item.items() if name not in own}


def remembered(client_or_table: Any, *, Key: Mapping[str, Any], TableName: str | None = None) -> dict[str, Any]:
    """The stamps that this process remembers of an item: to hand to another process, which puts the item back there.

    Args:
        client_or_table: an instrumented client (then pass TableName, and Key in DynamoDB JSON) or a boto3 Table.

    Returns: the stamp attributes, in DynamoDB JSON for a client and as numbers for a Table; none if nothing is
    remembered.

    Raises:
        NotInstrumented: the client is not stamped.
    """
    client = client_of(client_or_table)
    stamper = hook_of(client).stamper
    typed = client_or_table is not client
    table, key = TableName, Key
    if typed:
        from boto3.dynamodb.types import TypeSerializer  # Only boto3 has tables, so it is there.

        table, key = client_or_table.name, {name: TypeSerializer().serialize(value) for name, value in Key.items()}
    if not isinstance(table, str):
        raise TypeError("pass TableName with a client")
    seen = stamper.memory.find(stamper.table(table), key)
    attributes = {} if seen is None else stamper.names.attributes(seen)
    return {name: int(value["N"]) for name, value in attributes.items()} if typed else attributes
